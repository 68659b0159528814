package nn

import (
	"context"
	"fmt"
	"slices"
)

// Operations that compute nothing: every element of the output is one of the
// inputs', and a gradient goes back the way that the element came.

// Concat is torch.cat over the channels of N x C x H x W.
type Concat struct{}

// Slice takes the channels From up to To (not included) of N x C x H x W: one
// part of torch.chunk.
type Slice struct{ From, To int }

// ChannelShuffle is torch.nn.ChannelShuffle: of C = Groups x K channels, channel
// g K + k goes to k Groups + g.
type ChannelShuffle struct{ Groups int }

// Flatten is torch.flatten(x, 1): N x C x H x W becomes N x CHW.
type Flatten struct{}

// Permute is torch.permute of four dimensions: dimension i of the output is
// dimension Dims[i] of the input.
type Permute struct{ Dims [4]int }

// Subsample takes every Stride-th row and column of N x C x H x W, and puts channels of
// zeros Before and After: the shortcut of option A of He et al. 2015, as in
// F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 8, 8)).
type Subsample struct{ Stride, Before, After int }

// Identity is torch.nn.Identity, and torch.nn.Dropout and torchvision's
// StochasticDepth in eval mode.
type Identity struct{}

// mover is an operation that moves elements. move calls f for runs of n
// elements, of which the first is at from in input i and at to in the output,
// and later ones inStep and 1 further.
type mover interface {
	Operation
	move(out []int, in [][]int, f func(i, from, to, n, inStep int))
}

// Shape adds the channels up.
func (l Concat) Shape(x ...[]int) ([]int, error) {
	if len(x) == 0 {
		return nil, fmt.Errorf("nn: Concat: no inputs")
	}
	channels := 0
	for _, s := range x {
		if len(s) != 4 || slices.Min(s) < 1 || s[0] != x[0][0] || !slices.Equal(s[2:], x[0][2:]) {
			return nil, fmt.Errorf("nn: Concat: shapes %v do not fit each other", x)
		}
		channels += s[1]
	}
	return []int{x[0][0], channels, x[0][2], x[0][3]}, nil
}

func (l Concat) move(out []int, in [][]int, f func(i, from, to, n, inStep int)) {
	area := out[2] * out[3]
	for n := range out[0] {
		to := n * out[1] * area
		for i, s := range in {
			f(i, n*s[1]*area, to, s[1]*area, 1)
			to += s[1] * area
		}
	}
}

// Shape is that of the input with To - From channels.
func (l Slice) Shape(x ...[]int) ([]int, error) {
	n, c, h, w, err := batch(l, x, 0)
	if err != nil {
		return nil, err
	}
	if l.From < 0 || l.From >= l.To || l.To > c {
		return nil, fmt.Errorf("nn: Slice: channels %d to %d of shape %v", l.From, l.To, x[0])
	}
	return []int{n, l.To - l.From, h, w}, nil
}

func (l Slice) move(out []int, in [][]int, f func(i, from, to, n, inStep int)) {
	area := out[2] * out[3]
	for n := range out[0] {
		f(0, (n*in[0][1]+l.From)*area, n*out[1]*area, out[1]*area, 1)
	}
}

// Shape is that of the input, whose channels Groups divides.
func (l ChannelShuffle) Shape(x ...[]int) ([]int, error) {
	n, c, h, w, err := batch(l, x, 0)
	if err != nil {
		return nil, err
	}
	if l.Groups < 1 || c%l.Groups != 0 {
		return nil, fmt.Errorf("nn: ChannelShuffle: %d groups of shape %v", l.Groups, x[0])
	}
	return []int{n, c, h, w}, nil
}

func (l ChannelShuffle) move(out []int, _ [][]int, f func(i, from, to, n, inStep int)) {
	area, each := out[2]*out[3], out[1]/l.Groups
	for n := range out[0] {
		for c := range out[1] {
			f(0, (n*out[1]+c%l.Groups*each+c/l.Groups)*area, (n*out[1]+c)*area, area, 1)
		}
	}
}

// Shape is N x the number of elements of each sample.
func (l Flatten) Shape(x ...[]int) ([]int, error) {
	s, err := one(l, x)
	if err != nil {
		return nil, err
	}
	if len(s) < 2 || slices.Min(s) < 1 {
		return nil, fmt.Errorf("nn: Flatten: want a batch, got shape %v", s)
	}
	n := 1
	for _, d := range s[1:] {
		n *= d
	}
	return []int{s[0], n}, nil
}

func (l Flatten) move(out []int, _ [][]int, f func(i, from, to, n, inStep int)) {
	f(0, 0, 0, out[0]*out[1], 1)
}

// Shape is that of the input with its dimensions in another order.
func (l Permute) Shape(x ...[]int) ([]int, error) {
	s, err := one(l, x)
	if err != nil {
		return nil, err
	}
	sorted := l.Dims
	slices.Sort(sorted[:])
	if len(s) != 4 || slices.Min(s) < 1 || sorted != [4]int{0, 1, 2, 3} {
		return nil, fmt.Errorf("nn: Permute: order %v of shape %v", l.Dims, s)
	}
	out := make([]int, 4)
	for i, d := range l.Dims {
		out[i] = s[d]
	}
	return out, nil
}

func (l Permute) move(out []int, in [][]int, f func(i, from, to, n, inStep int)) {
	steps := [4]int{3: 1} // of the input's dimensions
	for d := 2; d >= 0; d-- {
		steps[d] = steps[d+1] * in[0][d+1]
	}
	to := 0
	for a := range out[0] {
		for b := range out[1] {
			for c := range out[2] {
				f(0, a*steps[l.Dims[0]]+b*steps[l.Dims[1]]+c*steps[l.Dims[2]], to, out[3], steps[l.Dims[3]])
				to += out[3]
			}
		}
	}
}

// Shape is that of the input.
func (l Identity) Shape(x ...[]int) ([]int, error) { return one(l, x) }

func (l Identity) move(out []int, _ [][]int, f func(i, from, to, n, inStep int)) {
	n := 1
	for _, d := range out {
		n *= d
	}
	f(0, 0, 0, n, 1)
}

// Shape maps N x C x H x W to N x (Before + C + After) x ceil(H/Stride) x
// ceil(W/Stride).
func (l Subsample) Shape(x ...[]int) ([]int, error) {
	n, c, h, w, err := batch(l, x, 0)
	if err != nil {
		return nil, err
	}
	if l.Stride < 1 || l.Before < 0 || l.After < 0 {
		return nil, fmt.Errorf("nn: Subsample: bad stride %d or channels %d and %d", l.Stride, l.Before, l.After)
	}
	return []int{n, l.Before + c + l.After, (h-1)/l.Stride + 1, (w-1)/l.Stride + 1}, nil
}

func (l Subsample) move(out []int, in [][]int, f func(i, from, to, n, inStep int)) {
	channels, h, w := in[0][1], in[0][2], in[0][3]
	for n := range out[0] {
		for c := range channels {
			for i := range out[2] {
				from := ((n*channels+c)*h + i*l.Stride) * w
				f(0, from, ((n*out[1]+l.Before+c)*out[2]+i)*out[3], out[3], l.Stride)
			}
		}
	}
}

// Forward copies every element of the inputs to its place.
func (l Concat) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error)  { return moved(ctx, l, x) }
func (l Slice) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error)   { return moved(ctx, l, x) }
func (l Flatten) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) { return moved(ctx, l, x) }
func (l Permute) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) { return moved(ctx, l, x) }
func (l Subsample) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	return moved(ctx, l, x)
}
func (l Identity) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	return moved(ctx, l, x)
}
func (l ChannelShuffle) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	return moved(ctx, l, x)
}

// Backward copies every element of dy to where it came from.
func (l Concat) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l Slice) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l ChannelShuffle) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l Flatten) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l Permute) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l Subsample) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}
func (l Identity) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return movedBack(ctx, l, dy, y, x)
}

func moved(ctx context.Context, l mover, x []*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	l.move(y.Shape, shapesOf(x), func(i, from, to, n, inStep int) {
		src, dst := x[i].Data[from:], y.Data[to:to+n]
		for j := range dst {
			dst[j] = src[j*inStep]
		}
	})
	return y, ctx.Err()
}

func movedBack(ctx context.Context, l mover, dy, y *Tensor, x []*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	l.move(y.Shape, shapesOf(x), func(i, from, to, n, inStep int) {
		src, dst := dy.Data[to:to+n], dx[i].Data[from:]
		for j, v := range src {
			dst[j*inStep] = v
		}
	})
	return dx, ctx.Err()
}

func shapesOf(x []*Tensor) [][]int {
	shapes := make([][]int, len(x))
	for i, t := range x {
		shapes[i] = t.Shape
	}
	return shapes
}
