package nn

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Conv2d is torch.nn.Conv2d with zero padding and square kernel, stride,
// padding and dilation:
//
//	y[n,o,i,j] = bias[o] + sum over c,u,v of
//	    weight[o,c,u,v] * x[n, c, i*stride+u*dilation-padding, j*stride+v*dilation-padding]
//
// where c runs over the channels of o's group. It is computed as a matrix
// product: the patches under the kernel become the columns of a matrix
// (im2col), which the weights, one row an output channel, multiply.
type Conv2d struct {
	Weight   *Tensor   // out x in/groups x kernel x kernel
	Bias     []float32 // out, or nil
	Stride   int       // 0 means 1
	Padding  int
	Dilation int // 0 means 1
	Groups   int // 0 means 1
}

// Forward maps a batch N x in x H x W to N x out x OH x OW, where
// OH = (H + 2 padding - dilation (kernel-1) - 1) / stride + 1. It returns an
// error when the layer or the batch is misshapen, or the kernel larger than
// the padded image. It stops between images once ctx is done.
func (l *Conv2d) Forward(ctx context.Context, x *Tensor) (*Tensor, error) {
	out, perGroup, kernel, groups, err := l.check()
	if err != nil {
		return nil, err
	}
	n, c, h, w, err := images("Conv2d", x, perGroup*groups)
	if err != nil {
		return nil, err
	}
	win := window{kernel, max(l.Stride, 1), l.Padding, max(l.Dilation, 1)}
	oh, ow := win.out(h), win.out(w)
	if oh < 1 || ow < 1 {
		return nil, fmt.Errorf("nn: Conv2d: kernel %d with dilation %d is larger than the padded image %dx%d",
			kernel, win.dilation, h+2*l.Padding, w+2*l.Padding)
	}
	y := empty(n, out, oh, ow)
	depth, area := perGroup*kernel*kernel, oh*ow
	outGroup := out / groups
	columns := make([]float32, depth*area)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for g := range groups {
			im2col(columns, x.Data[(i*c+g*perGroup)*h*w:], perGroup, h, w, oh, ow, win)
			dst := y.Data[(i*out+g*outGroup)*area:]
			rows := l.Weight.Data[g*outGroup*depth:]
			if err := gemm.Float32(outGroup, area, depth, rows, depth, columns, area, dst, area); err != nil {
				return nil, err
			}
		}
	}
	if l.Bias != nil {
		eachPlane(y, func(channel int, plane []float32) {
			b := l.Bias[channel]
			for j := range plane {
				plane[j] += b
			}
		})
	}
	return y, nil
}

// check validates the layer itself and returns the dimensions of its weight.
func (l *Conv2d) check() (out, perGroup, kernel, groups int, err error) {
	if l.Weight == nil || len(l.Weight.Shape) != 4 || l.Weight.Shape[2] != l.Weight.Shape[3] {
		return 0, 0, 0, 0, fmt.Errorf("nn: Conv2d: want a weight of shape [out in k k], got %v", shapeOf(l.Weight))
	}
	s := l.Weight.Shape
	groups = max(l.Groups, 1)
	size, err := count(s)
	switch {
	case err != nil || size == 0 || size != len(l.Weight.Data):
		err = fmt.Errorf("nn: Conv2d: %d elements do not make a weight of shape %v", len(l.Weight.Data), s)
	case l.Bias != nil && len(l.Bias) != s[0]:
		err = fmt.Errorf("nn: Conv2d: %d biases for %d output channels", len(l.Bias), s[0])
	case s[0]%groups != 0:
		err = fmt.Errorf("nn: Conv2d: %d output channels do not split into %d groups", s[0], groups)
	case l.Stride < 0 || l.Padding < 0 || l.Dilation < 0 || l.Groups < 0:
		err = fmt.Errorf("nn: Conv2d: negative stride %d, padding %d, dilation %d or groups %d", l.Stride, l.Padding, l.Dilation, l.Groups)
	}
	return s[0], s[1], s[2], groups, err
}

// window is how a kernel slides over one axis of an image.
type window struct{ kernel, stride, padding, dilation int }

// out is the number of positions of the window over n pixels.
func (w window) out(n int) int {
	span := n + 2*w.padding - w.dilation*(w.kernel-1) - 1
	if span < 0 {
		return 0
	}
	return span/w.stride + 1
}

// im2col writes the patch under output pixel (i, j) to column i*ow+j of a
// (channels*kernel*kernel) x (oh*ow) matrix; what lies outside the image is 0.
func im2col(columns, x []float32, channels, h, w, oh, ow int, win window) {
	k := win.kernel
	parallel.For(channels*k*k, 8, func(lo, hi int) {
		for row := lo; row < hi; row++ {
			c, u, v := row/(k*k), row/k%k, row%k
			dst := columns[row*oh*ow : (row+1)*oh*ow]
			for i := range oh {
				line := dst[i*ow : (i+1)*ow]
				y := i*win.stride + u*win.dilation - win.padding
				if y < 0 || y >= h {
					clear(line)
					continue
				}
				src := x[(c*h+y)*w : (c*h+y+1)*w]
				for j := range line {
					if p := j*win.stride + v*win.dilation - win.padding; uint(p) < uint(len(src)) {
						line[j] = src[p]
					} else {
						line[j] = 0
					}
				}
			}
		}
	})
}

// eachPlane calls f in parallel on every H x W plane of an NCHW batch.
func eachPlane(t *Tensor, f func(channel int, plane []float32)) {
	channels, area := t.Shape[1], t.Shape[2]*t.Shape[3]
	parallel.For(t.Shape[0]*channels, 8, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			f(p%channels, t.Data[p*area:(p+1)*area])
		}
	})
}
