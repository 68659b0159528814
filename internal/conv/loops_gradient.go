package conv

import (
	"github.com/glimpse-go/glimpse/internal/elementwise"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// The loops of loops.go backward. None of the maps has a border, but for x of
// Pass.

// Pass keeps of the gradient by a rectified output y, in place, what passes: where y is
// above 0 and, unless that is 0, below a cap; with guided only what is positive itself.
func (m *Maps) Pass(y *Maps, limit float32, guided bool) {
	dy, out := m.pixels(), y.pixels()
	parallel.For(len(dy), 1<<15, func(lo, hi int) { elementwise.Pass(dy[lo:hi], out[lo:hi], limit, guided) })
}

// Copy writes x.
func (m *Maps) Copy(x *Maps) {
	y, from := m.pixels(), x.pixels()
	parallel.For(len(y), 1<<15, func(lo, hi int) { copy(y[lo:hi], from[lo:hi]) })
}

// Add adds x.
func (m *Maps) Add(x *Maps) { m.Sum(m, x, false) }

// Flat views maps as ones of a single pixel: what the network flattens, but for the order.
func (m *Maps) Flat() *Maps {
	return &Maps{N: m.N, H: 1, W: 1, C: m.H * m.W * m.C, lead: m.pixel(0, 0, 0), data: m.data}
}

// EachGradient writes the gradient by the input x of Each: f gets runs of dx, dy and x.
func (m *Maps) EachGradient(dy, x *Maps, f func(dx, dy, x []float32)) {
	dx := m.pixels()
	d, from := dy.pixels()[:len(dx)], x.pixels()[:len(dx)]
	parallel.For(len(dx), 1<<14, func(lo, hi int) { f(dx[lo:hi], d[lo:hi], from[lo:hi]) })
}

// MeanGradient writes to every pixel of a map its share of the gradient dy by the means, or
// adds it.
func (m *Maps) MeanGradient(dy *Maps, add bool) {
	part := 1 / float32(m.H*m.W)
	d := dy.pixels()
	ones := make([]float32, m.C)
	for c := range ones {
		ones[c] = 1
	}
	parallel.For(m.N*m.H, max(1, 1<<14/(m.W*m.C)), func(lo, hi int) {
		share := make([]float32, m.C)
		for r := lo; r < hi; r++ {
			for c, v := range d[r/m.H*m.C:][:m.C] {
				share[c] = v * part
			}
			row := m.data[m.pixel(r/m.H, r%m.H, 0):][:m.W*m.C]
			if add {
				rows := elementwise.Rows{Data: row, Stride: m.C}
				elementwise.Affine(rows, rows, elementwise.Rows{}, ones, share, m.W, false)
				continue
			}
			for done := copy(row, share); done < len(row); done *= 2 {
				copy(row[done:], row[:done])
			}
		}
	})
}

// MultiplyGradient writes the gradient by one factor of Multiply, given the other.
func (m *Maps) MultiplyGradient(dy, other *Maps) {
	if m.H*m.W == dy.H*dy.W {
		m.Multiply(dy, other)
		return
	}
	d, o := dy.pixels(), other.pixels()
	area := dy.H * dy.W
	// Runs of channels, so that one large map is shared out, too.
	const run = 64
	parts := ceil(m.C, run)
	parallel.For(m.N*parts, max(1, 1<<15/(area*run)), func(lo, hi int) {
		var sums [run]float64
		for t := lo; t < hi; t++ {
			n, c := t/parts, t%parts*run
			part := sums[:min(run, m.C-c)]
			clear(part)
			rows := func(x []float32) elementwise.Rows { return elementwise.Rows{Data: x[n*area*m.C+c:], Stride: m.C} }
			elementwise.Dots(part, rows(d), rows(o), area)
			to := m.data[m.pixel(n, 0, 0)+c:]
			for i, v := range part {
				to[i] = float32(v)
			}
		}
	})
}

// LayerNormGradient writes the gradient by the input x of LayerNorm.
func (m *Maps) LayerNormGradient(dy, x *Maps, weight []float32, eps float64) {
	dx, d, from := m.pixels(), dy.pixels(), x.pixels()
	pixelsEach(len(dx)/m.C, m.C, func(lo, hi int) {
		at, end := lo*m.C, hi*m.C
		elementwise.LayerNormGradient(dx[at:end], d[at:end], from[at:end], weight, hi-lo, eps)
	})
}

// LayerNormSums writes the gradients by the weight and the bias of the LayerNorm of m: the
// sums over all pixels of dy z, with the normalised pixel z, and of dy.
func (m *Maps) LayerNormSums(dweight, dbias []float64, dy *Maps, eps float64, mem *Memory) {
	ones, zeros, centre := make([]float32, m.C), make([]float32, m.C), make([]float64, m.C)
	for c := range ones {
		ones[c] = 1
	}
	run := max(1, 1<<12/m.C) // pixels that are near still when z is read
	m.sums(dbias, dweight, mem, func(sum, products []float64, lo, hi int) {
		z := mem.take(run * m.C)
		defer mem.give(z)
		for ; lo < hi; lo += run {
			n := min(run, hi-lo)
			elementwise.LayerNorm(z, m.run(lo, lo+n), ones, zeros, n, eps)
			elementwise.Products(sum, products, dy.run(lo, lo+n), z, nil, centre, m.C, n)
		}
	})
}

// Place writes x to the channels from one on; the others become 0, unless add, which adds
// x to what is there.
func (m *Maps) Place(x *Maps, from int, add bool) {
	y, p := m.pixels(), x.pixels()
	pixelsEach(len(y)/m.C, m.C, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			to := y[i*m.C : (i+1)*m.C]
			if !add {
				clear(to)
				copy(to[from:], p[i*x.C:(i+1)*x.C])
				continue
			}
			to = to[from:][:x.C]
			for c, v := range p[i*x.C : (i+1)*x.C] {
				to[c] += v
			}
		}
	})
}
