package conv

import (
	"github.com/glimpse-go/glimpse/internal/elementwise"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// What is no convolution: loops over all pixels, shared out over goroutines. None of
// the maps has a border, but for those that Affine and Mean read.

// pixelsEach calls f for runs of pixels of so many channels, counted through the batch.
func pixelsEach(pixels, channels int, f func(lo, hi int)) {
	parallel.For(pixels, max(1, 1<<14/channels), f)
}

// Each writes f of all elements of x.
func (m *Maps) Each(x *Maps, f func(y, x []float32)) {
	y := m.pixels()
	from := x.pixels()[:len(y)]
	parallel.For(len(y), 1<<14, func(lo, hi int) { f(y[lo:hi], from[lo:hi]) })
}

// Sum writes a + b, element by element, and rectifies if asked. All have the same
// shape.
func (m *Maps) Sum(a, b *Maps, relu bool) {
	y := m.pixels()
	p, q := a.pixels()[:len(y)], b.pixels()[:len(y)]
	ones, zeros := make([]float32, m.C), make([]float32, m.C)
	for i := range ones {
		ones[i] = 1
	}
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		run := func(x []float32) elementwise.Rows { return elementwise.Rows{Data: x[lo*m.C : hi*m.C], Stride: m.C} }
		elementwise.Affine(run(y), run(p), run(q), ones, zeros, hi-lo, relu)
	})
}

// Affine writes x times scale plus shift, one of each a channel, and rectifies if asked.
// The channels are those of several maps, one after the other.
func (m *Maps) Affine(x []*Maps, scale, shift []float32, relu bool) {
	if x[0].Border > 0 {
		x = []*Maps{x[0].withoutBorder()}
	}
	y := m.pixels()
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		at := 0
		for _, part := range x {
			to := elementwise.Rows{Data: y[lo*m.C+at:], Stride: m.C}
			from := elementwise.Rows{Data: part.pixels()[lo*part.C : hi*part.C], Stride: part.C}
			elementwise.Affine(to, from, elementwise.Rows{}, scale[at:at+part.C], shift[at:], hi-lo, relu)
			at += part.C
		}
	})
}

// withoutBorder returns a copy.
func (m *Maps) withoutBorder() *Maps {
	var mem Memory
	y := mem.Maps(m.N, m.H, m.W, m.C, 0)
	for r := range m.N * m.H {
		copy(y.data[y.pixel(r/m.H, r%m.H, 0):][:m.W*m.C], m.data[m.pixel(r/m.H, r%m.H, 0):])
	}
	return y
}

// Multiply writes a times b; either may have one pixel for each map of the other.
func (m *Maps) Multiply(a, b *Maps) {
	if len(a.pixels()) < len(b.pixels()) {
		a, b = b, a
	}
	y, p, q := m.pixels(), a.pixels(), b.pixels()
	if len(p) == len(q) {
		parallel.For(len(y), 1<<14, func(lo, hi int) { elementwise.Times(y[lo:hi], p[lo:hi], q[lo:hi]) })
		return
	}
	zeros := make([]float32, m.C)
	parallel.For(m.N*m.H, max(1, 1<<14/(m.W*m.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := func(x []float32) elementwise.Rows {
				return elementwise.Rows{Data: x[r*m.W*m.C : (r+1)*m.W*m.C], Stride: m.C}
			}
			n := r / m.H
			elementwise.Affine(row(y), row(p), elementwise.Rows{}, q[n*m.C:(n+1)*m.C], zeros, m.W, false)
		}
	})
}

// Mean writes the mean of each channel of each map of x to maps of one pixel.
func (m *Maps) Mean(x *Maps) {
	// Runs of channels, so that one large map is shared out, too.
	const run = 64
	parts := ceil(x.C, run)
	area := float64(x.H * x.W)
	parallel.For(x.N*parts, max(1, 1<<15/(x.H*x.W*run)), func(lo, hi int) {
		var sums [run]float64
		for t := lo; t < hi; t++ {
			n, c := t/parts, t%parts*run
			part := sums[:min(run, x.C-c)]
			clear(part)
			if x.Border == 0 {
				elementwise.Sums(part, elementwise.Rows{Data: x.data[x.pixel(n, 0, 0)+c:], Stride: x.C}, x.H*x.W)
			} else {
				for i := range x.H {
					elementwise.Sums(part, elementwise.Rows{Data: x.data[x.pixel(n, i, 0)+c:], Stride: x.C}, x.W)
				}
			}
			y := m.data[m.pixel(n, 0, 0)+c:]
			for i, s := range part {
				y[i] = float32(s / area)
			}
		}
	})
}

// LayerNorm normalises the channels of each pixel of x.
func (m *Maps) LayerNorm(x *Maps, weight, bias []float32, eps float64) {
	y, from := m.pixels(), x.pixels()
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		elementwise.LayerNorm(y[lo*m.C:hi*m.C], from[lo*m.C:hi*m.C], weight, bias, hi-lo, eps)
	})
}

// Concat writes the channels of all maps one after the other.
func (m *Maps) Concat(x []*Maps) {
	y := m.pixels()
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		at := 0
		for _, part := range x {
			from := part.pixels()
			for i := lo; i < hi; i++ {
				copy(y[i*m.C+at:][:part.C], from[i*part.C:])
			}
			at += part.C
		}
	})
}

// Slice writes the channels of x from one on.
func (m *Maps) Slice(x *Maps, from int) {
	y, p := m.pixels(), x.pixels()
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(y[i*m.C:(i+1)*m.C], p[i*x.C+from:])
		}
	})
}

// Shuffle writes channel g K + k of groups of K channels to k groups + g.
func (m *Maps) Shuffle(x *Maps, groups int) {
	y, from := m.pixels(), x.pixels()
	each := m.C / groups
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p, q := from[i*m.C:(i+1)*m.C], y[i*m.C:(i+1)*m.C]
			for g := range groups {
				for k, v := range p[g*each : (g+1)*each] {
					q[k*groups+g] = v
				}
			}
		}
	})
}
