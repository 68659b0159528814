package cam

import (
	"context"

	"github.com/glimpse-go/glimpse/nn"
)

// ShapleyCAM is ShapleyCAM (Cai, "CAMs as Shapley value-based explainers", The Visual
// Computer 2025, arXiv:2501.06261): channels are weighed by their mean Shapley values to
// second order,
//
//	M = sum over k of w_k A_k, w_k = mean over pixels of (G - H A / 2)_k
//
// before the ReLU, with H the second derivatives of the scalar by A, of which only the
// product with A is needed, see [nn.Graph.HessianVector]. Where all that follows the layer
// is linear piece by piece and the target is a logit, H is 0 and this is [GradCAM]; the
// paper's target "ReST" is [nn.Plus] of [nn.Logit] and [nn.LogProbability].
type ShapleyCAM struct{}

// Name is "shapleycam".
func (ShapleyCAM) Name() string { return "shapleycam" }

// About says what it is.
func (ShapleyCAM) About() string {
	return "channels weighed by Shapley values to second order; gradcam where the target is a logit (Cai 2025)"
}

// Explain returns the maps.
func (ShapleyCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	s, layer, given, err := q.onwards(ctx)
	if err != nil {
		return nil, err
	}
	gradient, product, err := q.Net.HessianVector(ctx, given, layer, given[layer], s.Score)
	if err != nil {
		return nil, err
	}
	for p, h := range product.Data {
		gradient.Data[p] -= h / 2
	}
	s.Run.Gradients = map[string]*nn.Tensor{layer: gradient}
	return q.maps(ctx, s.Run, layer, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 { return mean(e.Plane(e.Gradient, k)) })
	})
}
