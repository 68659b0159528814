package nn

import (
	"context"
	"fmt"
	"slices"
)

// Add is the sum of two tensors of one shape: y = a + b, da = db = dy.
type Add struct{}

// Mul is the product of two tensors:
//
//	y  = a b
//	da = dy b, db = dy a
//
// Where b is N x C x 1 x 1 beside N x C x H x W, as in squeeze-and-excitation,
// each of its elements goes with a plane of a, and its gradient is the sum over
// that plane. Either may be the smaller.
type Mul struct{}

// Affine multiplies each channel of N x C x H x W by a number and adds another:
//
//	y  = scale x + shift
//	dx = scale dy
//	dscale = sum of dy x, over the batch and the pixels
//
// It is the layer scale of ConvNeXt, whose factors training changes, and what GoogLeNet
// and Inception do with an input that is normalised for other networks, by constants.
type Affine struct {
	Scale []float32 // C
	Shift []float32 // C, or nil for zeros; always constant
	// Learned is the name of Scale as a parameter, of shape C x 1 x 1, of the module
	// that the function stands in ("layer_scale"). Empty: Scale is constant too.
	Learned string
}

// Shape is that of both inputs.
func (l Add) Shape(x ...[]int) ([]int, error) {
	if len(x) != 2 || !slices.Equal(x[0], x[1]) {
		return nil, fmt.Errorf("nn: Add: shapes %v, want two of one shape", x)
	}
	return x[0], nil
}

// Forward adds.
func (l Add) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, eachElement(ctx, len(y.Data), func(i int) { y.Data[i] = x[0].Data[i] + x[1].Data[i] })
}

// Backward returns the gradients by both inputs.
func (l Add) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	for _, d := range dx {
		copy(d.Data, dy.Data)
	}
	return dx, ctx.Err()
}

// Shape is that of the larger input.
func (l Mul) Shape(x ...[]int) ([]int, error) {
	if len(x) == 2 {
		a, b := x[0], x[1]
		if slices.Equal(a, b) || scales(b, a) {
			return a, nil
		}
		if scales(a, b) {
			return b, nil
		}
	}
	return nil, fmt.Errorf("nn: Mul: shapes %v, want two of one shape, or one with a single pixel", x)
}

// scales tells whether a tensor of shape b holds a number for each plane of one
// of shape a.
func scales(b, a []int) bool {
	return len(a) == 4 && len(b) == 4 && a[0] == b[0] && a[1] == b[1] && b[2] == 1 && b[3] == 1
}

// Forward multiplies.
func (l Mul) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	a, b := x[0].Data, x[1].Data
	areaA, areaB := len(y.Data)/max(len(a), 1), len(y.Data)/max(len(b), 1)
	return y, eachElement(ctx, len(y.Data), func(i int) { y.Data[i] = a[i/areaA] * b[i/areaB] })
}

// Backward returns the gradients by both inputs; sums are in float64.
func (l Mul) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	for k := range 2 {
		other, area := x[1-k].Data, len(dy.Data)/max(len(x[k].Data), 1)
		otherArea := len(dy.Data) / max(len(other), 1)
		err := eachElement(ctx, len(dx[k].Data), func(i int) {
			sum := 0.0
			for p := i * area; p < (i+1)*area; p++ {
				sum += float64(dy.Data[p]) * float64(other[p/otherArea])
			}
			dx[k].Data[i] = float32(sum)
		})
		if err != nil {
			return nil, err
		}
	}
	return dx, nil
}

// Shape is that of the input.
func (l *Affine) Shape(x ...[]int) ([]int, error) {
	if len(l.Scale) == 0 || l.Shift != nil && len(l.Shift) != len(l.Scale) {
		return nil, fmt.Errorf("nn: Affine: %d factors and %d summands", len(l.Scale), len(l.Shift))
	}
	n, c, h, w, err := batch(l, x, len(l.Scale))
	return []int{n, c, h, w}, err
}

// Forward multiplies and adds.
func (l *Affine) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, eachPlane(ctx, y.Shape, func(p, channel int) {
		shift := float32(0)
		if l.Shift != nil {
			shift = l.Shift[channel]
		}
		dst := y.plane(p)
		for i, v := range x[0].plane(p) {
			dst[i] = v*l.Scale[channel] + shift
		}
	})
}

// Backward returns the gradient by the input.
func (l *Affine) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	return dx, eachPlane(ctx, y.Shape, func(p, channel int) {
		dst := dx[0].plane(p)
		for i, v := range dy.plane(p) {
			dst[i] = v * l.Scale[channel]
		}
	})
}

// Parameters returns the factors where they are learned.
func (l *Affine) Parameters() []Parameter {
	if l.Learned == "" || len(l.Scale) == 0 {
		return nil
	}
	return []Parameter{{Name: l.Learned, Value: &Tensor{Shape: []int{len(l.Scale), 1, 1}, Data: l.Scale}}}
}

// BackwardParameters returns the gradient by the factors where they are learned; sums are
// in float64.
func (l *Affine) BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	if err := fits(l, dy, y, x); err != nil || l.Learned == "" {
		return nil, err
	}
	sums, err := channelSums(ctx, dy.Shape, func(_, i int) float64 { return float64(dy.Data[i]) * float64(x[0].Data[i]) })
	return []*Tensor{rounded(sums, len(sums), 1, 1)}, err
}
