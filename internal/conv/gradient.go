package conv

import (
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A Gradient takes gradients by the output of a convolution, before anything is done
// behind it, to those by its input: the convolution with turned weights (in and out
// exchanged, kernels turned by half a circle),
//
//	dx[i*stride + u*dilation - padding] += weight[u] scale dy[i]
//
// By strides, pixels of the input that are as far from a multiple of the stride see the
// same part of the kernel: each such part is a convolution of stride 1 by itself, and
// its pixels are every stride-th.
type Gradient struct {
	Shape  // the convolution's
	parts  []part
	blocks *blocks // in place of parts, or nil
}

// A part is what the pixels p of the input see where (p + padding) mod stride is rest, down
// and across. Without taps they see nothing.
type part struct {
	rest [2]int
	conv *Conv // nil without taps
}

// Differentiable tells whether a convolution has a Gradient: not where it has both a stride
// and a dilation, or more padding than the kernel reaches.
func (s Shape) Differentiable() bool {
	return s.Padding[0] < s.reach(0) && s.Padding[1] < s.reach(1) && (s.Stride == 1 || s.Dilation == 1)
}

// Gradient returns the gradient of a convolution that has one.
func (c *Conv) Gradient() *Gradient {
	if b := c.blocks(); b != nil {
		return &Gradient{Shape: c.Shape, blocks: b}
	}
	return &Gradient{Shape: c.Shape, parts: c.parts()}
}

// parts returns the way by parts, one for each pixel of a stride.
func (c *Conv) parts() (list []part) {
	s := c.Shape
	for a := range s.Stride {
		for b := range s.Stride {
			p := part{rest: [2]int{a, b}}
			// Taps a, a + stride, ... of the kernel.
			taps := [2]int{ceil(s.Kernel[0]-a, s.Stride), ceil(s.Kernel[1]-b, s.Stride)}
			if taps[0] > 0 && taps[1] > 0 {
				p.conv = c.turned(p.rest, taps)
			}
			list = append(list, p)
		}
	}
	return list
}

// turned is the part of a convolution's gradient whose taps begin at rest.
func (c *Conv) turned(rest, taps [2]int) *Conv {
	s := c.Shape
	in, out := s.In/s.Groups, s.Out/s.Groups
	t := Shape{In: s.Out, Out: s.In, Kernel: taps, Stride: 1, Dilation: s.Dilation, Groups: s.Groups}
	for axis := range 2 {
		if s.Stride == 1 {
			t.Padding[axis] = s.reach(axis) - 1 - s.Padding[axis]
		}
	}
	whole := s.taps()
	l := layout{out: make([]int, s.In), in: in * whole, turned: true}
	for i := range l.out {
		l.out[i] = (i/in*out*in + i%in) * whole
	}
	at := make([]int, taps[0]*taps[1])
	for u := range taps[0] {
		for v := range taps[1] {
			at[(taps[0]-1-u)*taps[1]+taps[1]-1-v] = (rest[0]+u*s.Stride)*s.Kernel[1] + rest[1] + v*s.Stride
		}
	}
	l.taps = [][]int{at}
	return c.derived(t, l)
}

// Rows returns the gradient, as a convolution of one pixel to one pixel, of a convolution
// whose kernel is as large as the map, which it takes to one pixel: from rows of Out
// numbers to rows of the map's, see Maps.Flat.
func (c *Conv) Rows() *Conv {
	s := c.Shape
	area := s.taps()
	t := Shape{In: s.Out, Out: area * s.In, Kernel: [2]int{1, 1}, Stride: 1, Dilation: 1, Groups: 1}
	l := layout{out: make([]int, t.Out), in: t.Out, taps: [][]int{{0}}, turned: true}
	for i := range l.out { // element i is channel i/area, pixel i%area
		l.out[i%area*s.In+i/area] = i
	}
	return c.derived(t, l)
}

// Apply writes the gradient by the input to dx, given that by the output, and adds what is
// at add unless that is nil. None has a border, and dx is none of the others. It returns an error when
// the shapes do not fit.
func (g *Gradient) Apply(dx, dy, add *Maps, mem *Memory) error {
	h, w := g.OutSize(dx.H, dx.W)
	switch {
	case dx.C != g.In || dx.Border != 0 || add != nil && (add.N != dx.N || add.H != dx.H || add.W != dx.W || add.C != dx.C || add.Border != 0):
		return fmt.Errorf("conv: gradient of %s, want %d channels and no border", dx, g.In)
	case dy.N != dx.N || dy.H != h || dy.W != w || dy.C != g.Out || dy.Border != 0:
		return fmt.Errorf("conv: gradient by %s, want %d x %d x %d x %d", dy, dx.N, h, w, g.Out)
	}
	if g.blocks != nil {
		g.blocks.apply(dx, dy, add, mem)
		return nil
	}
	if g.Stride == 1 {
		c := g.parts[0].conv
		c.apply(dx, dy, add, After{}, c.variant(dy), mem)
		return nil
	}
	if g.Depthwise() {
		g.applyDepthwise(dx, dy, add)
		return nil
	}
	for _, p := range g.parts {
		first := g.first(p)
		rows, columns := ceil(dx.H-first[0], g.Stride), ceil(dx.W-first[1], g.Stride)
		if first[0] >= dx.H || first[1] >= dx.W {
			continue
		}
		if p.conv == nil {
			scatter(dx, nil, add, first, g.Stride)
			continue
		}
		c := *p.conv
		c.Padding = g.padding(p, first)
		y := mem.Maps(dx.N, rows, columns, dx.C, 0)
		p.conv.direct().run(&c, dy, y, nil, After{}, mem)
		scatter(dx, y, add, first, g.Stride)
		mem.Free(y)
	}
	return nil
}

// first returns the first pixel of a part, down and across.
func (g *Gradient) first(p part) (first [2]int) {
	for axis := range first {
		first[axis] = mod(p.rest[axis]-g.Padding[axis], g.Stride)
	}
	return first
}

// padding returns that of a part's convolution: pixel first is reached from pixel
// (first + padding - rest) / stride of dy.
func (g *Gradient) padding(p part, first [2]int) (padding [2]int) {
	for axis := range padding {
		padding[axis] = p.conv.Kernel[axis] - 1 - (first[axis]+g.Padding[axis]-p.rest[axis])/g.Stride
	}
	return padding
}

// scatter writes the pixels of y (zeros for nil), plus those of add, to every stride-th
// pixel of dx.
func scatter(dx, y, add *Maps, first [2]int, stride int) {
	rows, columns := ceil(dx.H-first[0], stride), ceil(dx.W-first[1], stride)
	parallel.For(dx.N*rows, max(1, 1<<14/(columns*dx.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			n, i := r/rows, r%rows
			for j := range columns {
				at := dx.pixel(n, first[0]+i*stride, first[1]+j*stride)
				to := dx.data[at:][:dx.C]
				switch {
				case y == nil && add == nil:
					clear(to)
				case y == nil:
					copy(to, add.data[add.pixel(n, first[0]+i*stride, first[1]+j*stride):])
				case add == nil:
					copy(to, y.data[y.pixel(n, i, j):])
				default:
					from := add.data[add.pixel(n, first[0]+i*stride, first[1]+j*stride):][:dx.C]
					for c, v := range y.data[y.pixel(n, i, j):][:dx.C] {
						to[c] = v + from[c]
					}
				}
			}
		}
	})
}

// mod is a modulo b, not negative.
func mod(a, b int) int { return ((a % b) + b) % b }
