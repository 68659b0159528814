package cam

import "context"

// GradCAM is Grad-CAM (Selvaraju et al., "Grad-CAM: Visual explanations from deep
// networks via gradient-based localization", ICCV 2017, equations 1 and 2): channels are
// weighed by their mean gradients,
//
//	M = sum over k of mean(G_k) A_k
//
// before the ReLU of equation 2, see [Map.Rectified]. Over what global average pooling
// sees, it is [CAM] over the number of pixels.
type GradCAM struct{}

// Name is "gradcam".
func (GradCAM) Name() string { return "gradcam" }

// About says what it is.
func (GradCAM) About() string {
	return "channels weighed by their mean gradients (Selvaraju et al. 2017)"
}

// Explain returns the maps.
func (GradCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return evidence(ctx, q, true, func(e *Evidence) ([]float64, error) {
		return e.combine(func(k int) float64 {
			sum := 0.0
			for _, g := range e.plane(e.Gradient, k) {
				sum += float64(g)
			}
			return sum / float64(e.Height*e.Width)
		}), nil
	})
}
