package nn

import (
	"context"
	"fmt"
)

// AvgPool2d is torch.nn.AvgPool2d with a square kernel: the mean under each
// position of the kernel, where padding counts as zeros. Backward, a pixel gets
// its share of every output that it went into.
type AvgPool2d struct {
	Kernel     int
	Stride     int  // 0 means Kernel, as in PyTorch
	Padding    int  // at most half the kernel
	CeilMode   bool // see [MaxPool2d]; what lies beyond the padding does not count
	ExcludePad bool // padding does not count (count_include_pad=False)
}

// AdaptiveAvgPool2d is torch.nn.AdaptiveAvgPool2d to Size x Size pixels: output
// pixel i is the mean of the pixels from floor(i H / Size) up to
// ceil((i+1) H / Size), the same across.
type AdaptiveAvgPool2d struct {
	Size int // 0 means 1: the mean of each plane
}

// average is a pooling whose output is sums over rectangles of the input.
type average interface {
	Operation
	// area returns the pixels [from, to) of n under output pixel i of out, and
	// their weight.
	area(i, n, out int) (from, to int, weight float64)
}

func (l *AvgPool2d) area(i, n, _ int) (from, to int, weight float64) {
	win, _ := poolWindow(l, l.Kernel, l.Stride, l.Padding)
	from, to = win.span(i, n)
	if l.ExcludePad {
		return from, to, 1 / float64(to-from)
	}
	begin := i*win.stride - l.Padding
	return from, to, 1 / float64(min(begin+l.Kernel, n+l.Padding)-begin)
}

func (l *AdaptiveAvgPool2d) area(i, n, out int) (from, to int, weight float64) {
	from, to = i*n/out, ((i+1)*n+out-1)/out
	return from, to, 1 / float64(to-from)
}

// Shape maps N x C x H x W to N x C x OH x OW, where
// OH = (H + 2 padding - kernel) / stride + 1, rounded up in CeilMode. It returns
// an error when the layer is misshapen, or the kernel larger than the padded image.
func (l *AvgPool2d) Shape(x ...[]int) ([]int, error) {
	n, c, h, w, err := batch(l, x, 0)
	if err != nil {
		return nil, err
	}
	win, err := poolWindow(l, l.Kernel, l.Stride, l.Padding)
	if err != nil {
		return nil, err
	}
	oh, ow := win.pooled(h, l.CeilMode), win.pooled(w, l.CeilMode)
	if oh < 1 || ow < 1 {
		return nil, fmt.Errorf("nn: AvgPool2d: kernel %d is larger than the padded image %dx%d", l.Kernel, h+2*l.Padding, w+2*l.Padding)
	}
	return []int{n, c, oh, ow}, nil
}

// Shape maps N x C x H x W to N x C x Size x Size.
func (l *AdaptiveAvgPool2d) Shape(x ...[]int) ([]int, error) {
	n, c, _, _, err := batch(l, x, 0)
	if err != nil {
		return nil, err
	}
	if l.Size < 0 {
		return nil, fmt.Errorf("nn: AdaptiveAvgPool2d: bad size %d", l.Size)
	}
	return []int{n, c, max(l.Size, 1), max(l.Size, 1)}, nil
}

// Forward pools every plane of a batch; sums are in float64.
func (l *AvgPool2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	return averages(ctx, l, x)
}

// Forward pools every plane of a batch; sums are in float64.
func (l *AdaptiveAvgPool2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	return averages(ctx, l, x)
}

// Backward returns the gradient by the input.
func (l *AvgPool2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return averagesBackward(ctx, l, dy, y, x)
}

// Backward returns the gradient by the input.
func (l *AdaptiveAvgPool2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	return averagesBackward(ctx, l, dy, y, x)
}

func averages(ctx context.Context, l average, x []*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	h, w, oh, ow := x[0].Shape[2], x[0].Shape[3], y.Shape[2], y.Shape[3]
	return y, eachPlane(ctx, y.Shape, func(p, _ int) {
		src, dst := x[0].plane(p), y.plane(p)
		for i := range dst {
			y0, y1, down := l.area(i/ow, h, oh)
			x0, x1, across := l.area(i%ow, w, ow)
			sum := 0.0
			for r := y0; r < y1; r++ {
				for _, v := range src[r*w+x0 : r*w+x1] {
					sum += float64(v)
				}
			}
			dst[i] = float32(sum * down * across)
		}
	})
}

func averagesBackward(ctx context.Context, l average, dy, y *Tensor, x []*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	h, w, oh, ow := x[0].Shape[2], x[0].Shape[3], y.Shape[2], y.Shape[3]
	return dx, eachPlane(ctx, y.Shape, func(p, _ int) {
		dst := dx[0].plane(p)
		for i, v := range dy.plane(p) {
			y0, y1, down := l.area(i/ow, h, oh)
			x0, x1, across := l.area(i%ow, w, ow)
			share := float32(float64(v) * down * across)
			for r := y0; r < y1; r++ {
				for c := x0; c < x1; c++ {
					dst[r*w+c] += share
				}
			}
		}
	})
}
