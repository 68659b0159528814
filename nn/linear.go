package nn

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Linear is torch.nn.Linear: y = x W^T + b.
type Linear struct {
	Weight *Tensor   // out x in
	Bias   []float32 // out, or nil
}

// Forward maps a batch N x in (trailing dimensions of 1 are dropped, as by
// torch.flatten(x, 1)) to N x out. It returns an error when the layer or the
// batch is misshapen, or ctx is done.
func (l *Linear) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.Weight == nil || len(l.Weight.Shape) != 2 {
		return nil, fmt.Errorf("nn: Linear: want a weight of shape [out in], got %v", shapeOf(l.Weight))
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]
	if len(l.Weight.Data) != out*in || (l.Bias != nil && len(l.Bias) != out) {
		return nil, fmt.Errorf("nn: Linear: %d weights and %d biases for shape %v", len(l.Weight.Data), len(l.Bias), l.Weight.Shape)
	}
	if x == nil || len(x.Shape) < 2 || x.Shape[0] < 1 || in < 1 || len(x.Data) != x.Shape[0]*in {
		return nil, fmt.Errorf("nn: Linear: want a batch of %d features each, got shape %v", in, shapeOf(x))
	}
	n := x.Shape[0]
	y := empty(n, out)
	parallel.For(n*out, 64, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			i, o := p/out, p%out
			y.Data[p] = dot(x.Data[i*in:(i+1)*in], l.Weight.Data[o*in:(o+1)*in])
			if l.Bias != nil {
				y.Data[p] += l.Bias[o]
			}
		}
	})
	return y, nil
}

// dot is the inner product, in four interleaved sums: shorter chains of
// rounding, and of instructions that wait for each other.
func dot(a, b []float32) float32 {
	var s [4]float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s[0] += a[i] * b[i]
		s[1] += a[i+1] * b[i+1]
		s[2] += a[i+2] * b[i+2]
		s[3] += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s[0] += a[i] * b[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}
