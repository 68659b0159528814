package conv

import (
	"runtime"
	"slices"

	"github.com/glimpse-go/glimpse/internal/elementwise"
	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// depthwise is a convolution of each channel by itself. There is nothing to
// multiply as matrices: vectors run over the channels, and the weights of a pixel
// of the kernel serve several pixels of the output.
type depthwise struct {
	data []float32 // (row, column) of the kernel, channel
}

func packDepthwise(c *Conv, d *depthwise) {
	if d.data == nil {
		d.data = pages.Aligned[float32](c.taps() * c.Out)
	}
	for o := range c.Out {
		for t, at := range c.tapsOf(o) {
			d.data[t*c.Out+o] = c.weight[c.layout.out[o]+at] * c.scale[o]
		}
	}
}

// run writes the convolution of x to y, row by row.
func (d *depthwise) run(c *Conv, x, y, shortcut *Maps, after After, mem *Memory) {
	parallel.For(x.N*y.H, rowsEach(x.N*y.H, y.W*y.C*c.taps()), func(lo, hi int) {
		s := newSlider(c, x, y, shortcut, after, mem)
		defer s.free(mem)
		for r := lo; r < hi; r++ {
			s.row(r/y.H, r%y.H)
		}
	})
}

// rowsEach is how many rows, of so many products each, a task has: what a task begins
// with is paid for by many rows, and there are some tasks for every goroutine.
func rowsEach(rows, products int) int {
	return max(1, 1<<15/products, ceil(rows, 4*runtime.GOMAXPROCS(0)))
}

// A slider moves a kernel whose channels stay apart over maps.
type slider struct {
	Shape
	kern           *kernel
	x, y, shortcut *Maps
	after          After
	args           stencil
	offsets        [][2]int
	ones, zeros    []float32 // with a shortcut

	// Rows of narrow maps are copied to between zeros, so that no pixel is at an edge:
	// one row of the kernel's reach after the other, in turn.
	padded []float32
	held   [][2]int // of each place, the map and one more than the row that it has
}

// narrow times the pixels that a kernel reaches beyond its first is the width of maps
// whose edges are copied away: the wider the kernel, the more pixels see an edge.
const narrow = 20

func newSlider(c *Conv, x, y, shortcut *Maps, after After, mem *Memory) *slider {
	s := &slider{Shape: c.Shape, kern: c.kern, x: x, y: y, shortcut: shortcut, after: after, offsets: make([][2]int, c.taps())}
	s.args = stencil{weights: &c.channels().data[0], bias: &c.bias[0]}
	s.args.floor, s.args.ceiling = after.limits()
	if shortcut != nil {
		s.args.floor, s.args.ceiling = After{}.limits()
		s.ones, s.zeros = slices.Repeat([]float32{1}, y.C), make([]float32, y.C)
	}
	if x.Border == 0 && x.W <= narrow*(c.reach(1)-1) && c.Padding[1] > 0 {
		s.held = make([][2]int, c.reach(0))
		s.padded = mem.take(len(s.held) * s.paddedRow())
		clear(s.padded)
	}
	return s
}

func (s *slider) free(mem *Memory) {
	if s.padded != nil {
		mem.give(s.padded)
	}
}

func (s *slider) paddedRow() int { return (s.x.W + 2*s.Padding[1]) * s.x.C }

// row computes row i of map n.
func (s *slider) row(n, i int) {
	if s.padded != nil {
		s.slidePadded(n, i)
	} else {
		s.slide(n, i)
	}
	row := s.y.data[s.y.pixel(n, i, 0):][:s.y.W*s.y.C]
	if s.shortcut != nil {
		run := func(x []float32) elementwise.Rows { return elementwise.Rows{Data: x, Stride: s.y.C} }
		add := s.shortcut.data[s.shortcut.pixel(n, i, 0):][:len(row)]
		elementwise.Affine(run(row), run(row), run(add), s.ones, s.zeros, s.y.W, s.after.ReLU)
		if s.after.Cap > 0 {
			floor, ceiling := s.after.limits()
			clamp(row, floor, ceiling)
		}
	}
	if s.after.F != nil {
		s.after.F(row)
	}
}

// slidePadded sums row i of map n from padded rows, all pixels together.
func (s *slider) slidePadded(n, i int) {
	x, y, length := s.x, s.y, s.paddedRow()
	args := &s.args
	args.taps = 0
	for u := range s.Kernel[0] {
		row := i*s.Stride - s.Padding[0] + u*s.Dilation
		if uint(row) >= uint(x.H) {
			continue
		}
		place := row % len(s.held)
		if held := [2]int{n, row + 1}; s.held[place] != held {
			copy(s.padded[place*length+s.Padding[1]*x.C:][:x.W*x.C], x.data[x.pixel(n, row, 0):])
			s.held[place] = held
		}
		for v := range s.Kernel[1] {
			s.offsets[args.taps] = [2]int{4 * (place*length + v*s.Dilation*x.C), 4 * (u*s.Kernel[1] + v) * x.C}
			args.taps++
		}
	}
	if args.taps == 0 { // all padding
		s.slide(n, i)
		return
	}
	args.offsets, args.channels = &s.offsets[0], x.C
	args.srcStride, args.dstStride = 4*s.Stride*x.C, 4*y.C
	args.src, args.dst, args.count = &s.padded[0], &y.data[y.pixel(n, i, 0)], y.W
	s.kern.stencil(args)
}

// slide sums row i of map n.
func (s *slider) slide(n, i int) {
	s.slideTo(n, i, s.y.data[s.y.pixel(n, i, 0):], 1, s.y.W)
}

// slideTo sums so many pixels of row i of map n to every step-th pixel of dst: those at
// the edges one by one, each with the taps that lie inside, and all between together.
func (s *slider) slideTo(n, i int, dst []float32, step, width int) {
	x := s.x
	args := &s.args
	args.offsets, args.channels = &s.offsets[0], x.C
	args.dstStride = 4 * step * x.C
	top := i*s.Stride - s.Padding[0]
	base := x.pixel(n, min(max(top, 0), x.H-1), 0) // near by: not all rows need be there
	for j := 0; j < width; j += args.count {
		left := j*s.Stride - s.Padding[1]
		args.taps, args.srcStride = 0, 4*s.Stride*x.C
		for u := range s.Kernel[0] {
			row := top + u*s.Dilation
			if x.Border == 0 && uint(row) >= uint(x.H) {
				continue
			}
			for v := range s.Kernel[1] {
				column := left + v*s.Dilation
				if x.Border > 0 || uint(column) < uint(x.W) {
					s.offsets[args.taps] = [2]int{4 * (x.pixel(n, row, column) - base), 4 * (u*s.Kernel[1] + v) * x.C}
					args.taps++
				}
			}
		}
		if args.taps == 0 { // all padding: the zeros in front of the maps
			s.offsets[0] = [2]int{-4 * base, 0}
			args.taps, args.srcStride = 1, 0
		}
		count := 1
		if x.Border > 0 {
			count = width - j
		} else if left >= 0 && left+s.reach(1) <= x.W { // and so up to the right edge
			count = min(width-j, (x.W-s.reach(1)-left)/s.Stride+1)
		}
		args.src, args.dst, args.count = &x.data[base], &dst[j*step*x.C], count
		s.kern.stencil(args)
		args.count = count
	}
}
