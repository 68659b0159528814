package nn

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// planConv is a convolution with the batch norm after it folded in, as one
// matrix product a group: packed weights times patches, which are copied from
// the image straight into the product's panels.
type planConv struct {
	weights         []*gemm.PackedA[float32] // a group each
	bias            []float32                // out
	in, out, kernel int                      // in: channels of a group
	win             window
}

// compileConv folds and packs.
func compileConv(conv *Conv2d, norm *BatchNorm2d) (*planConv, error) {
	out, in, kernel, groups, err := conv.check()
	if err != nil {
		return nil, err
	}
	weight, bias, err := fold(conv, norm)
	if err != nil {
		return nil, err
	}
	c := &planConv{bias: bias, in: in, out: out, kernel: kernel,
		win: window{kernel, max(conv.Stride, 1), conv.Padding, max(conv.Dilation, 1)}}
	depth, rows := in*kernel*kernel, out/groups
	weight = tapsFirst(weight, out, in, kernel*kernel)
	for g := range groups {
		packed, err := gemm.PackA(rows, depth, weight[g*rows*depth:(g+1)*rows*depth], depth)
		if err != nil {
			return nil, err
		}
		c.weights = append(c.weights, packed)
	}
	return c, nil
}

// tapsFirst reorders the weights of each output from (channel, tap) to (tap,
// channel), the order in which patches are packed: all channels of a tap are
// then copied alike, to neighbouring rows of the panel.
func tapsFirst(weight []float32, out, in, taps int) []float32 {
	y := make([]float32, len(weight))
	parallel.For(out, 8, func(lo, hi int) {
		for o := lo; o < hi; o++ {
			row := weight[o*in*taps : (o+1)*in*taps]
			for i, w := range row {
				y[o*in*taps+i%taps*in+i/taps] = w
			}
		}
	})
	return y
}

// run convolves a batch, adds residual (of the output's shape, or nil), and
// rectifies if asked.
func (c *planConv) run(ctx context.Context, x, residual *Tensor, relu bool, a *arena) (*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	groups := len(c.weights)
	n, channels, h, w, err := images("Conv2d", x, c.in*groups)
	if err != nil {
		return nil, err
	}
	oh, ow := c.win.out(h), c.win.out(w)
	if oh < 1 || ow < 1 {
		return nil, fmt.Errorf("nn: Conv2d: kernel %d is larger than the padded image %dx%d", c.kernel, h+2*c.win.padding, w+2*c.win.padding)
	}
	y := a.take(n, c.out, oh, ow)
	if residual != nil && len(residual.Data) != len(y.Data) {
		return nil, fmt.Errorf("nn: shortcut of shape %v does not fit the output %v", residual.Shape, y.Shape)
	}
	src := x
	if c.win.stride > 1 {
		src = a.take(x.Shape...)
		defer a.give(src)
		splitPhases(src.Data, x.Data, n*channels*h, w, c.win.stride)
	}
	rows, area := c.out/groups, oh*ow
	for g, weights := range c.weights {
		p := &patches{x: src.Data[g*c.in*h*w:], image: channels * h * w, h: h, w: w, oh: oh, ow: ow, channels: c.in, win: c.win}
		at := g * rows * area
		out := gemm.Output[float32]{C: y.Data[at:], Stride: area, Area: area, ImageStride: c.out * area,
			Bias: c.bias[g*rows : (g+1)*rows], ReLU: relu}
		if residual != nil {
			out.Residual = residual.Data[at:]
		}
		if err := gemm.Multiply(weights, n*area, p, out, nil); err != nil {
			return nil, err
		}
	}
	return y, nil
}

// splitPhases reorders each row of w pixels by the remainder of the column by
// the stride, so that the pixels under one column of a strided kernel lie side
// by side.
func splitPhases(dst, src []float32, rows, w, stride int) {
	parallel.For(rows, 256, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, s := dst[r*w:(r+1)*w], src[r*w:(r+1)*w]
			i := 0
			for phase := range stride {
				for x := phase; x < w; x += stride {
					d[i] = s[x]
					i++
				}
			}
		}
	})
}

// patches is the matrix of the patches under a kernel, one a column, which is
// never in memory: the product asks for panels of it. Rows are (row, column) of
// the kernel, then channel; columns are (image, row, column) of the output.
type patches struct {
	x            []float32 // the group's channels of the first image, rows split by phases
	image        int       // elements from one image to the next
	h, w, oh, ow int
	channels     int
	win          window
}

// PackPanel fills a panel; see gemm.PanelPacker.
func (p *patches) PackPanel(dst []float32, lanes, k0, k1, j0, j1 int) {
	area := p.oh * p.ow
	for j := j0; j < j1; {
		pixel := j % area
		oy, ox := pixel/p.ow, pixel%p.ow
		cols := min(j1-j, p.ow-ox)
		p.packRun(dst[j-j0:], lanes, k0, k1, p.x[j/area*p.image:], oy, ox, cols)
		j += cols
	}
}

// packRun fills the columns of a panel that belong to output pixels (oy, ox)
// to (oy, ox+cols) of one image.
func (p *patches) packRun(dst []float32, lanes, k0, k1 int, x []float32, oy, ox, cols int) {
	kernel, stride := p.win.kernel, p.win.stride
	plane := p.h * p.w
	for t := k0 / p.channels; t*p.channels < k1; t++ {
		// The channels whose tap t lies in [k0, k1), and where their rows begin.
		c0, c1 := max(k0-t*p.channels, 0), min(k1-t*p.channels, p.channels)
		d := dst[(t*p.channels+c0-k0)*lanes:]
		u, v := t/kernel, t%kernel
		y := oy*stride + u*p.win.dilation - p.win.padding
		if y < 0 || y >= p.h {
			zero(d, lanes, c1-c0, cols)
			continue
		}
		// Column j of the run reads pixel at+j of the phase, of which there are width.
		left := v*p.win.dilation - p.win.padding
		phase := ((left % stride) + stride) % stride
		at := ox + (left-phase)/stride
		begin, width := p.phase(phase)
		lead := min(max(0, -at), cols)        // columns left of the image
		end := max(lead, min(cols, width-at)) // columns up to its right edge
		if lead > 0 {
			zero(d, lanes, c1-c0, lead)
		}
		if end < cols {
			zero(d[end:], lanes, c1-c0, cols-end)
		}
		if lead < end {
			gemm.CopyRows(d[lead:], lanes, x[c0*plane+y*p.w+begin+at+lead:], plane, c1-c0, end-lead)
		}
	}
}

// phase returns where a phase begins in a row, and how many pixels it has.
func (p *patches) phase(phase int) (begin, width int) {
	s := p.win.stride
	for i := range phase {
		begin += (p.w - i + s - 1) / s
	}
	return begin, (p.w - phase + s - 1) / s
}

// zero clears rows runs of cols elements, stride apart.
func zero(dst []float32, stride, rows, cols int) {
	for r := range rows {
		clear(dst[r*stride : r*stride+cols])
	}
}
