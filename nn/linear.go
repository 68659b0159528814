package nn

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Linear is torch.nn.Linear, on the last dimension of a tensor:
//
//	y[..., o] = bias[o] + sum over i of weight[o,i] x[..., i]
//	dx[..., i] = sum over o of weight[o,i] dy[..., o]
//	dweight[o,i] = sum over ... of dy[..., o] x[..., i]
//	dbias[o] = sum over ... of dy[..., o]
type Linear struct {
	Weight *Tensor   // out x in
	Bias   []float32 // out, or nil
}

// Shape replaces the last dimension, in, by out. It returns an error when the
// layer is misshapen or has another number of inputs.
func (l *Linear) Shape(x ...[]int) ([]int, error) {
	if l.Weight == nil || len(l.Weight.Shape) != 2 {
		return nil, fmt.Errorf("nn: Linear: want a weight of shape [out in], got %v", shapeOf(l.Weight))
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]
	if out < 1 || in < 1 || len(l.Weight.Data) != out*in || (l.Bias != nil && len(l.Bias) != out) {
		return nil, fmt.Errorf("nn: Linear: %d weights and %d biases for shape %v", len(l.Weight.Data), len(l.Bias), l.Weight.Shape)
	}
	s, err := one(l, x)
	if err != nil {
		return nil, err
	}
	last := len(s) - 1
	if last < 1 || s[last] != in {
		return nil, fmt.Errorf("nn: Linear: want %d features, got shape %v", in, s)
	}
	return append(append([]int{}, s[:last]...), out), nil
}

// Forward multiplies every row.
func (l *Linear) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]
	return y, parallel.ForContext(ctx, len(y.Data), 64, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			i, o := p/out, p%out
			y.Data[p] = dot(x[0].Data[i*in:(i+1)*in], l.Weight.Data[o*in:(o+1)*in])
			if l.Bias != nil {
				y.Data[p] += l.Bias[o]
			}
		}
	})
}

// Backward returns the gradient by the input.
func (l *Linear) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]
	return dx, parallel.ForContext(ctx, len(dy.Data)/out, 1, func(lo, hi int) {
		sums := make([]float64, in)
		for r := lo; r < hi; r++ {
			clear(sums)
			for o, v := range dy.Data[r*out : (r+1)*out] {
				for i, w := range l.Weight.Data[o*in : (o+1)*in] {
					sums[i] += float64(w) * float64(v)
				}
			}
			for i, s := range sums {
				dx[0].Data[r*in+i] = float32(s)
			}
		}
	})
}

// Parameters returns weight and bias.
func (l *Linear) Parameters() []Parameter { return matrixParameters(l.Weight, l.Bias) }

// BackwardParameters returns the gradients by weight and bias; sums are in float64.
func (l *Linear) BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	if err := fits(l, dy, y, x); err != nil {
		return nil, err
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]
	dw, db := empty(out, in), empty(out)
	err := parallel.ForContext(ctx, out, 1, func(lo, hi int) {
		for o := lo; o < hi; o++ {
			sums, bias := make([]float64, in), 0.0
			for r := range len(dy.Data) / out {
				v := float64(dy.Data[r*out+o])
				bias += v
				for i, u := range x[0].Data[r*in : (r+1)*in] {
					sums[i] += v * float64(u)
				}
			}
			copy(dw.Data[o*in:], rounded(sums, in).Data)
			db.Data[o] = float32(bias)
		}
	})
	if l.Bias == nil {
		return []*Tensor{dw}, err
	}
	return []*Tensor{dw, db}, err
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
