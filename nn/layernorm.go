package nn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// LayerNorm is torch.nn.LayerNorm (Ba et al. 2016) over the last dimension, of
// C elements with the mean m and the (biased) variance v:
//
//	z  = (x - m) / sqrt(v + eps)
//	y  = z weight + bias
//	dz = dy weight
//	dx = (dz - mean(dz) - z mean(dz z)) / sqrt(v + eps)
//
//	dweight = sum of dy z, dbias = sum of dy, over all rows
type LayerNorm struct {
	Weight, Bias []float32 // C
	Eps          float64   // 0 means PyTorch's 1e-5
	// Channels normalises over the second dimension of N x C x H x W instead:
	// torchvision's LayerNorm2d, which permutes, normalises and permutes back.
	Channels bool
}

// Shape is that of the input. It returns an error when the layer is misshapen
// or has another number of elements.
func (l *LayerNorm) Shape(x ...[]int) ([]int, error) {
	c := len(l.Weight)
	if c == 0 || len(l.Bias) != c {
		return nil, fmt.Errorf("nn: LayerNorm: %d weights and %d biases", c, len(l.Bias))
	}
	s, err := one(l, x)
	if err != nil {
		return nil, err
	}
	if l.Channels {
		_, _, _, _, err := batch(l, x, c)
		return s, err
	}
	if len(s) == 0 || s[len(s)-1] != c || slices.Min(s) < 1 {
		return nil, fmt.Errorf("nn: LayerNorm: want %d elements, got shape %v", c, s)
	}
	return s, nil
}

// Forward normalises every row of elements; sums are in float64.
func (l *LayerNorm) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, l.eachRow(ctx, x[0], func(at []int, z []float64, _ float64) {
		for i, p := range at {
			y.Data[p] = float32(z[i]*float64(l.Weight[i]) + float64(l.Bias[i]))
		}
	})
}

// Backward returns the gradient by the input.
func (l *LayerNorm) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	return dx, l.eachRow(ctx, x[0], func(at []int, z []float64, deviation float64) {
		var sum, product float64
		for i, p := range at {
			dz := float64(dy.Data[p]) * float64(l.Weight[i])
			sum += dz
			product += dz * z[i]
		}
		n := float64(len(at))
		for i, p := range at {
			dz := float64(dy.Data[p]) * float64(l.Weight[i])
			dx[0].Data[p] = float32((dz - sum/n - z[i]*product/n) / deviation)
		}
	})
}

// Parameters returns weight and bias.
func (l *LayerNorm) Parameters() []Parameter { return vectorParameters(l.Weight, l.Bias) }

// BackwardParameters returns the gradients by weight and bias; sums are in float64, over
// the rows in order.
func (l *LayerNorm) BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	if err := fits(l, dy, y, x); err != nil {
		return nil, err
	}
	normal := make([]float64, len(x[0].Data))
	err := l.eachRow(ctx, x[0], func(at []int, z []float64, _ float64) {
		for i, p := range at {
			normal[p] = z[i]
		}
	})
	if err != nil {
		return nil, err
	}
	c := len(l.Weight)
	inner := l.inner(x[0])
	dw, db := empty(c), empty(c)
	return []*Tensor{dw, db}, parallel.ForContext(ctx, c, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var weight, bias float64
			for r := range len(normal) / c {
				p := l.place(r, i, inner)
				weight += float64(dy.Data[p]) * normal[p]
				bias += float64(dy.Data[p])
			}
			dw.Data[i], db.Data[i] = float32(weight), float32(bias)
		}
	})
}

// inner is how far the elements of a row lie apart.
func (l *LayerNorm) inner(x *Tensor) int {
	if l.Channels {
		return x.Shape[2] * x.Shape[3]
	}
	return 1
}

// place is where element i of row r lies.
func (l *LayerNorm) place(r, i, inner int) int {
	return r/inner*inner*len(l.Weight) + r%inner + i*inner
}

// eachRow calls f for every row that is normalised: where its elements are in x,
// their normalised values, and the deviation that they were divided by.
func (l *LayerNorm) eachRow(ctx context.Context, x *Tensor, f func(at []int, z []float64, deviation float64)) error {
	c, eps, inner := len(l.Weight), l.eps(), l.inner(x)
	return parallel.ForContext(ctx, len(x.Data)/c, max(1, 1<<12/c), func(lo, hi int) {
		at, z := make([]int, c), make([]float64, c)
		for r := lo; r < hi; r++ {
			var sum, squares float64
			for i := range at {
				at[i] = l.place(r, i, inner)
				z[i] = float64(x.Data[at[i]])
				sum += z[i]
			}
			for i := range z {
				z[i] -= sum / float64(c)
				squares += z[i] * z[i]
			}
			deviation := math.Sqrt(squares/float64(c) + eps)
			for i := range z {
				z[i] /= deviation
			}
			f(at, z, deviation)
		}
	})
}

func (l *LayerNorm) eps() float64 {
	if l.Eps == 0 {
		return 1e-5
	}
	return l.Eps
}
