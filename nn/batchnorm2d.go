package nn

import (
	"context"
	"fmt"
	"math"
)

// BatchNorm2d is torch.nn.BatchNorm2d in eval mode (Ioffe and Szegedy 2015),
// with the running statistics of training, one of each a channel:
//
//	scale = weight / sqrt(variance + eps)
//	y  = (x - mean) scale + bias
//	dx = dy scale
type BatchNorm2d struct {
	Weight, Bias            []float32 // gamma and beta
	RunningMean, RunningVar []float32
	Eps                     float64 // 0 means PyTorch's 1e-5
}

// Shape is that of the input, N x C x H x W. It returns an error when the layer
// is misshapen or has another number of channels.
func (l *BatchNorm2d) Shape(x ...[]int) ([]int, error) {
	c := len(l.Weight)
	if c == 0 || len(l.Bias) != c || len(l.RunningMean) != c || len(l.RunningVar) != c {
		return nil, fmt.Errorf("nn: BatchNorm2d: weight, bias, running_mean and running_var have %d, %d, %d and %d elements, want the same number",
			c, len(l.Bias), len(l.RunningMean), len(l.RunningVar))
	}
	n, c, h, w, err := batch(l, x, c)
	return []int{n, c, h, w}, err
}

// Forward normalises a batch.
func (l *BatchNorm2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	scale, shift := l.Affine()
	return y, eachPlane(ctx, y.Shape, func(p, channel int) {
		a, b := scale[channel], shift[channel]
		dst := y.plane(p)
		for i, v := range x[0].plane(p) {
			dst[i] = v*a + b
		}
	})
}

// Backward returns the gradient by the input.
func (l *BatchNorm2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	scale, _ := l.Affine()
	return dx, eachPlane(ctx, y.Shape, func(p, channel int) {
		dst := dx[0].plane(p)
		for i, v := range dy.plane(p) {
			dst[i] = v * scale[channel]
		}
	})
}

// Affine returns the layer as y = scale x + shift, with shift = bias - mean
// scale, rounded once from float64.
func (l *BatchNorm2d) Affine() (scale, shift []float32) {
	eps := l.Eps
	if eps == 0 {
		eps = 1e-5
	}
	scale, shift = make([]float32, len(l.Weight)), make([]float32, len(l.Weight))
	for i, w := range l.Weight {
		s := float64(w) / math.Sqrt(float64(l.RunningVar[i])+eps)
		scale[i] = float32(s)
		shift[i] = float32(float64(l.Bias[i]) - float64(l.RunningMean[i])*s)
	}
	return scale, shift
}
