package gemm

import (
	"runtime"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A product is C = A B, or C += A B, for a packed m x k matrix A and a k x n
// matrix B, which is packed as it is needed. It is cut into tiles that
// parallel.For hands out; each element is summed in an order that depends on k
// alone, so neither n, nor the tile, nor the number of goroutines changes it.
//
// The scheme is that of Goto and van de Geijn, "Anatomy of high-performance
// matrix multiplication" (ACM TOMS 34, 2008): a block of B is packed into the
// second-level cache; against it run panels of A from the first level.
type product[T Float] struct {
	a   *packedA[T]
	n   int
	b   lines[T] // the columns of B
	c   []T
	ldc int
	add bool // to what is in C
	ws  *workspace[T]
}

// run cuts the product into tasks and shares them out. One worker gets the
// largest blocks that fit the cache. Several get some tasks each, so that the
// last to finish is not long alone: first fewer columns to a task, and when
// there are not enough columns, fewer rows, each task packing B for itself.
func (p *product[T]) run() {
	rows, cols := p.a.panels(), ceil(p.n, p.a.kernel.nr)
	colTask, rowTask := max(1, p.a.kernel.nc/p.a.kernel.nr), rows
	if workers := runtime.GOMAXPROCS(0); workers > 1 {
		want := tasksPerWorker * workers
		colTask = min(colTask, ceil(cols, want))
		if byCols := ceil(cols, colTask); byCols < want {
			rowTask = max(min(minRowPanels, rows), ceil(rows, ceil(rowTasksPerWorker*workers, byCols)))
		}
	}
	rowTasks, colTasks := ceil(rows, rowTask), ceil(cols, colTask)
	parallel.For(rowTasks*colTasks, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			r, c := t%rowTasks*rowTask, t/rowTasks*colTask
			p.task(r, min(r+rowTask, rows), c, min(c+colTask, cols))
		}
	})
}

const (
	tasksPerWorker    = 4
	rowTasksPerWorker = 2 // fewer, for each packs the same part of B
	minRowPanels      = 4 // fewer rows are not worth packing B for
)

// task computes row panels [r0, r1) of column panels [c0, c1).
func (p *product[T]) task(r0, r1, c0, c1 int) {
	kern, k := p.a.kernel, p.a.k
	mr, nr := kern.mr, kern.nr
	// The tile has a spare row: a store of its last columns reads whole vectors.
	buffer := p.ws.take((mr+1)*nr + min(p.a.block, k)*nr*(c1-c0))
	defer p.ws.give(buffer)
	tile, panels := &buffer[0], buffer[(mr+1)*nr:]
	var none T
	for k0 := 0; k0 == 0 || k0 < k; k0 += p.a.block {
		k1 := min(k0+p.a.block, k)
		size := (k1 - k0) * nr
		for c := c0; c < c1; c++ {
			j0, j1 := c*nr, min((c+1)*nr, p.n)
			lanes := kern.lanes(j1 - j0)
			panel := panels[(c-c0)*size:][:(k1-k0)*lanes]
			if j1-j0 < lanes {
				clear(panel)
			}
			p.b.pack(kern, panel, lanes, k0, k1, j0, j1)
		}
		for r := r0; r < r1; r++ {
			a, b := &none, &none
			if k1 > k0 {
				a = &p.a.panel(r, k0, k1)[0]
			}
			i0, i1 := r*mr, min((r+1)*mr, p.a.m)
			for c := c0; c < c1; c++ {
				j0, j1 := c*nr, min((c+1)*nr, p.n)
				if k1 > k0 {
					b = &panels[(c-c0)*size]
				}
				kern.mul(k1-k0, a, b, tile, kern.lanes(j1-j0))
				p.store(buffer, i0, i1, j0, j1, k0 > 0 || p.add)
			}
		}
	}
}

// lanes returns the width of a panel of B that holds cols columns.
func (kern *kernel[T]) lanes(cols int) int {
	if cols <= kern.narrow {
		return kern.narrow
	}
	return kern.nr
}

// store writes the tile of rows [i0, i1) and columns [j0, j1) to C, or adds it.
func (p *product[T]) store(tile []T, i0, i1, j0, j1 int, more bool) {
	dst := &p.c[i0*p.ldc+j0]
	var add *T
	if more {
		add = dst
	}
	p.a.kernel.store(dst, add, &tile[0], p.ldc, i1-i0, j1-j0)
}

// sharedWorkspace returns the workspace of all products.
func sharedWorkspace[T Float]() *workspace[T] {
	if w, ok := any(&workspace32).(*workspace[T]); ok {
		return w
	}
	return any(&workspace64).(*workspace[T])
}

var (
	workspace32 workspace[float32]
	workspace64 workspace[float64]
)
