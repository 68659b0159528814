package cam

import (
	"context"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// Gradient is the saliency map of Simonyan et al. ("Deep inside convolutional networks:
// Visualising image classification models and saliency maps", ICLR Workshops 2014, section
// 3.1): the gradient of the score by the input; the map has the largest magnitude of each
// pixel's channels,
//
//	M = max over c of |G_c|
type Gradient struct{}

// Name is "gradient".
func (Gradient) Name() string { return "gradient" }

// About says what it is.
func (Gradient) About() string {
	return "the gradient by the pixels, its magnitude (Simonyan et al. 2014)"
}

// Explain returns the gradients, and the maps of the input's size.
func (Gradient) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.attribute(ctx, false, largestMagnitude, func(g, _ float32) float32 { return g })
}

// InputXGradient is the gradient times the input (Shrikumar et al., "Not just a black box",
// 2016), which in a network of layers that are linear piece by piece is the input's share of
// the score, see [FullGrad]; the map has the sums over the channels.
type InputXGradient struct{}

// Name is "inputxgradient".
func (InputXGradient) Name() string { return "inputxgradient" }

// About says what it is.
func (InputXGradient) About() string {
	return "gradient times input, pixel by pixel (Shrikumar et al. 2016)"
}

// Explain returns the products, and the maps of the input's size.
func (InputXGradient) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.attribute(ctx, false, sumOfChannels, func(g, x float32) float32 { return g * x })
}

// GuidedBackprop is guided backpropagation (Springenberg et al., "Striving for simplicity:
// The all convolutional net", ICLR Workshops 2015): the gradient, of which every ReLU also
// drops what is negative on the way back; the map has the largest magnitude of each pixel's
// channels.
type GuidedBackprop struct{}

// Name is "guidedbackprop".
func (GuidedBackprop) Name() string { return "guidedbackprop" }

// About says what it is.
func (GuidedBackprop) About() string {
	return "the gradient by the pixels through ReLUs that drop what is negative (Springenberg et al. 2015)"
}

// Explain returns the guided gradients, and the maps of the input's size.
func (GuidedBackprop) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.attribute(ctx, true, largestMagnitude, func(g, _ float32) float32 { return g })
}

// GuidedGradCAM is Guided Grad-CAM (Selvaraju et al. 2017, section 3.2): the guided
// gradients of [GuidedBackprop], each times the rectified map of [GradCAM] at its pixel,
// bilinearly; the map has the largest magnitude of each pixel's channels.
type GuidedGradCAM struct{}

// Name is "guidedgradcam".
func (GuidedGradCAM) Name() string { return "guidedgradcam" }

// About says what it is.
func (GuidedGradCAM) About() string {
	return "guidedbackprop times gradcam (Selvaraju et al. 2017)"
}

// Explain returns the products, and the maps of the input's size.
func (GuidedGradCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	coarse, err := GradCAM{}.Explain(ctx, q)
	if err != nil {
		return nil, err
	}
	r, err := q.attribute(ctx, true, largestMagnitude, func(g, _ float32) float32 { return g })
	if err != nil {
		return nil, err
	}
	height, width := q.Input.Shape[2], q.Input.Shape[3]
	per := len(q.Input.Data) / len(r.Maps)
	for i, m := range coarse.Maps {
		where := m.Rectified().Resized(width, height)
		part := r.Attributions.Data[i*per : (i+1)*per]
		for p := range part {
			part[p] *= where.Values[p%(width*height)]
		}
	}
	return r.fromAttributions(largestMagnitude)
}

// attribute makes attributions of the input x and the gradient g by it.
func (q Question) attribute(ctx context.Context, guided bool, reduce func(of []float32, area, p int) float64, f func(g, x float32) float32) (*Result, error) {
	if q.Net == nil {
		return nil, fmt.Errorf("cam: a question without a network")
	}
	r, err := q.Net.Gradients(ctx, q.Input, nn.GradientOptions{Target: q.target(q.Classes), Guided: guided}, nn.InputName)
	if err != nil {
		return nil, err
	}
	classes, err := perturb.ClassesOf(r.Logits, q.Classes)
	if err != nil {
		return nil, err
	}
	g := r.Gradients[nn.InputName]
	for p, v := range g.Data {
		g.Data[p] = f(v, q.Input.Data[p])
	}
	return attributed(r, classes, g, reduce)
}

// attributed is the result of attributions, with maps of them.
func attributed(r *nn.Result, classes []int, attributions *nn.Tensor, reduce func(of []float32, area, p int) float64) (*Result, error) {
	out := &Result{Logits: r.Logits, Features: r.Features, Attributions: attributions}
	for _, c := range classes {
		out.Maps = append(out.Maps, &Map{Class: c})
	}
	return out.fromAttributions(reduce)
}

// fromAttributions makes the maps: what reduce makes of the channels of each pixel.
func (r *Result) fromAttributions(reduce func(of []float32, area, p int) float64) (*Result, error) {
	s := r.Attributions.Shape
	area := s[2] * s[3]
	values := make([]float64, area)
	for i, m := range r.Maps {
		of := r.Attributions.Data[i*s[1]*area : (i+1)*s[1]*area]
		for p := range values {
			values[p] = reduce(of, area, p)
		}
		var err error
		if r.Maps[i], err = newMap(i, m.Class, s[3], s[2], values); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// largestMagnitude is the largest magnitude among the channels of pixel p.
func largestMagnitude(of []float32, area, p int) float64 {
	largest := 0.0
	for ; p < len(of); p += area {
		v := math.Abs(float64(of[p]))
		if v > largest || v != v {
			largest = v
		}
	}
	return largest
}

// sumOfChannels is the sum over the channels of pixel p.
func sumOfChannels(of []float32, area, p int) float64 {
	sum := 0.0
	for ; p < len(of); p += area {
		sum += float64(of[p])
	}
	return sum
}
