package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Conv2d is torch.nn.Conv2d with zero padding:
//
//	y[n,o,i,j] = bias[o] + sum over c,u,v of
//	    weight[o,c,u,v] * x[n, c, i*stride+u*dilation-padding, j*stride+v*dilation-padding]
//
//	dx[n,c,p,q] = sum over o,u,v and the i,j that reach pixel p,q of
//	    weight[o,c,u,v] * dy[n,o,i,j]
//
//	dweight[o,c,u,v] = sum over n,i,j of
//	    dy[n,o,i,j] * x[n, c, i*stride+u*dilation-padding, j*stride+v*dilation-padding]
//	dbias[o] = sum over n,i,j of dy[n,o,i,j]
//
// where c runs over the channels of o's group. It is computed as a matrix
// product: the patches under the kernel become the columns of a matrix
// (im2col), which the weights, one row an output channel, multiply. Backward,
// the transposed weights multiply dy, and the columns are added up where they
// came from; and dy multiplies the transposed columns, which gives the gradient
// by the weights.
type Conv2d struct {
	Weight   *Tensor   // out x in/groups x kernel height x kernel width
	Bias     []float32 // out, or nil
	Stride   int       // 0 means 1
	Padding  [2]int    // rows above and below, columns left and right
	Dilation int       // 0 means 1
	Groups   int       // 0 means 1
}

// Square is the padding of n rows and n columns.
func Square(n int) [2]int { return [2]int{n, n} }

// Shape maps N x in x H x W to N x out x OH x OW, where
// OH = (H + 2 padding - dilation (kernel-1) - 1) / stride + 1. It returns an
// error when the layer is misshapen, or the kernel larger than the padded
// image.
func (l *Conv2d) Shape(x ...[]int) ([]int, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	n, _, h, w, err := batch(l, x, l.Weight.Shape[1]*l.groups())
	if err != nil {
		return nil, err
	}
	rows, columns := l.windows()
	oh, ow := rows.out(h), columns.out(w)
	if oh < 1 || ow < 1 {
		return nil, fmt.Errorf("nn: Conv2d: kernel %dx%d with dilation %d is larger than the padded image %dx%d",
			rows.kernel, columns.kernel, rows.dilation, h+2*rows.padding, w+2*columns.padding)
	}
	return []int{n, l.Weight.Shape[0], oh, ow}, nil
}

// Forward convolves a batch. It stops between images once ctx is done.
func (l *Conv2d) Forward(ctx context.Context, x ...*Tensor) (*Tensor, error) {
	y, err := prepare(l, x)
	if err != nil {
		return nil, err
	}
	err = l.eachGroup(ctx, x[0], y, func(columns []float32, x, y patchGroup) error {
		im2col(columns, x, y)
		return gemm.Float32(y.channels, y.h*y.w, y.depth, y.weight, y.depth, columns, y.h*y.w, y.data, y.h*y.w)
	})
	if err != nil || l.Bias == nil {
		return y, err
	}
	return y, eachPlane(ctx, y.Shape, func(p, channel int) {
		plane := y.plane(p)
		for j := range plane {
			plane[j] += l.Bias[channel]
		}
	})
}

// Backward returns the gradient by the input. It stops between images once
// ctx is done.
func (l *Conv2d) Backward(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	dx, err := gradients(l, dy, y, x)
	if err != nil {
		return nil, err
	}
	out, depth := l.Weight.Shape[0]/l.groups(), len(l.Weight.Data)/l.Weight.Shape[0]
	turned := make([]float32, len(l.Weight.Data)) // of each group: depth x out
	for i, v := range l.Weight.Data {
		o, k := i/depth, i%depth
		turned[o/out*out*depth+k*out+o%out] = v
	}
	return dx, l.eachGroup(ctx, dx[0], dy, func(columns []float32, dx, dy patchGroup) error {
		weight := turned[dy.group*out*depth:]
		if err := gemm.Float32(depth, dy.h*dy.w, out, weight, out, dy.data, dy.h*dy.w, columns, dy.h*dy.w); err != nil {
			return err
		}
		col2im(dx, columns, dy)
		return nil
	})
}

// Parameters returns weight and bias.
func (l *Conv2d) Parameters() []Parameter { return matrixParameters(l.Weight, l.Bias) }

// BackwardParameters returns the gradients by weight and bias; sums are in float64. It
// stops between images once ctx is done.
func (l *Conv2d) BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error) {
	if err := fits(l, dy, y, x); err != nil {
		return nil, err
	}
	sums := make([]float64, len(l.Weight.Data))
	var left, right, product []float64
	err := l.eachGroup(ctx, x[0], dy, func(columns []float32, x, dy patchGroup) error {
		im2col(columns, x, dy)
		left, right = float64s(left, dy.data), float64s(right, columns)
		sum := sums[dy.group*dy.channels*dy.depth:][:dy.channels*dy.depth]
		product = slices.Grow(product[:0], len(sum))[:len(sum)]
		if err := gemm.Float64NT(dy.channels, dy.depth, dy.h*dy.w, left, dy.h*dy.w, right, dy.h*dy.w, product, dy.depth); err != nil {
			return err
		}
		for i, v := range product {
			sum[i] += v
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	dw := []*Tensor{rounded(sums, l.Weight.Shape...)}
	if l.Bias == nil {
		return dw, nil
	}
	bias, err := channelSums(ctx, dy.Shape, func(_, i int) float64 { return float64(dy.Data[i]) })
	return append(dw, rounded(bias, len(bias))), err
}

// patchGroup is the channels of one group of one image.
type patchGroup struct {
	group, channels, h, w int
	data                  []float32
	rows, columns         window
	depth                 int       // of a patch: channels and pixels under the kernel
	weight                []float32 // of the output's channels
}

// eachGroup calls f for every image and group, with room for the columns of the
// patches in x that the pixels of y see.
func (l *Conv2d) eachGroup(ctx context.Context, x, y *Tensor, f func(columns []float32, x, y patchGroup) error) error {
	groups := l.groups()
	rows, cols := l.windows()
	in, out := x.Shape[1]/groups, y.Shape[1]/groups
	depth := in * rows.kernel * cols.kernel
	px := patchGroup{channels: in, h: x.Shape[2], w: x.Shape[3], rows: rows, columns: cols}
	py := patchGroup{channels: out, h: y.Shape[2], w: y.Shape[3], depth: depth}
	columns := make([]float32, depth*py.h*py.w)
	for i := range x.Shape[0] {
		if err := ctx.Err(); err != nil {
			return err
		}
		for g := range groups {
			px.group, py.group = g, g
			px.data = x.Data[(i*groups+g)*in*px.h*px.w:][:in*px.h*px.w]
			py.data = y.Data[(i*groups+g)*out*py.h*py.w:][:out*py.h*py.w]
			py.weight = l.Weight.Data[g*out*depth:][:out*depth]
			if err := f(columns, px, py); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Conv2d) groups() int { return max(l.Groups, 1) }

// windows returns how the kernel slides down and across.
func (l *Conv2d) windows() (rows, columns window) {
	stride, dilation := max(l.Stride, 1), max(l.Dilation, 1)
	return window{l.Weight.Shape[2], stride, l.Padding[0], dilation}, window{l.Weight.Shape[3], stride, l.Padding[1], dilation}
}

// check validates the layer itself.
func (l *Conv2d) check() error {
	if l.Weight == nil || len(l.Weight.Shape) != 4 {
		return fmt.Errorf("nn: Conv2d: want a weight of shape [out in kh kw], got %v", shapeOf(l.Weight))
	}
	s := l.Weight.Shape
	switch size, err := count(s); {
	case err != nil || size == 0 || size != len(l.Weight.Data):
		return fmt.Errorf("nn: Conv2d: %d elements do not make a weight of shape %v", len(l.Weight.Data), s)
	case l.Bias != nil && len(l.Bias) != s[0]:
		return fmt.Errorf("nn: Conv2d: %d biases for %d output channels", len(l.Bias), s[0])
	case l.Stride < 0 || l.Padding[0] < 0 || l.Padding[1] < 0 || l.Dilation < 0 || l.Groups < 0:
		return fmt.Errorf("nn: Conv2d: negative stride %d, padding %v, dilation %d or groups %d", l.Stride, l.Padding, l.Dilation, l.Groups)
	case s[0]%l.groups() != 0:
		return fmt.Errorf("nn: Conv2d: %d output channels do not split into %d groups", s[0], l.groups())
	}
	return nil
}

// float64s writes x to dst, which is made longer where it must.
func float64s(dst []float64, x []float32) []float64 {
	dst = slices.Grow(dst[:0], len(x))[:len(x)]
	for i, v := range x {
		dst[i] = float64(v)
	}
	return dst
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
func im2col(columns []float32, x, y patchGroup) {
	eachTap(columns, x, y, func(line []float32, pixels []float32, left int) {
		for j := range line {
			if p := j*x.columns.stride + left; uint(p) < uint(len(pixels)) {
				line[j] = pixels[p]
			} else {
				line[j] = 0
			}
		}
	})
}

// col2im adds every column to the patch that im2col would take it from.
func col2im(x patchGroup, columns []float32, y patchGroup) {
	eachTap(columns, x, y, func(line []float32, pixels []float32, left int) {
		for j, v := range line {
			if p := j*x.columns.stride + left; uint(p) < uint(len(pixels)) {
				pixels[p] += v
			}
		}
	})
}

// eachTap calls f for every row of pixels of y and every pixel of the kernel:
// with the pixels of the matrix of columns that belong to them, and the row of x
// that the kernel's pixel lies on (empty outside the image), at column left for
// the first. Channels are shared out over goroutines.
func eachTap(columns []float32, x, y patchGroup, f func(line, pixels []float32, left int)) {
	kh, kw := x.rows.kernel, x.columns.kernel
	parallel.For(x.channels, max(1, 8/(kh*kw)), func(lo, hi int) {
		for row := lo * kh * kw; row < hi*kh*kw; row++ {
			c, u, v := row/(kh*kw), row/kw%kh, row%kw
			left := v*x.columns.dilation - x.columns.padding
			for i := range y.h {
				var pixels []float32
				if r := i*x.rows.stride + u*x.rows.dilation - x.rows.padding; r >= 0 && r < x.h {
					pixels = x.data[(c*x.h+r)*x.w:][:x.w]
				}
				f(columns[(row*y.h+i)*y.w:][:y.w], pixels, left)
			}
		}
	})
}
