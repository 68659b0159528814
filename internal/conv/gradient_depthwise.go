package conv

import "github.com/glimpse-go/glimpse/internal/parallel"

// applyDepthwise writes the gradient of a depthwise convolution with a stride: the parts
// go to every stride-th pixel of a row at once.
func (g *Gradient) applyDepthwise(dx, dy, add *Maps) {
	// Of each part, the first pixel of dx, down and across.
	first := make([][2]int, len(g.parts))
	sliders := func() []*slider {
		list := make([]*slider, len(g.parts))
		for i, p := range g.parts {
			if p.conv == nil {
				continue
			}
			s := &slider{Shape: p.conv.Shape, kern: p.conv.kern, x: dy, y: dx, offsets: make([][2]int, p.conv.taps())}
			s.Padding = g.padding(p, first[i])
			s.args = stencil{weights: &p.conv.channels().data[0], bias: &p.conv.bias[0]}
			s.args.floor, s.args.ceiling = After{}.limits()
			list[i] = s
		}
		return list
	}
	for i, p := range g.parts {
		first[i] = g.first(p)
	}
	parallel.For(dx.N*dx.H, rowsEach(dx.N*dx.H, dx.W*dx.C*g.taps()), func(lo, hi int) {
		list := sliders()
		for r := lo; r < hi; r++ {
			n, i := r/dx.H, r%dx.H
			row := dx.data[dx.pixel(n, i, 0):][:dx.W*dx.C]
			for k, p := range g.parts {
				if (i+g.Padding[0])%g.Stride != p.rest[0] || first[k][1] >= dx.W {
					continue
				}
				if s := list[k]; s != nil {
					s.slideTo(n, (i-first[k][0])/g.Stride, row[first[k][1]*dx.C:], g.Stride, ceil(dx.W-first[k][1], g.Stride))
					continue
				}
				for j := first[k][1]; j < dx.W; j += g.Stride {
					clear(row[j*dx.C:][:dx.C])
				}
			}
			if add != nil {
				for k, v := range add.data[add.pixel(n, i, 0):][:len(row)] {
					row[k] += v
				}
			}
		}
	})
}
