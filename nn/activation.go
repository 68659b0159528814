package nn

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// An Activation works element by element on a tensor of any shape:
//
//	y  = f(x)
//	dx = dy f'(x)
//
// NaN stays NaN, as in PyTorch.
type Activation struct {
	name  string
	f     func(x float32) float32
	slope func(x float32) float32
	curve func(x float32) float32 // f''(x); nil where f is straight, piece by piece
}

// The activations, named as in torch.nn.
var (
	// ReLU is max(x, 0); its slope at 0 is 0.
	ReLU = &Activation{"ReLU", relu, reluSlope, nil}

	// ReLU6 is min(max(x, 0), 6); its slope at 0 and 6 is 0.
	ReLU6 = &Activation{"ReLU6",
		func(x float32) float32 {
			if x > 6 {
				return 6
			}
			return relu(x)
		},
		func(x float32) float32 {
			if x >= 6 {
				return 0
			}
			return reluSlope(x)
		}, nil}

	// Sigmoid is s(x) = 1 / (1 + exp(-x)), with the slope s (1-s).
	Sigmoid = &Activation{"Sigmoid",
		func(x float32) float32 { return float32(sigmoid(float64(x))) },
		func(x float32) float32 {
			s := sigmoid(float64(x))
			return float32(s * (1 - s))
		},
		func(x float32) float32 {
			s := sigmoid(float64(x))
			return float32(s * (1 - s) * (1 - 2*s))
		}}

	// SiLU is x s(x), also called swish, with the slope s + x s (1-s).
	SiLU = &Activation{"SiLU",
		func(x float32) float32 { return float32(float64(x) * sigmoid(float64(x))) },
		func(x float32) float32 {
			s := sigmoid(float64(x))
			return float32(s + float64(x)*s*(1-s))
		},
		func(x float32) float32 {
			s := sigmoid(float64(x))
			return float32(s * (1 - s) * (2 + float64(x)*(1-2*s)))
		}}

	// Tanh is the hyperbolic tangent, with the slope 1 - tanh(x)^2.
	Tanh = &Activation{"Tanh",
		func(x float32) float32 { return float32(math.Tanh(float64(x))) },
		func(x float32) float32 {
			y := math.Tanh(float64(x))
			return float32(1 - y*y)
		},
		func(x float32) float32 {
			y := math.Tanh(float64(x))
			return float32(-2 * y * (1 - y*y))
		}}

	// Hardsigmoid is min(max(x/6 + 1/2, 0), 1), with the slope 1/6 between -3
	// and 3, else 0.
	Hardsigmoid = &Activation{"Hardsigmoid", hardsigmoid,
		func(x float32) float32 {
			if x <= -3 || x >= 3 {
				return 0
			}
			return 1.0 / 6
		}, nil}

	// Hardswish is x Hardsigmoid(x), with the slope 0 up to -3, 1 from 3 on,
	// and x/3 + 1/2 between.
	Hardswish = &Activation{"Hardswish",
		func(x float32) float32 { return x * hardsigmoid(x) },
		func(x float32) float32 {
			switch {
			case x <= -3:
				return 0
			case x >= 3:
				return 1
			}
			return x/3 + 0.5
		},
		func(x float32) float32 {
			if x <= -3 || x >= 3 {
				return 0
			}
			return 1.0 / 3
		}}

	// GELU is x P(x), P the distribution function of the normal distribution,
	// with the slope P(x) + x P'(x).
	GELU = &Activation{"GELU",
		func(x float32) float32 { return float32(float64(x) * normal(float64(x))) },
		func(x float32) float32 {
			v := float64(x)
			return float32(normal(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
		},
		func(x float32) float32 {
			v := float64(x)
			return float32((2 - v*v) * math.Exp(-v*v/2) / math.Sqrt(2*math.Pi))
		}}
)

func relu(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

func reluSlope(x float32) float32 {
	if x <= 0 {
		return 0
	}
	return 1
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func hardsigmoid(x float32) float32 {
	switch {
	case x <= -3:
		return 0
	case x >= 3:
		return 1
	}
	return x/6 + 0.5
}

// normal is the distribution function of the normal distribution.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// String returns the name in torch.nn.
func (l *Activation) String() string { return l.name }

// Shape is that of the input.
func (l *Activation) Shape(x ...[]int) ([]int, error) { return one(l, x) }

// Forward applies f to every element of its only input.
func (l *Activation) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, eachElement(ctx, len(y.Data), func(i int) { y.Data[i] = l.f(x[0].Data[i]) })
}

// Backward multiplies every element of dy by the slope.
func (l *Activation) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	return dx, eachElement(ctx, len(dy.Data), func(i int) { dx[0].Data[i] = dy.Data[i] * l.slope(x[0].Data[i]) })
}

// eachElement calls f in parallel for 0 to n-1, and stops once ctx is done.
func eachElement(ctx context.Context, n int, f func(i int)) error {
	return parallel.ForContext(ctx, n, 1<<14, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i)
		}
	})
}
