package cam

import "context"

// LayerCAM (Jiang et al., "LayerCAM: Exploring hierarchical class activation maps for
// localization", IEEE TIP 2021, equations 6 and 7) weighs every pixel by its own positive
// gradient,
//
//	M = sum over k of max(G_k, 0) A_k
//
// before the ReLU.
type LayerCAM struct{}

// Name is "layercam".
func (LayerCAM) Name() string { return "layercam" }

// About says what it is.
func (LayerCAM) About() string {
	return "pixels weighed by their own positive gradients (Jiang et al. 2021)"
}

// Explain returns the maps.
func (LayerCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Multiply(ctx, func(a, g float64) float64 { return max(g, 0) * a })
	})
}
