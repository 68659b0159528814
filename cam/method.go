package cam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// A Method explains a network's answer by maps of one of its layers. Those of this
// package are in [Methods], one to a file, with the formula; others can be made.
type Method interface {
	// Name is what users call the method: "gradcam".
	Name() string
	// About says in a line what it does, and whose it is.
	About() string
	// Explain returns a map for each image of a question. It returns an error when
	// the question does not fit the network or the method, a number that is not
	// finite comes out of the network, or ctx is done.
	Explain(ctx context.Context, q Question) (*Result, error)
}

// A Question is what a method is asked: why the network says what it says of a batch.
type Question struct {
	Net   nn.Network
	Input *nn.Tensor // N x C x H x W
	// Layer is the module whose output is mapped, as PyTorch names it. Default: what
	// global average pooling sees, see [LastMaps].
	Layer string
	// Classes are those of each image; [Predicted] or nil for that with the largest
	// logit.
	Classes []int
	// Target is the scalar that is explained, see package nn. Default: the logit of
	// the class.
	Target nn.Target
}

// Methods lists the methods of this package.
func Methods() []Method {
	return []Method{
		CAM{}, GradCAM{}, GradCAMPlusPlus{}, XGradCAM{}, LayerCAM{}, HiResCAM{}, ElementWise{}, EigenCAM{}, EigenGradCAM{}, FEM{},
	}
}

// MethodByName returns a method of this package, or an error that lists them.
func MethodByName(name string) (Method, error) {
	var names []string
	for _, m := range Methods() {
		if m.Name() == name {
			return m, nil
		}
		names = append(names, m.Name())
	}
	return nil, fmt.Errorf("cam: no method %q; there are %s", name, strings.Join(names, ", "))
}

// LastMaps is the layer that a network's maps are taken from by default: what global
// average pooling sees, or else the last output that is a map of more than one pixel,
// outermost module first.
func LastMaps(net nn.Network) string {
	if pooled := net.Pooled(); pooled != "" {
		return pooled
	}
	last := ""
	for _, name := range net.Modules() {
		if strings.HasPrefix(name, "avgpool") || strings.HasPrefix(name, "classifier") {
			break
		}
		if net.Channels(name) > 0 {
			last = name
		}
	}
	return last
}

// Evidence is what a layer puts out for an image, and how the scalar depends on it.
type Evidence struct {
	Channels, Height, Width int
	Output                  []float32 // A: channel after channel
	Gradient                []float32 // G: of the scalar by each; nil where the method asks for none
	Class                   int
}

// plane returns channel k of an output or a gradient.
func (e *Evidence) plane(of []float32, k int) []float32 {
	area := e.Height * e.Width
	return of[k*area : (k+1)*area]
}

// evidence runs the network, forward and where gradients are asked for back to the layer, and
// makes a map of each image's evidence: a number for each pixel.
func evidence(ctx context.Context, q Question, gradients bool, f func(e *Evidence) ([]float64, error)) (*Result, error) {
	if q.Layer == "" {
		if q.Layer = LastMaps(q.Net); q.Layer == "" {
			return nil, fmt.Errorf("cam: the network has no maps")
		}
	}
	if !slices.Contains(q.Net.Modules(), q.Layer) {
		return nil, fmt.Errorf("cam: no layer %q; there are %s", q.Layer, strings.Join(q.Net.Modules(), ", "))
	}
	r, err := q.run(ctx, gradients)
	if err != nil {
		return nil, err
	}
	n, total := r.Logits.Shape[0], r.Logits.Shape[1]
	if q.Classes != nil && len(q.Classes) != n {
		return nil, fmt.Errorf("cam: %d classes for a batch of %d images", len(q.Classes), n)
	}
	output := r.Taps[q.Layer]
	if len(output.Shape) != 4 {
		return nil, fmt.Errorf("cam: layer %s has shape %v, want maps N x C x H x W", q.Layer, output.Shape)
	}
	maps := make([]*Map, n)
	for i := range maps {
		logits := r.Logits.Data[i*total : (i+1)*total]
		for c, v := range logits {
			if v-v != 0 {
				return nil, fmt.Errorf("cam: image %d: the logit of class %d is %v", i, c, v)
			}
		}
		class := Predicted
		if q.Classes != nil {
			class = q.Classes[i]
		}
		if class == Predicted {
			class = nn.Argmax(logits)
		}
		if class < 0 || class >= total {
			return nil, fmt.Errorf("cam: no class %d among %d", class, total)
		}
		maps[i] = &Map{Class: class, Height: output.Shape[2], Width: output.Shape[3]}
	}
	errs := make([]error, n)
	err = parallel.ForContext(ctx, n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			per := len(output.Data) / n
			e := &Evidence{Channels: output.Shape[1], Height: output.Shape[2], Width: output.Shape[3], Class: maps[i].Class, Output: output.Data[i*per : (i+1)*per]}
			if gradients {
				e.Gradient = r.Gradients[q.Layer].Data[i*per : (i+1)*per]
			}
			var values []float64
			if values, errs[i] = f(e); errs[i] != nil {
				continue
			}
			maps[i].Values = make([]float32, len(values))
			for p, v := range values {
				maps[i].Values[p] = float32(v)
			}
		}
	})
	for _, e := range errs {
		if err == nil {
			err = e
		}
	}
	if err != nil {
		return nil, err
	}
	return &Result{Logits: r.Logits, Features: r.Features, Maps: maps}, nil
}

// run runs the network for a question.
func (q Question) run(ctx context.Context, gradients bool) (*nn.Result, error) {
	if !gradients {
		return q.Net.Run(ctx, q.Input, q.Layer)
	}
	target := q.Target
	if target == nil {
		target = nn.Logit(q.Classes)
	}
	return q.Net.Gradients(ctx, q.Input, nn.GradientOptions{Target: target}, q.Layer)
}

// combine sums the channels, each times its weight.
func (e *Evidence) combine(weight func(k int) float64) []float64 {
	sum := make([]float64, e.Height*e.Width)
	for k := range e.Channels {
		w := weight(k)
		for i, a := range e.plane(e.Output, k) {
			sum[i] += w * float64(a)
		}
	}
	return sum
}

// multiply sums over the channels what f makes of each element of the output and its
// gradient.
func (e *Evidence) multiply(f func(a, g float64) float64) []float64 {
	sum := make([]float64, e.Height*e.Width)
	for k := range e.Channels {
		g := e.plane(e.Gradient, k)
		for i, a := range e.plane(e.Output, k) {
			sum[i] += f(float64(a), float64(g[i]))
		}
	}
	return sum
}
