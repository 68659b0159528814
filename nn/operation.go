package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// An Operation makes one tensor of one or more others. Those of this package
// have the names and the meaning that PyTorch gives them; each file has the
// formula, forward and backward side by side, in plain Go. An Operation is safe
// for concurrent use as long as nobody changes it.
type Operation interface {
	// Shape returns the shape of the output for inputs of the given shapes, or
	// an error that says why the operation cannot take them.
	Shape(x ...[]int) ([]int, error)

	// Forward computes the output. The inputs are not changed. It returns an
	// error when the operation or an input is misshapen, or ctx is done.
	Forward(ctx context.Context, x ...*Tensor) (*Tensor, error)

	// Backward takes the gradient dy of some scalar by the output y that Forward
	// computed from x, and returns its gradient by each of x:
	//
	//	dx[i] = sum over j of dy[j] * d y[j] / d x[i]
	//
	// Weights are constants. Nothing that is given is changed. It returns an
	// error when shapes do not fit, or ctx is done.
	Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error)
}

// weightless tells whether an operation is known to have no weights.
func weightless(op Operation) bool {
	switch op.(type) {
	case mover, *Activation, *AvgPool2d, *AdaptiveAvgPool2d, *MaxPool2d, *BlurPool2d, BlurPool2d, Add, Mul:
		return true
	}
	return false
}

// prepare checks the inputs of an operation and returns its output, of zeros.
func prepare(op Operation, x []*Tensor) (*Tensor, error) {
	shapes := make([][]int, len(x))
	for i, t := range x {
		if err := t.check(); err != nil {
			return nil, err
		}
		shapes[i] = t.Shape
	}
	shape, err := op.Shape(shapes...)
	if err != nil {
		return nil, err
	}
	return NewTensor(shape...)
}

// gradients checks what Backward was given, and returns tensors of zeros shaped
// as the inputs.
func gradients(op Operation, dy, y *Tensor, x []*Tensor) ([]*Tensor, error) {
	if err := fits(op, dy, y, x); err != nil {
		return nil, err
	}
	dx := make([]*Tensor, len(x))
	for i, t := range x {
		dx[i] = empty(t.Shape...)
	}
	return dx, nil
}

// fits checks what a backward pass was given.
func fits(op Operation, dy, y *Tensor, x []*Tensor) error {
	shapes := make([][]int, len(x))
	for i, t := range x {
		if err := t.check(); err != nil {
			return err
		}
		shapes[i] = t.Shape
	}
	shape, err := op.Shape(shapes...)
	if err != nil {
		return err
	}
	for _, t := range []*Tensor{dy, y} {
		if err := t.check(); err != nil {
			return err
		}
		if !slices.Equal(t.Shape, shape) {
			return fmt.Errorf("nn: %s: an output or its gradient of shape %v, want %v", kind(op), t.Shape, shape)
		}
	}
	return nil
}

// kind is the name of an operation's type.
func kind(op Operation) string {
	if a, ok := op.(*Activation); ok {
		return a.name
	}
	name := fmt.Sprintf("%T", op)
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' || name[i] == '*' {
			return name[i+1:]
		}
	}
	return name
}

func shapeError(op Operation, want string, got []int) error {
	return fmt.Errorf("nn: %s: want %s, got shape %v", kind(op), want, got)
}

// one returns the only shape of an operation that has one input.
func one(op Operation, x [][]int) ([]int, error) {
	if len(x) != 1 {
		return nil, fmt.Errorf("nn: %s: %d inputs, want 1", kind(op), len(x))
	}
	return x[0], nil
}

// batch returns the dimensions of a batch of images, of the given number of
// channels unless that is 0, which is the only input of an operation.
func batch(op Operation, x [][]int, channels int) (n, c, h, w int, err error) {
	s, err := one(op, x)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	if len(s) != 4 || slices.Min(s) < 1 {
		return 0, 0, 0, 0, fmt.Errorf("nn: %s: want a batch of shape [N C H W], got %v", kind(op), s)
	}
	if channels != 0 && s[1] != channels {
		return 0, 0, 0, 0, fmt.Errorf("nn: %s: want %d channels, got shape %v", kind(op), channels, s)
	}
	return s[0], s[1], s[2], s[3], nil
}

// eachPlane calls f in parallel for every H x W plane of an NCHW batch, counted
// through the batch, and stops once ctx is done.
func eachPlane(ctx context.Context, shape []int, f func(plane, channel int)) error {
	channels := shape[1]
	return parallel.ForContext(ctx, shape[0]*channels, 8, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			f(p, p%channels)
		}
	})
}

// channelSums adds up a term of every element of an NCHW batch, by channel: over the
// images in order and the pixels of each, in float64.
func channelSums(ctx context.Context, shape []int, term func(channel, i int) float64) ([]float64, error) {
	channels, area := shape[1], shape[2]*shape[3]
	sums := make([]float64, channels)
	return sums, parallel.ForContext(ctx, channels, 1, func(lo, hi int) {
		for c := lo; c < hi; c++ {
			sum := 0.0
			for n := range shape[0] {
				first := (n*channels + c) * area
				for i := first; i < first+area; i++ {
					sum += term(c, i)
				}
			}
			sums[c] = sum
		}
	})
}

// plane returns plane i of an NCHW batch.
func (t *Tensor) plane(i int) []float32 {
	area := t.Shape[2] * t.Shape[3]
	return t.Data[i*area : (i+1)*area]
}
