package cam

import "context"

// HiResCAM (Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations
// of convolutional neural networks", 2020, equation 3) multiplies without a mean,
//
//	M = sum over k of G_k A_k
//
// Over what global average pooling sees, its sum and the head's bias are the logit.
type HiResCAM struct{}

// Name is "hirescam".
func (HiResCAM) Name() string { return "hirescam" }

// About says what it is.
func (HiResCAM) About() string {
	return "gradient times output, pixel by pixel (Draelos and Carin 2020)"
}

// Explain returns the maps.
func (HiResCAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Multiply(ctx, func(a, g float64) float64 { return g * a })
	})
}

// ElementWise is [HiResCAM] whose products are rectified one by one, as in
// pytorch-grad-cam's GradCAMElementWise:
//
//	M = sum over k of max(G_k A_k, 0)
type ElementWise struct{}

// Name is "elementwise".
func (ElementWise) Name() string { return "elementwise" }

// About says what it is.
func (ElementWise) About() string { return "gradient times output where that is positive" }

// Explain returns the maps.
func (ElementWise) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, true, func(ctx context.Context, e *Evidence) ([]float64, error) {
		return e.Multiply(ctx, func(a, g float64) float64 { return max(g*a, 0) })
	})
}
