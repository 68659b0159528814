package nn

import "context"

// ReLU is torch.nn.ReLU: y = max(x, 0). NaN stays NaN, as in PyTorch.
type ReLU struct{}

// Forward returns a new batch of the same shape N x C x H x W. It returns an
// error when x is not such a batch, or ctx is done.
func (ReLU) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, c, h, w, err := images("ReLU", x, 0)
	if err != nil {
		return nil, err
	}
	y := empty(n, c, h, w)
	copy(y.Data, x.Data)
	relu(y)
	return y, nil
}

// relu rectifies a batch in place.
func relu(t *Tensor) {
	eachPlane(t, func(_ int, plane []float32) {
		for i, v := range plane {
			if v < 0 {
				plane[i] = 0
			}
		}
	})
}
