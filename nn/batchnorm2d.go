package nn

import (
	"context"
	"fmt"
	"math"
)

// BatchNorm2d is torch.nn.BatchNorm2d in eval mode (Ioffe and Szegedy 2015):
//
//	y = (x - mean) / sqrt(variance + eps) * weight + bias
//
// with the running statistics of training, one of each a channel.
type BatchNorm2d struct {
	Weight, Bias            []float32 // gamma and beta
	RunningMean, RunningVar []float32
	Eps                     float64 // 0 means PyTorch's 1e-5
}

// Forward normalises a batch N x C x H x W. It returns an error when the
// batch has another number of channels, or ctx is done.
func (l *BatchNorm2d) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, c, h, w, err := images("BatchNorm2d", x, len(l.Weight))
	if err != nil {
		return nil, err
	}
	scale, shift, err := l.affine()
	if err != nil {
		return nil, err
	}
	y := empty(n, c, h, w)
	copy(y.Data, x.Data)
	eachPlane(y, func(channel int, plane []float32) {
		a, b := scale[channel], shift[channel]
		for i, v := range plane {
			plane[i] = v*a + b
		}
	})
	return y, nil
}

// affine returns the layer as y = scale x + shift: scale = weight /
// sqrt(variance + eps) and shift = bias - mean * scale, rounded once from
// float64.
func (l *BatchNorm2d) affine() (scale, shift []float32, err error) {
	c := len(l.Weight)
	if c == 0 || len(l.Bias) != c || len(l.RunningMean) != c || len(l.RunningVar) != c {
		return nil, nil, fmt.Errorf("nn: BatchNorm2d: weight, bias, running_mean and running_var have %d, %d, %d and %d elements, want the same number",
			c, len(l.Bias), len(l.RunningMean), len(l.RunningVar))
	}
	eps := l.Eps
	if eps == 0 {
		eps = 1e-5
	}
	scale, shift = make([]float32, c), make([]float32, c)
	for i := range c {
		s := float64(l.Weight[i]) / math.Sqrt(float64(l.RunningVar[i])+eps)
		scale[i] = float32(s)
		shift[i] = float32(float64(l.Bias[i]) - float64(l.RunningMean[i])*s)
	}
	return scale, shift, nil
}
