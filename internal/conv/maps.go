package conv

import (
	"fmt"
	"slices"
	"sync"

	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Maps is a batch of N feature maps of H x W pixels with C channels each,
// channels last: the channels of a pixel lie side by side, pixels by rows. A
// border of zeros that wide surrounds each map.
type Maps struct {
	N, H, W, C, Border int

	first int       // map of data that is the first of these
	lead  int       // elements before the first map: a pixel of zeros, what padding reads
	data  []float32 // begins on a cache line
}

func (m *Maps) String() string {
	return fmt.Sprintf("%d x %d x %d x %d, border %d", m.N, m.H, m.W, m.C, m.Border)
}

// pixel returns where pixel (y, x) of map n begins in data.
func (m *Maps) pixel(n, y, x int) int {
	return m.lead + (((m.first+n)*(m.H+2*m.Border)+y+m.Border)*(m.W+2*m.Border)+x+m.Border)*m.C
}

// Images returns maps [lo, hi) of the batch, without copying.
func (m *Maps) Images(lo, hi int) *Maps {
	part := *m
	part.N, part.first = hi-lo, m.first+lo
	return &part
}

// pixels returns all pixels, if there is no border.
func (m *Maps) pixels() []float32 {
	return m.data[m.pixel(0, 0, 0):m.pixel(m.N, 0, 0)]
}

// Memory hands out memory and takes it back, so that a network that runs again
// allocates nothing. The zero value is ready; several goroutines may share one.
type Memory struct {
	mu   sync.Mutex
	free [][]float32
}

// Maps returns a batch whose pixels are to be written before they are read.
func (mem *Memory) Maps(n, h, w, c, border int) *Maps {
	m := &Maps{N: n, H: h, W: w, C: c, Border: border, lead: ceil(c, vector) * vector}
	m.data = mem.take(m.lead + n*(h+2*border)*(w+2*border)*c)
	clear(m.data[:m.lead])
	return m
}

// Free takes a batch back. It must not be used any more.
func (mem *Memory) Free(m *Maps) {
	mem.give(m.data)
	m.data = nil
}

// take returns n elements that begin on a cache line, from the smallest free
// piece that has so many. Where there is none, a new one takes the place of the largest:
// what is kept is no more than what was once in use together, whatever sizes come.
func (mem *Memory) take(n int) []float32 {
	mem.mu.Lock()
	defer mem.mu.Unlock()
	best, largest := -1, -1
	for i, f := range mem.free {
		if cap(f) >= n && (best < 0 || cap(f) < cap(mem.free[best])) {
			best = i
		}
		if largest < 0 || cap(f) > cap(mem.free[largest]) {
			largest = i
		}
	}
	if best < 0 {
		if largest >= 0 {
			mem.free = slices.Delete(mem.free, largest, largest+1)
		}
		return pages.Aligned[float32](n)
	}
	f := mem.free[best][:n]
	mem.free = slices.Delete(mem.free, best, best+1)
	return f
}

func (mem *Memory) give(f []float32) {
	mem.mu.Lock()
	mem.free = append(mem.free, f)
	mem.mu.Unlock()
}

// FromNCHW returns a copy of a batch n x c x h x w, with a border.
func FromNCHW(x []float32, n, c, h, w, border int, mem *Memory) *Maps {
	m := mem.Maps(n, h, w, c, border)
	m.SetNCHW(x)
	return m
}

// SetNCHW copies a batch N x C x H x W, and clears the border.
func (m *Maps) SetNCHW(x []float32) {
	c, h, w, border := m.C, m.H, m.W, m.Border
	rows, width := h+2*border, (w+2*border)*c
	parallel.For(m.N*rows, max(1, 1<<14/width), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			i, y := r/rows, r%rows-border
			row := m.data[m.pixel(i, y, -border):][:width]
			if y < 0 || y >= h {
				clear(row)
				continue
			}
			clear(row[:border*c])
			clear(row[width-border*c:])
			interleave(row[border*c:width-border*c], x[i*c*h*w+y*w:], h*w, c)
		}
	})
}

// interleave makes one row of pixels of c planes, each plane elements after
// the one before.
func interleave(dst, src []float32, plane, c int) {
	w := len(dst) / c
	if c == 3 {
		r, g, b := src[:w], src[plane:][:w], src[2*plane:][:w]
		for i := range r {
			d := dst[3*i:][:3]
			d[0], d[1], d[2] = r[i], g[i], b[i]
		}
		return
	}
	for j := range c {
		for i, v := range src[j*plane:][:w] {
			dst[i*c+j] = v
		}
	}
}

// NCHW returns a copy as a batch N x C x H x W.
func (m *Maps) NCHW() []float32 {
	out := make([]float32, m.N*m.C*m.H*m.W)
	m.CopyNCHW(out)
	return out
}

// CopyNCHW writes a copy as a batch N x C x H x W.
func (m *Maps) CopyNCHW(out []float32) {
	area := m.H * m.W
	parallel.For(m.N*m.H, max(1, 1<<14/(m.W*m.C)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			n, y := r/m.H, r%m.H
			row := m.data[m.pixel(n, y, 0):][:m.W*m.C]
			dst := out[n*m.C*area+y*m.W:]
			for j := range m.C {
				d := dst[j*area:][:m.W]
				for i := range d {
					d[i] = row[i*m.C+j]
				}
			}
		}
	})
}

// SetPixels copies a batch N x H x W x C, and CopyPixels writes one. There is no border.
func (m *Maps) SetPixels(x []float32)    { copy(m.pixels(), x) }
func (m *Maps) CopyPixels(out []float32) { copy(out, m.pixels()) }

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
