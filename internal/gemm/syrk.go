package gemm

import (
	"fmt"
	"runtime"

	"github.com/glimpse-go/glimpse/internal/pages"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Panels hold the rows of a matrix A of n columns in the order in which the kernel
// reads them, for AᵀA: who makes the rows writes them where they are needed, once, and
// both sides of the product read them there.
//
// The columns are cut into panels of Width, the last padded with zeros; a panel holds
// its part of one row after the other.
type Panels[T Float] struct {
	kern    *kernel[T]
	n, rows int
	data    []T
}

// NewPanels returns panels for up to rows rows of n numbers, all 0. It returns an error
// when GLIMPSE_KERNEL names a kernel that is not there, or a size is not above 0.
func NewPanels[T Float](n, rows int) (*Panels[T], error) {
	if errChosen != nil {
		return nil, errChosen
	}
	if n < 1 || rows < 1 {
		return nil, fmt.Errorf("gemm: panels for %d rows of %d", rows, n)
	}
	p := &Panels[T]{kern: kernelFor[T](chosen), n: n, rows: rows}
	p.data = pages.Aligned[T](p.Count() * p.Width() * rows)
	return p, nil
}

// Width is the number of columns of a panel.
func (p *Panels[T]) Width() int { return p.kern.nr }

// Count is the number of panels.
func (p *Panels[T]) Count() int { return ceil(p.n, p.kern.nr) }

// Panel returns panel i: row r's part of it is at [r*Width, (r+1)*Width). What is past
// the matrix's last column has to stay 0.
func (p *Panels[T]) Panel(i int) []T {
	size := p.rows * p.kern.nr
	return p.data[i*size : (i+1)*size : (i+1)*size]
}

// AddSyrk adds AᵀA to the upper triangle of C, diagonal included, for the first k rows;
// C is n x n with rows ldc apart. What it leaves below the diagonal is of no use. Of
// float32, as many products as the kernel adds up between two stores, at most 512, are
// added up before they go into C. It returns an error
// when there are not so many rows, or C is too short for its shape.
func (p *Panels[T]) AddSyrk(k int, c []float64, ldc int) error {
	if k < 0 || k > p.rows {
		return fmt.Errorf("gemm: %d rows of panels for %d", k, p.rows)
	}
	if err := check("C", len(c), p.n, p.n, ldc); err != nil {
		return err
	}
	block := blockOf(p.kern, k)
	count := p.Count()
	task := max(1, p.kern.nc/p.kern.nr)
	if workers := runtime.GOMAXPROCS(0); workers > 1 {
		task = min(task, ceil(count, tasksPerWorker*workers))
	}
	tasks := ceil(count, task)
	parallel.For(tasks, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			first := (tasks - 1 - t) * task // the longest columns go first
			for k0 := 0; k0 < k; k0 += block {
				p.columns(first, min(first+task, count), k0, min(k0+block, k), c, ldc)
			}
		}
	})
	return nil
}

// columns adds the products of rows [k0, k1) to the columns of panels [c0, c1). Where the
// kernel can, it reads the left side where it lies.
func (p *Panels[T]) columns(c0, c1, k0, k1 int, c []float64, ldc int) {
	mr, nr, k := p.kern.mr, p.kern.nr, k1-k0
	ws := sharedWorkspace[T]()
	buffer := ws.take((mr+1)*nr + k*mr) // a spare row, as in product.task
	defer ws.give(buffer)
	tile, left := &buffer[0], buffer[(mr+1)*nr:][:k*mr]
	for i0 := 0; i0 < min(c1*nr, p.n); i0 += mr {
		a := &p.Panel(i0 / nr)[k0*nr+i0%nr]
		if p.kern.mulStep == nil {
			p.left(left, i0, k0, k1)
		}
		for q := max(c0, i0/nr); q < c1; q++ {
			b := &p.Panel(q)[k0*nr]
			if p.kern.mulStep != nil {
				p.kern.mulStep(k, a, nr, b, tile)
			} else {
				p.kern.mul(k, &left[0], b, tile, nr)
			}
			j0 := q * nr
			p.kern.addTo(&c[i0*ldc+j0], tile, ldc, min(mr, p.n-i0), min(nr, p.n-j0))
		}
	}
}

// left copies rows [k0, k1) of columns [i0, i0+mr), which may belong to two panels, to
// dst as a panel of a left matrix.
func (p *Panels[T]) left(dst []T, i0, k0, k1 int) {
	mr, nr := p.kern.mr, p.kern.nr
	for i := 0; i < mr; {
		q, at := (i0+i)/nr, (i0+i)%nr
		w := min(mr-i, nr-at)
		if q == p.Count() {
			for r := range k1 - k0 {
				clear(dst[r*mr+i:][:w])
			}
		} else {
			p.kern.copyRows(&dst[i], mr, &p.Panel(q)[k0*nr+at], nr, k1-k0, w)
		}
		i += w
	}
}
