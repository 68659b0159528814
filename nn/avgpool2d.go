package nn

import "context"

// GlobalAvgPool2d is torch.nn.AdaptiveAvgPool2d(1): the mean of each plane.
type GlobalAvgPool2d struct{}

// Forward maps N x C x H x W to N x C x 1 x 1. It returns an error when x is
// not such a batch, or ctx is done.
func (GlobalAvgPool2d) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, c, h, w, err := images("AdaptiveAvgPool2d", x, 0)
	if err != nil {
		return nil, err
	}
	y := empty(n, c, 1, 1)
	area := h * w
	for p := range y.Data {
		sum := 0.0
		for _, v := range x.Data[p*area : (p+1)*area] {
			sum += float64(v)
		}
		y.Data[p] = float32(sum / float64(area))
	}
	return y, nil
}
