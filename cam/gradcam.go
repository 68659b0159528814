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
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Weigh(ctx, func(k int) float64 { return mean(e.Plane(e.Gradient, k)) })
	})
}

func mean(plane []float32) float64 {
	sum := 0.0
	for _, v := range plane {
		sum += float64(v)
	}
	return sum / float64(len(plane))
}
