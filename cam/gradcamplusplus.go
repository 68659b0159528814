package cam

import "context"

// GradCAMPlusPlus is Grad-CAM++ (Chattopadhay et al., "Grad-CAM++: Generalized
// gradient-based visual explanations for deep convolutional networks", WACV 2018,
// equations 10 and 19): positive gradients, each with a weight of its own,
//
//	M = sum over k of w_k A_k
//	w_k = sum over pixels of a max(G_k, 0)
//	a = G_k^2 / (2 G_k^2 + sum(A_k) G_k^3 + 1e-6), 0 where G_k is 0
//
// before the ReLU.
type GradCAMPlusPlus struct{}

// Name is "gradcam++".
func (GradCAMPlusPlus) Name() string { return "gradcam++" }

// About says what it is.
func (GradCAMPlusPlus) About() string {
	return "positive gradients, weighed by second and third derivatives (Chattopadhay et al. 2018)"
}

// Explain returns the maps.
func (GradCAMPlusPlus) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 {
			total := 0.0
			for _, a := range e.Plane(e.Output, k) {
				total += float64(a)
			}
			w := 0.0
			for _, v := range e.Plane(e.Gradient, k) {
				if g := float64(v); g > 0 {
					w += g * g * g / (2*g*g + total*g*g*g + 1e-6)
				}
			}
			return w
		})
	})
}
