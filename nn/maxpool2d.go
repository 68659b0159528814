package nn

import (
	"context"
	"fmt"
	"math"
)

// MaxPool2d is torch.nn.MaxPool2d with a square kernel: the largest value
// under each position of the kernel, padding counting as minus infinity. The
// gradient of an output goes to the pixel that was the largest, the first of
// equals in reading order.
type MaxPool2d struct {
	Kernel  int
	Stride  int // 0 means Kernel, as in PyTorch
	Padding int // at most half the kernel
	// CeilMode lets the last window of a row or column reach beyond the padded
	// image, as long as it begins inside the image or the padding before it.
	CeilMode bool
}

// Shape maps N x C x H x W to N x C x OH x OW, where
// OH = (H + 2 padding - kernel) / stride + 1, rounded up in CeilMode. It returns
// an error when the layer is misshapen, or the kernel larger than the padded
// image.
func (l *MaxPool2d) Shape(x ...[]int) ([]int, error) {
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
		return nil, fmt.Errorf("nn: MaxPool2d: kernel %d is larger than the padded image %dx%d", l.Kernel, h+2*l.Padding, w+2*l.Padding)
	}
	return []int{n, c, oh, ow}, nil
}

// Forward pools every plane of a batch.
func (l *MaxPool2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	return y, eachPlane(ctx, y.Shape, func(p, _ int) {
		src, dst := x[0].plane(p), y.plane(p)
		l.eachLargest(x[0].Shape, y.Shape, src, func(i, at int) { dst[i] = src[at] })
	})
}

// Backward returns the gradient by the input.
func (l *MaxPool2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	return dx, eachPlane(ctx, y.Shape, func(p, _ int) {
		src, dst := dy.plane(p), dx[0].plane(p)
		l.eachLargest(x[0].Shape, y.Shape, x[0].plane(p), func(i, at int) { dst[at] += src[i] })
	})
}

// eachLargest calls f for every pixel i of the output with the pixel of the
// input that is the largest under the kernel there.
func (l *MaxPool2d) eachLargest(in, out []int, src []float32, f func(i, at int)) {
	win, _ := poolWindow(l, l.Kernel, l.Stride, l.Padding)
	w := in[3]
	for i := range out[2] {
		y0, y1 := win.span(i, in[2])
		for j := range out[3] {
			x0, x1 := win.span(j, w)
			best, at := float32(math.Inf(-1)), y0*w+x0
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					if v := src[y*w+x]; v > best || v != v { // NaN wins, as in PyTorch
						best, at = v, y*w+x
					}
				}
			}
			f(i*out[3]+j, at)
		}
	}
}

// poolWindow checks the parameters of a pooling.
func poolWindow(op Operation, kernel, stride, padding int) (window, error) {
	if kernel < 1 || stride < 0 || padding < 0 || padding > kernel/2 {
		return window{}, fmt.Errorf("nn: %s: bad kernel %d, stride %d or padding %d", kind(op), kernel, stride, padding)
	}
	if stride == 0 {
		stride = kernel
	}
	return window{kernel, stride, padding, 1}, nil
}

// pooled is the number of positions of a pooling's window over n pixels.
func (w window) pooled(n int, ceilMode bool) int {
	if !ceilMode {
		return w.out(n)
	}
	span := n + 2*w.padding - w.kernel
	out := (max(span, 0)+w.stride-1)/w.stride + 1
	if (out-1)*w.stride >= n+w.padding {
		out-- // the last window would begin in the padding behind the image
	}
	return out
}

// span returns the pixels [from, to) of n that the window covers at position i.
func (w window) span(i, n int) (from, to int) {
	from = i*w.stride - w.padding
	return max(from, 0), min(from+w.kernel, n)
}
