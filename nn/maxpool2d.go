package nn

import (
	"context"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// MaxPool2d is torch.nn.MaxPool2d with a square kernel: the largest value
// under each position of the kernel, padding counting as minus infinity.
type MaxPool2d struct {
	Kernel  int
	Stride  int // 0 means Kernel, as in PyTorch
	Padding int // at most half the kernel
}

// Forward maps N x C x H x W to N x C x OH x OW, where
// OH = (H + 2 padding - kernel) / stride + 1. It returns an error when the
// layer or the batch is misshapen, or ctx is done.
func (l *MaxPool2d) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n, c, h, w, err := images("MaxPool2d", x, 0)
	if err != nil {
		return nil, err
	}
	win, oh, ow, err := l.window(h, w)
	if err != nil {
		return nil, err
	}
	y := empty(n, c, oh, ow)
	l.pool(y, x, win)
	return y, nil
}

// window checks the layer against planes of h x w pixels, and returns how its
// kernel moves and the sides of its output.
func (l *MaxPool2d) window(h, w int) (win window, oh, ow int, err error) {
	if l.Kernel < 1 || l.Stride < 0 || l.Padding < 0 || l.Padding > l.Kernel/2 {
		return win, 0, 0, fmt.Errorf("nn: MaxPool2d: bad kernel %d, stride %d or padding %d", l.Kernel, l.Stride, l.Padding)
	}
	win = window{l.Kernel, l.Stride, l.Padding, 1}
	if win.stride == 0 {
		win.stride = l.Kernel
	}
	oh, ow = win.out(h), win.out(w)
	if oh < 1 || ow < 1 {
		err = fmt.Errorf("nn: MaxPool2d: kernel %d is larger than the padded image %dx%d", l.Kernel, h+2*l.Padding, w+2*l.Padding)
	}
	return win, oh, ow, err
}

// pool pools every plane of x into y.
func (l *MaxPool2d) pool(y, x *Tensor, win window) {
	h, w, oh, ow := x.Shape[2], x.Shape[3], y.Shape[2], y.Shape[3]
	parallel.For(x.Shape[0]*x.Shape[1], 8, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			maxPoolPlane(y.Data[p*oh*ow:(p+1)*oh*ow], x.Data[p*h*w:(p+1)*h*w], h, w, oh, ow, win)
		}
	})
}

// maxPoolPlane pools one h x w plane.
func maxPoolPlane(dst, src []float32, h, w, oh, ow int, win window) {
	for i := range oh {
		top := i*win.stride - win.padding
		y0, y1 := max(top, 0), min(top+win.kernel, h)
		for j := range ow {
			left := j*win.stride - win.padding
			x0, x1 := max(left, 0), min(left+win.kernel, w)
			best := float32(math.Inf(-1))
			for y := y0; y < y1; y++ {
				for _, v := range src[y*w+x0 : y*w+x1] {
					if v > best || v != v { // NaN wins, as in PyTorch
						best = v
					}
				}
			}
			dst[i*ow+j] = best
		}
	}
}
