package cam

import "context"

// XGradCAM is XGrad-CAM (Fu et al., "Axiom-based Grad-CAM", BMVC 2020, equation 8):
// gradients weighed by how much of its channel each pixel is,
//
//	M = sum over k of w_k A_k
//	w_k = sum over pixels of A_k G_k / (sum(A_k) + 1e-7)
//
// before the ReLU.
type XGradCAM struct{}

// Name is "xgradcam".
func (XGradCAM) Name() string { return "xgradcam" }

// About says what it is.
func (XGradCAM) About() string {
	return "gradients weighed by each pixel's share of its channel (Fu et al. 2020)"
}

// Explain returns the maps.
func (XGradCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 {
			var product, total float64
			g := e.Plane(e.Gradient, k)
			for i, a := range e.Plane(e.Output, k) {
				product += float64(a) * float64(g[i])
				total += float64(a)
			}
			return product / (total + 1e-7)
		})
	})
}
