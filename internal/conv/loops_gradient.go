package conv

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/elementwise"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// The loops of loops.go backward. None of the maps has a border, but for x of
// MaxPoolGradient and Pass.

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

// Times writes dy times f(x), element by element; f changes runs of elements in place.
func (m *Maps) Times(dy, x *Maps, f func(y, x []float32), mem *Memory) {
	dx, from, d := m.pixels(), x.pixels(), dy.pixels()
	const run = 1 << 12
	parallel.For(ceil(len(dx), run), 4, func(lo, hi int) {
		slopes := mem.take(run)
		defer mem.give(slopes)
		for r := lo * run; r < min(hi*run, len(dx)); r += run {
			end := min(r+run, len(dx))
			s := slopes[:end-r]
			f(s, from[r:end])
			elementwise.Times(dx[r:end], d[r:end], s)
		}
	})
}

// MeanGradient writes to every pixel of a map its share of the gradient dy by the means.
func (m *Maps) MeanGradient(dy *Maps) {
	share := 1 / float32(m.H*m.W)
	d := dy.pixels()
	parallel.For(m.N*m.H, max(1, 1<<14/(m.W*m.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			from := d[r/m.H*m.C:][:m.C]
			row := m.data[m.pixel(r/m.H, r%m.H, 0):][:m.W*m.C]
			for i := range m.W {
				to := row[i*m.C:][:m.C]
				for c, v := range from {
					to[c] = v * share
				}
			}
		}
	})
}

// AvgPoolGradient writes the gradient by the input of AvgPool.
func AvgPoolGradient(dx, dy *Maps, kernel, stride, padding int, excludePad bool) {
	win := window{kernel, stride, padding}
	eachRowOf(dx, func(n, row int, line []float32) {
		clear(line)
		for i := max(0, ceil(row+padding-kernel+1, stride)); i < dy.H && i*stride-padding <= row; i++ {
			down := win.counted(i, dx.H, excludePad)
			for j := range dy.W {
				share := 1 / (down * win.counted(j, dx.W, excludePad))
				from := dy.data[dy.pixel(n, i, j):][:dy.C]
				for q := max(0, j*stride-padding); q < min(dx.W, j*stride-padding+kernel); q++ {
					to := line[q*dx.C:][:dx.C]
					for c, v := range from {
						to[c] += v * share
					}
				}
			}
		}
	})
}

// MaxPoolGradient writes the gradient by the input x of MaxPool, whose output is y: it goes
// to the largest pixel of each window, the first of equals.
func MaxPoolGradient(dx, dy, y, x *Maps, kernel, stride, padding int) {
	const run = 64 // channels that go through the map together
	parts := ceil(dx.C, run)
	parallel.For(dx.N*parts, 1, func(lo, hi int) {
		offsets := make([][2]int, kernel*kernel)
		for t := lo; t < hi; t++ {
			n, c := t/parts, t%parts*run
			p := selection{offsets: &offsets[0], channels: min(run, dx.C-c)}
			for i := range dx.H * dx.W {
				clear(dx.data[dx.pixel(n, i/dx.W, i%dx.W)+c:][:p.channels])
			}
			for i := range dy.H {
				top, bottom := max(i*stride-padding, 0), min(i*stride-padding+kernel, x.H)
				for j := range dy.W {
					left, right := max(j*stride-padding, 0), min(j*stride-padding+kernel, x.W)
					p.taps = 0
					for u := top; u < bottom; u++ {
						for v := left; v < right; v++ {
							offsets[p.taps] = [2]int{4 * (x.pixel(n, u, v) - x.pixel(n, top, left)), 4 * (dx.pixel(n, u, v) - dx.pixel(n, top, left))}
							p.taps++
						}
					}
					p.x, p.dx = &x.data[x.pixel(n, top, left)+c], &dx.data[dx.pixel(n, top, left)+c]
					p.y, p.dy = &y.data[y.pixel(n, i, j)+c], &dy.data[dy.pixel(n, i, j)+c]
					chosen.choose(&p)
				}
			}
		}
	})
}

// eachRowOf calls f for every row of every map.
func eachRowOf(m *Maps, f func(n, row int, line []float32)) {
	parallel.For(m.N*m.H, max(1, 1<<13/(m.W*m.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			f(r/m.H, r%m.H, m.data[m.pixel(r/m.H, r%m.H, 0):][:m.W*m.C])
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
	parallel.For(m.N, 1, func(lo, hi int) {
		sums, products := make([]float64, m.C), make([]float32, m.C*dy.W)
		for n := lo; n < hi; n++ {
			clear(sums)
			for r := n * area; r < (n+1)*area; r += dy.W {
				elementwise.Times(products, d[r*m.C:], o[r*m.C:])
				elementwise.Sums(sums, elementwise.Rows{Data: products, Stride: m.C}, dy.W)
			}
			to := m.data[m.pixel(n, 0, 0):][:m.C]
			for c, v := range sums {
				to[c] = float32(v)
			}
		}
	})
}

// LayerNormGradient writes the gradient by the input x of LayerNorm:
//
//	dx = (dz - mean(dz) - z mean(dz z)) / sqrt(variance + eps), dz = dy weight
//
// with the normalised pixel z.
func (m *Maps) LayerNormGradient(dy, x *Maps, weight []float32, eps float64) {
	dx, d, from := m.pixels(), dy.pixels(), x.pixels()
	n := float64(m.C)
	pixelsEach(len(dx)/m.C, m.C, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, up, to := from[i*m.C:(i+1)*m.C], d[i*m.C:(i+1)*m.C], dx[i*m.C:(i+1)*m.C]
			var sum, squares, slope, product float64
			for _, v := range row {
				sum += float64(v)
			}
			mean := sum / n
			for c, v := range row {
				z := float64(v) - mean
				dz := float64(up[c]) * float64(weight[c])
				squares += z * z
				slope += dz
				product += dz * z
			}
			variance := squares/n + eps
			factor := 1 / math.Sqrt(variance)
			slope, product = slope/n, product/(n*variance)
			for c, v := range row {
				dz := float64(up[c]) * float64(weight[c])
				to[c] = float32((dz - slope - (float64(v)-mean)*product) * factor)
			}
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
