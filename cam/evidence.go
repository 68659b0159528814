package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// Evidence is what a layer puts out for an image, and how the scalar depends on it: A and G
// of the methods' formulas, channel after channel, each row after row.
type Evidence struct {
	Channels, Height, Width int
	Output                  []float32 // A
	Gradient                []float32 // G: of the scalar by A; nil where the method asks for none
	Class                   int       // the one that is explained
	Image                   int       // which of the batch
	eigen                   bool
}

// Plane returns channel k of the output or of the gradient.
func (e *Evidence) Plane(of []float32, k int) []float32 {
	area := e.Height * e.Width
	return of[k*area : (k+1)*area]
}

// Weigh adds up the channels, each times its weight, or projects them where the question
// asks for that.
func (e *Evidence) Weigh(ctx context.Context, weight func(k int) float64) ([]float64, error) {
	weights := make([]float64, e.Channels)
	for k := range weights {
		weights[k] = weight(k)
	}
	return e.add(ctx, func(k int, out []float64) {
		for i, a := range e.Plane(e.Output, k) {
			out[i] = weights[k] * float64(a)
		}
	})
}

// Multiply adds up over the channels, or projects, what f makes of each element of the
// output and its gradient.
func (e *Evidence) Multiply(ctx context.Context, f func(a, g float64) float64) ([]float64, error) {
	return e.add(ctx, func(k int, out []float64) {
		g := e.Plane(e.Gradient, k)
		for i, a := range e.Plane(e.Output, k) {
			out[i] = f(float64(a), float64(g[i]))
		}
	})
}

// add adds up, or projects, the channels that write gives.
func (e *Evidence) add(ctx context.Context, write func(k int, out []float64)) ([]float64, error) {
	if e.eigen {
		return e.principal(ctx, write)
	}
	area := e.Height * e.Width
	sum, one := make([]float64, area), make([]float64, area)
	for k := range e.Channels {
		write(k, one)
		for i, v := range one {
			sum[i] += v
		}
	}
	return sum, nil
}

// explain runs the network, forward and where gradients are asked for back to the layer,
// and makes a map of each image's evidence.
func (q Question) explain(ctx context.Context, gradients bool, formula func(ctx context.Context, e *Evidence) ([]float64, error)) (*Result, error) {
	layer, err := q.layerName()
	if err != nil {
		return nil, err
	}
	var r *nn.Result
	if gradients {
		r, err = q.Net.Gradients(ctx, q.Input, nn.GradientOptions{Target: q.target(q.Classes)}, layer)
	} else {
		r, err = q.Net.Run(ctx, q.Input, layer)
	}
	if err != nil {
		return nil, err
	}
	return q.maps(ctx, r, layer, formula)
}

// maps makes a map of each image's evidence.
func (q Question) maps(ctx context.Context, r *nn.Result, layer string, formula func(ctx context.Context, e *Evidence) ([]float64, error)) (*Result, error) {
	classes, err := perturb.ClassesOf(r.Logits, q.Classes)
	if err != nil {
		return nil, err
	}
	output := r.Taps[layer]
	if err := isMaps(layer, output); err != nil {
		return nil, err
	}
	n := len(classes)
	maps, errs := make([]*Map, n), make([]error, n)
	err = parallel.ForContext(ctx, n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			per := len(output.Data) / n
			e := &Evidence{
				Channels: output.Shape[1], Height: output.Shape[2], Width: output.Shape[3],
				Output: output.Data[i*per : (i+1)*per], Class: classes[i], Image: i, eigen: q.Eigen,
			}
			if g := r.Gradients[layer]; g != nil {
				e.Gradient = g.Data[i*per : (i+1)*per]
			}
			var values []float64
			if values, errs[i] = formula(ctx, e); errs[i] == nil {
				maps[i], errs[i] = newMap(i, classes[i], e.Width, e.Height, values)
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

// newMap is the map of image i of a batch. It returns an error when a value is not finite.
func newMap(i, class, width, height int, values []float64) (*Map, error) {
	if len(values) != width*height {
		return nil, fmt.Errorf("cam: image %d: %d values for a map of %d x %d", i, len(values), width, height)
	}
	m := &Map{Class: class, Width: width, Height: height, Values: make([]float32, len(values))}
	for p, v := range values {
		m.Values[p] = float32(v)
		if w := m.Values[p]; w-w != 0 {
			return nil, fmt.Errorf("cam: image %d: the map is %v at pixel (%d, %d)", i, v, p%width, p/width)
		}
	}
	return m, nil
}

// isMaps returns an error unless the output of a layer is a batch of maps.
func isMaps(layer string, output *nn.Tensor) error {
	if len(output.Shape) != 4 {
		return fmt.Errorf("cam: layer %s has shape %v, want maps N x C x H x W", layer, output.Shape)
	}
	return nil
}
