package cam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
)

// A Method explains a network's answer by a map for each image: over a layer's output, or
// over the pixels. Those of this package are in [Methods], one to a file, with the formula
// and where it was published; [Custom] makes one of a formula, and any type with these
// methods is one.
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
// Answers do not depend on what else is in the batch.
type Question struct {
	Net   nn.Network
	Input *nn.Tensor // N x C x H x W
	// Layer is the module whose output is mapped, as PyTorch names it. Default: what
	// global average pooling sees, see [LastMaps]. Methods that attribute to pixels
	// have no use for it.
	Layer string
	// Classes are those of each image; [Predicted] or nil for that with the largest
	// logit.
	Classes []int
	// Target makes the scalar that is explained of the classes: [nn.Logit] (the
	// default), [nn.Probability], or a function that returns any other.
	Target func(classes []int) nn.Target
	// Eigen projects the weighed channels to their first principal component instead
	// of adding them up: "eigen smoothing". Methods without channels ignore it.
	Eigen bool
	// Progress, unless nil, is told now and then how many passes of an image through
	// the network are done of how many; methods of one pass do not tell.
	Progress func(done, total int)
}

// Methods lists the methods of this package with the published defaults.
func Methods() []Method {
	return []Method{
		CAM{}, GradCAM{}, GradCAMPlusPlus{}, XGradCAM{}, LayerCAM{}, HiResCAM{}, ElementWise{}, SmoothGradCAMPlusPlus{}, ShapleyCAM{}, FinerCAM{}, RefineCAM{},
		ScoreCAM{}, SSCAM{}, ISCAM{}, AblationCAM{},
		EigenCAM{}, EigenGradCAM{}, KPCACAM{}, FEM{},
		FullGrad{}, Gradient{}, InputXGradient{}, GuidedBackprop{}, GuidedGradCAM{}, SmoothGrad{}, IntegratedGradients{}, Occlusion{},
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

// HasLayer tells whether a method of this package maps the layer that a question names;
// others attribute to pixels, or choose their layers. It is true of methods of others.
func HasLayer(m Method) bool {
	switch m := m.(type) {
	case RefineCAM, FullGrad, Gradient, InputXGradient, GuidedBackprop, SmoothGrad, IntegratedGradients, Occlusion, Layers:
		return false
	case Smoothed:
		return HasLayer(m.Base)
	}
	return true
}

// NeedsClass tells whether a method explains a class, or another scalar of the logits.
// [EigenCAM], [KPCACAM] and [FEM] look at a layer's output alone, and so explain networks that have
// no last layer.
func NeedsClass(m Method) bool {
	switch m := m.(type) {
	case EigenCAM, KPCACAM, FEM:
		return false
	case Smoothed:
		return NeedsClass(m.Base)
	case Layers:
		return NeedsClass(m.Base)
	}
	return true
}

// Custom is a method made of a formula over a layer's output.
type Custom struct {
	ID      string // its name
	Summary string // what it does, in a line
	// Gradients asks for the gradients of the target by the output too.
	Gradients bool
	// Formula returns the map of an image, Height x Width numbers. It may be called by
	// several goroutines.
	Formula func(ctx context.Context, e *Evidence) ([]float64, error)
}

// Name is the method's ID.
func (c Custom) Name() string { return c.ID }

// About is the method's summary.
func (c Custom) About() string { return c.Summary }

// Explain returns the maps.
func (c Custom) Explain(ctx context.Context, q Question) (*Result, error) {
	if c.Formula == nil {
		return nil, fmt.Errorf("cam: method %q has no formula", c.ID)
	}
	return q.explain(ctx, c.Gradients, c.Formula)
}

// LastMaps is the layer that a network's maps are taken from by default: what global
// average pooling sees, or else the last output that is a map of more than one pixel,
// outermost module first.
func LastMaps(net nn.Network) string {
	if pooled := net.Pooled(); pooled != "" {
		return pooled
	}
	modules := net.Modules()
	end := slices.IndexFunc(modules, func(name string) bool {
		return strings.HasPrefix(name, "avgpool") || strings.HasPrefix(name, "classifier")
	})
	if end < 0 {
		end = len(modules)
	}
	for _, name := range slices.Backward(modules[:end]) {
		if net.Channels(name) > 0 {
			return name
		}
	}
	return ""
}

// layerName returns the layer of a question, or an error that lists those there are.
func (q Question) layerName() (string, error) {
	if q.Net == nil {
		return "", fmt.Errorf("cam: a question without a network")
	}
	name := q.Layer
	if name == "" {
		if name = LastMaps(q.Net); name == "" {
			return "", fmt.Errorf("cam: the network has no maps")
		}
	}
	if !slices.Contains(q.Net.Modules(), name) {
		return "", fmt.Errorf("cam: no layer %q; there are %s", name, visible.Modules(q.Net.Modules()))
	}
	if q.Net.Channels(name) == 0 {
		return "", fmt.Errorf("cam: layer %s: its output is no map N x C x H x W", name)
	}
	return name, nil
}

// target is the scalar that is explained, for the classes that are given.
func (q Question) target(classes []int) nn.Target {
	if q.Target == nil {
		return nn.Logit(classes)
	}
	return q.Target(classes)
}
