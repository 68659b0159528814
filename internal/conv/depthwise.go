package conv

import "github.com/glimpse-go/glimpse/internal/parallel"

// depthwise is a convolution of each channel by itself. There is nothing to
// multiply as matrices: vectors run over the channels, and the weights of a pixel
// of the kernel serve several pixels of the output.
type depthwise struct {
	data []float32 // (row, column) of the kernel, channel
}

func packDepthwise(c *Conv) *depthwise {
	taps := c.taps()
	d := &depthwise{data: aligned(taps * c.Out)}
	for o := range c.Out {
		for t := range taps {
			d.data[t*c.Out+o] = c.weight[o*taps+t] * c.scale[o]
		}
	}
	return d
}

// run writes the convolution of x to y, row by row.
func (d *depthwise) run(c *Conv, x, y, shortcut *Maps, after After) {
	parallel.For(x.N*y.H, max(1, 1<<15/(y.W*y.C*c.taps())), func(lo, hi int) {
		s := newSlider(c, x, y, shortcut, after)
		for r := lo; r < hi; r++ {
			s.row(r/y.H, r%y.H)
		}
	})
}

// A slider moves a kernel whose channels stay apart over maps.
type slider struct {
	Shape
	kern           *kernel
	x, y, shortcut *Maps
	after          After
	args           stencil
	offsets        [][2]int
}

func newSlider(c *Conv, x, y, shortcut *Maps, after After) *slider {
	s := &slider{Shape: c.Shape, kern: c.kern, x: x, y: y, shortcut: shortcut, after: after, offsets: make([][2]int, c.taps())}
	s.args = stencil{weights: &c.channels().data[0], bias: &c.bias[0], floor: after.floor()}
	if shortcut != nil {
		s.args.floor = After{}.floor()
	}
	return s
}

// row computes row i of map n.
func (s *slider) row(n, i int) {
	s.slide(n, i)
	row := s.y.data[s.y.pixel(n, i, 0):][:s.y.W*s.y.C]
	if s.shortcut != nil {
		finishGo(row, &s.shortcut.data[s.shortcut.pixel(n, i, 0)], 0, s.after.floor())
	}
	if s.after.F != nil {
		s.after.F(row)
	}
}

// slide sums row i of map n: pixels at the edges one by one, each with the taps
// that lie inside, and all between together.
func (s *slider) slide(n, i int) {
	x, y := s.x, s.y
	args := &s.args
	args.offsets, args.channels = &s.offsets[0], x.C
	args.dstStride = 4 * y.C
	top := i*s.Stride - s.Padding[0]
	base := x.pixel(n, min(max(top, 0), x.H-1), 0) // near by: not all rows need be there
	for j := 0; j < y.W; j += args.count {
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
			count = y.W - j
		} else if left >= 0 && left+s.reach(1) <= x.W { // and so up to the right edge
			count = min(y.W-j, (x.W-s.reach(1)-left)/s.Stride+1)
		}
		args.src, args.dst, args.count = &x.data[base], &y.data[y.pixel(n, i, j)], count
		s.kern.stencil(args)
		args.count = count
	}
}
