package gemm

import (
	"sync"

	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/transpose"
)

// packedA is a left matrix in the order in which the kernel reads it.
//
// The k columns are cut into blocks; within a block, every mr rows form a
// panel, k-major, the last one padded with rows of zeros.
type packedA[T Float] struct {
	m, k   int
	block  int // columns of A in a block, the last may be narrower
	kernel *kernel[T]
	data   []T
}

// newPackedA returns an unfilled packedA in buffer, or in new memory if that
// is too small. A block of 0 stands for blockOf.
func newPackedA[T Float](kern *kernel[T], m, k, block int, buffer []T) *packedA[T] {
	if block == 0 {
		block = blockOf(kern, k)
	}
	p := &packedA[T]{m: m, k: k, block: block, kernel: kern, data: buffer}
	if size := p.panels() * kern.mr * k; cap(buffer) < size {
		p.data = pages.Aligned[T](size)
	} else {
		p.data = buffer[:size]
	}
	return p
}

// blockOf returns how many of k summands are added between two stores: k cut
// into equal parts of at most kc. It depends on nothing else, for it decides
// the order of the sums.
func blockOf[T Float](kern *kernel[T], k int) int {
	parts := max(1, ceil(k, kern.kc))
	return max(1, ceil(k, parts))
}

func (p *packedA[T]) panels() int { return ceil(p.m, p.kernel.mr) }

// panel returns panel r of the block of columns [k0, k1).
func (p *packedA[T]) panel(r, k0, k1 int) []T {
	mr := p.kernel.mr
	at := p.panels()*mr*k0 + r*mr*(k1-k0)
	return p.data[at : at+mr*(k1-k0)]
}

// fill packs a, whose lanes are the rows of A.
func (p *packedA[T]) fill(a lines[T]) {
	mr := p.kernel.mr
	parallel.For(p.panels(), max(1, packGrain/(mr*max(p.k, 1))), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for k0 := 0; k0 < p.k; k0 += p.block {
				k1 := min(k0+p.block, p.k)
				a.pack(p.kernel, p.panel(r, k0, k1), mr, k0, k1, r*mr, min((r+1)*mr, p.m))
			}
		}
	})
}

// packGrain is how many elements are worth a goroutine's while to pack.
const packGrain = 1 << 14

// lines is a matrix read as lines of k elements each, the rows of A or the
// columns of B: element p of line i is at data[i*line+p*step], and one of line
// and step is 1.
type lines[T Float] struct {
	data       []T
	line, step int
}

// pack writes elements [k0, k1) of lines [i0, i1) to dst, k-major, width lanes
// to a step, those past i1 zero.
func (s lines[T]) pack(kern *kernel[T], dst []T, width, k0, k1, i0, i1 int) {
	if i1-i0 < width {
		clear(dst)
	}
	if k0 == k1 || i0 == i1 {
		return
	}
	if s.line == 1 && width <= kern.nr {
		kern.copyRows(&dst[0], width, &s.data[k0*s.step+i0], s.step, k1-k0, i1-i0)
		return
	}
	if s.step == 1 {
		transpose.Matrix(dst, width, s.data[i0*s.line+k0:], s.line, i1-i0, k1-k0)
		return
	}
	for i := i0; i < i1; i++ {
		d := dst[i-i0:]
		for p := range k1 - k0 {
			d[p*width] = s.data[i*s.line+(k0+p)*s.step]
		}
	}
}

// workspace is scratch memory that products use again instead of asking for
// new. The zero value is ready; several goroutines may share one.
type workspace[T Float] struct {
	mu   sync.Mutex
	free [][]T
}

// take returns a buffer of size elements, with a length of its choice.
func (w *workspace[T]) take(size int) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.free) - 1; i >= 0; i-- {
		if buffer := w.free[i]; len(buffer) >= size {
			w.free[i] = w.free[len(w.free)-1]
			w.free = w.free[:len(w.free)-1]
			return buffer
		}
	}
	if last := len(w.free) - 1; last >= 0 { // too small: a larger one takes its place
		w.free = w.free[:last]
	}
	return pages.Aligned[T](size)
}

// give returns a buffer that take handed out.
func (w *workspace[T]) give(buffer []T) {
	w.mu.Lock()
	w.free = append(w.free, buffer)
	w.mu.Unlock()
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
