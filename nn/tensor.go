package nn

import (
	"errors"
	"fmt"
	"math"
)

// Tensor is a dense float32 array in row-major order: NCHW for images and
// feature maps (batch, channels, height, width), batch x features for vectors.
type Tensor struct {
	Shape []int
	Data  []float32
}

// NewTensor returns a tensor of zeros. It returns an error when a dimension is
// negative or the number of elements overflows.
func NewTensor(shape ...int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	return &Tensor{Shape: shape, Data: make([]float32, n)}, nil
}

// FromSlice wraps data, which is not copied. It returns an error when the
// length is not that of the shape.
func FromSlice(data []float32, shape ...int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("nn: %d elements do not fill shape %v", len(data), shape)
	}
	return &Tensor{Shape: shape, Data: data}, nil
}

// Sample returns sample i of the batch (the first dimension), without copying.
// It returns an error when there is no such sample.
func (t *Tensor) Sample(i int) (*Tensor, error) {
	if len(t.Shape) == 0 || i < 0 || i >= t.Shape[0] {
		return nil, fmt.Errorf("nn: no sample %d in a batch of shape %v", i, t.Shape)
	}
	n := len(t.Data) / t.Shape[0]
	return &Tensor{Shape: t.Shape[1:], Data: t.Data[i*n : (i+1)*n]}, nil
}

// maxElements bounds every tensor, so that its size in bytes does not overflow.
const maxElements = math.MaxInt / 8

func count(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > maxElements/d) {
			return 0, fmt.Errorf("nn: bad shape %v", shape)
		}
		n *= d
	}
	return n, nil
}

// empty is NewTensor for shapes that are products of checked ones.
func empty(shape ...int) *Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &Tensor{Shape: shape, Data: make([]float32, n)}
}

// check returns an error unless the elements fill the shape.
func (t *Tensor) check() error {
	if t == nil {
		return errors.New("nn: a nil tensor")
	}
	if n, err := count(t.Shape); err != nil || n != len(t.Data) {
		return fmt.Errorf("nn: %d elements do not fill shape %v", len(t.Data), t.Shape)
	}
	return nil
}

// rounded makes a tensor of float64 numbers, which fill the shape.
func rounded(x []float64, shape ...int) *Tensor {
	t := empty(shape...)
	for i, v := range x {
		t.Data[i] = float32(v)
	}
	return t
}

func shapeOf(x *Tensor) any {
	if x == nil {
		return "nil"
	}
	return x.Shape
}
