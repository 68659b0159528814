package nn

import (
	"context"
	"fmt"
	"math"
)

// BatchNorm2d is torch.nn.BatchNorm2d (Ioffe and Szegedy 2015). In eval mode it
// normalises each channel with the running mean m and variance v of training:
//
//	scale = weight / sqrt(v + eps)
//	y  = (x - m) scale + bias
//	dx = dy scale
//
// In train mode m and v are the mean and the (biased) variance of the channel over the
// batch and its pixels, and depend on x:
//
//	z  = (x - m) / sqrt(v + eps)
//	y  = z weight + bias
//	dz = dy weight
//	dx = (dz - mean(dz) - z mean(dz z)) / sqrt(v + eps)
//
// In both modes
//
//	dweight = sum of dy z, dbias = sum of dy, over the batch and the pixels
//
// The running statistics are no part of that: Track lets them follow.
type BatchNorm2d struct {
	Weight, Bias            []float32 // gamma and beta
	RunningMean, RunningVar []float32
	Eps                     float64 // 0 means PyTorch's 1e-5
	// Momentum is the part of a batch's statistics in the running ones. 0 means
	// PyTorch's 0.1.
	Momentum float64
	// Train is train mode.
	Train bool
}

// Shape is that of the input, N x C x H x W. It returns an error when the layer
// is misshapen or has another number of channels, and in train mode for a single value a
// channel, which has no variance.
func (l *BatchNorm2d) Shape(x ...[]int) ([]int, error) {
	c := len(l.Weight)
	if c == 0 || len(l.Bias) != c || len(l.RunningMean) != c || len(l.RunningVar) != c {
		return nil, fmt.Errorf("nn: BatchNorm2d: weight, bias, running_mean and running_var have %d, %d, %d and %d elements, want the same number",
			c, len(l.Bias), len(l.RunningMean), len(l.RunningVar))
	}
	n, c, h, w, err := batch(l, x, c)
	if err == nil && l.Train && n == 1 && h == 1 && w == 1 {
		return nil, fmt.Errorf("nn: BatchNorm2d: want more than one value a channel in train mode, got shape %v", x[0])
	}
	return []int{n, c, h, w}, err
}

// Forward normalises a batch.
func (l *BatchNorm2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	if l.Train {
		mean, deviation, err := l.normal(ctx, x[0])
		if err != nil {
			return nil, err
		}
		return y, eachPlane(ctx, y.Shape, func(p, channel int) {
			scale, shift := float64(l.Weight[channel])/deviation[channel], float64(l.Bias[channel])
			dst := y.plane(p)
			for i, v := range x[0].plane(p) {
				dst[i] = float32((float64(v)-mean[channel])*scale + shift)
			}
		})
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
	if l.Train {
		return dx, l.backwardTrain(ctx, dy, x[0], dx[0])
	}
	scale, _ := l.Affine()
	return dx, eachPlane(ctx, y.Shape, func(p, channel int) {
		dst := dx[0].plane(p)
		for i, v := range dy.plane(p) {
			dst[i] = v * scale[channel]
		}
	})
}

// backwardTrain writes the gradient by the input, which goes through the batch's mean and
// variance too; sums are in float64.
func (l *BatchNorm2d) backwardTrain(ctx context.Context, dy, x, dx *Tensor) error {
	mean, deviation, err := l.normal(ctx, x)
	if err != nil {
		return err
	}
	sum, product, err := l.sums(ctx, dy, x, mean, deviation)
	if err != nil {
		return err
	}
	n := perChannel(x)
	return eachPlane(ctx, dx.Shape, func(p, channel int) {
		weight, dst, of := float64(l.Weight[channel]), dx.plane(p), x.plane(p)
		for i, v := range dy.plane(p) {
			z := (float64(of[i]) - mean[channel]) / deviation[channel]
			dst[i] = float32(weight * (float64(v) - sum[channel]/n - z*product[channel]/n) / deviation[channel])
		}
	})
}

// Parameters returns weight and bias.
func (l *BatchNorm2d) Parameters() []Parameter { return vectorParameters(l.Weight, l.Bias) }

// BackwardParameters returns the gradients by weight and bias; sums are in float64.
func (l *BatchNorm2d) BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	if err := fits(l, dy, y, x); err != nil {
		return nil, err
	}
	mean, deviation, err := l.normal(ctx, x[0])
	if err != nil {
		return nil, err
	}
	sum, product, err := l.sums(ctx, dy, x[0], mean, deviation)
	return []*Tensor{rounded(product, len(product)), rounded(sum, len(sum))}, err
}

// sums returns the sums of dy and of dy z by channel.
func (l *BatchNorm2d) sums(ctx context.Context, dy, x *Tensor, mean, deviation []float64) (sum, product []float64, err error) {
	if sum, err = channelSums(ctx, dy.Shape, func(_, i int) float64 { return float64(dy.Data[i]) }); err != nil {
		return nil, nil, err
	}
	product, err = channelSums(ctx, dy.Shape, func(c, i int) float64 {
		return float64(dy.Data[i]) * (float64(x.Data[i]) - mean[c]) / deviation[c]
	})
	return sum, product, err
}

// normal returns what is subtracted from each channel, and what it is divided by.
func (l *BatchNorm2d) normal(ctx context.Context, x *Tensor) (mean, deviation []float64, err error) {
	if l.Train {
		if mean, deviation, err = moments(ctx, x); err != nil {
			return nil, nil, err
		}
	} else {
		mean, deviation = float64s(nil, l.RunningMean), float64s(nil, l.RunningVar)
	}
	for c, v := range deviation {
		deviation[c] = math.Sqrt(v + l.eps())
	}
	return mean, deviation, nil
}

// moments returns the mean and the biased variance of each channel of a batch.
func moments(ctx context.Context, x *Tensor) (mean, variance []float64, err error) {
	n := perChannel(x)
	if mean, err = channelSums(ctx, x.Shape, func(_, i int) float64 { return float64(x.Data[i]) }); err != nil {
		return nil, nil, err
	}
	for c := range mean {
		mean[c] /= n
	}
	variance, err = channelSums(ctx, x.Shape, func(c, i int) float64 {
		d := float64(x.Data[i]) - mean[c]
		return d * d
	})
	for c := range variance {
		variance[c] /= n
	}
	return mean, variance, err
}

// perChannel is how many values of an NCHW batch each channel has.
func perChannel(x *Tensor) float64 { return float64(len(x.Data) / x.Shape[1]) }

// Track lets the running statistics follow those of a batch, by channel: its mean, and
// its biased variance over n values, of which the unbiased goes in, as in PyTorch:
//
//	running_mean = (1 - momentum) running_mean + momentum mean
//	running_var  = (1 - momentum) running_var + momentum variance n/(n-1)
func (l *BatchNorm2d) Track(mean, variance []float64, n int) {
	momentum := l.Momentum
	if momentum == 0 {
		momentum = 0.1
	}
	unbiased := float64(n) / float64(max(n-1, 1))
	for c := range min(len(mean), len(l.RunningMean)) {
		l.RunningMean[c] = float32((1-momentum)*float64(l.RunningMean[c]) + momentum*mean[c])
	}
	for c := range min(len(variance), len(l.RunningVar)) {
		l.RunningVar[c] = float32((1-momentum)*float64(l.RunningVar[c]) + momentum*variance[c]*unbiased)
	}
}

// Affine returns the layer in eval mode as y = scale x + shift, with shift = bias - mean
// scale, rounded once from float64.
func (l *BatchNorm2d) Affine() (scale, shift []float32) {
	scale, shift = make([]float32, len(l.Weight)), make([]float32, len(l.Weight))
	for i, w := range l.Weight {
		s := float64(w) / math.Sqrt(float64(l.RunningVar[i])+l.eps())
		scale[i] = float32(s)
		shift[i] = float32(float64(l.Bias[i]) - float64(l.RunningMean[i])*s)
	}
	return scale, shift
}

func (l *BatchNorm2d) eps() float64 {
	if l.Eps == 0 {
		return 1e-5
	}
	return l.Eps
}
