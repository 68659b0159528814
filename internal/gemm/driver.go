package gemm

import (
	"fmt"
	"runtime"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// PanelPacker is a right matrix B (k x n) that fills the kernel's panels by
// itself. A convolution takes its patches from the image there and then, and
// no matrix of patches is ever in memory.
type PanelPacker[T Float] interface {
	// PackPanel writes B[k][j] for k0 <= k < k1 and j0 <= j < j1, where
	// j1-j0 <= lanes, to dst[(k-k0)*lanes+j-j0]. When j1-j0 < lanes, dst is
	// zero to begin with and the lanes past j1-j0 must stay so. Several
	// goroutines call it at once, and the same panel may be asked for again.
	PackPanel(dst []T, lanes, k0, k1, j0, j1 int)
}

// Output says where a product goes and what is done on the way. Element (i, j)
// goes to C[j/Area*ImageStride + i*Stride + j%Area]: with Area the pixels of a
// feature map, Stride the same and ImageStride that times the channels, the
// columns of one product are the pixels of a batch in NCHW layout. An Area of
// 0 means n, a plain row-major matrix.
type Output[T Float] struct {
	C           []T
	Stride      int
	Area        int
	ImageStride int

	Bias     []T  // added to each row, or nil
	Residual []T  // added element by element, laid out as C, or nil; may be C itself
	ReLU     bool // then negative sums become 0; NaN stays
}

// check reports whether an m x n product fits, without two elements in one
// place.
func (o *Output[T]) check(m, n int) error {
	if o.Bias != nil && len(o.Bias) != m {
		return fmt.Errorf("gemm: %d biases for %d rows", len(o.Bias), m)
	}
	if o.Area < 0 || o.Stride < 0 || o.ImageStride < 0 {
		return fmt.Errorf("gemm: C: negative area %d, stride %d or image stride %d", o.Area, o.Stride, o.ImageStride)
	}
	if m == 0 || n == 0 {
		return nil
	}
	width, images := n, 1
	if o.Area > 0 && o.Area < n {
		width, images = o.Area, ceil(n, o.Area)
	}
	plane := (m-1)*o.Stride + width
	row := (images-1)*o.ImageStride + width
	apart := (m == 1 || o.Stride >= width) && (images == 1 || o.ImageStride >= plane) || // NCHW
		(m == 1 || o.Stride >= row) && (images == 1 || o.ImageStride >= width) // CNHW
	if !apart {
		return fmt.Errorf("gemm: C: rows of %d, %d apart, in images %d apart, overlap", width, o.Stride, o.ImageStride)
	}
	need := (images-1)*o.ImageStride + (m-1)*o.Stride + n - (images-1)*width
	if images > 1 {
		need = max(need, (images-2)*o.ImageStride+plane)
	}
	if len(o.C) < need {
		return fmt.Errorf("gemm: C: %d elements are too few for %d x %d, which need %d", len(o.C), m, n, need)
	}
	if o.Residual != nil && len(o.Residual) < need {
		return fmt.Errorf("gemm: residual: %d elements are too few for %d x %d, which need %d", len(o.Residual), m, n, need)
	}
	return nil
}

// Multiply computes C = A B for a packed m x k matrix A and a k x n matrix B
// given by its panels, then adds bias and residual and takes the positive
// part, as out says. ws may be nil. The product is cut into tiles that
// parallel.For hands out; each element is summed in an order that depends on k
// alone, so neither n, nor the tile, nor the number of goroutines changes it.
//
// The scheme is that of Goto and van de Geijn, "Anatomy of high-performance
// matrix multiplication" (ACM TOMS 34, 2008): a block of B is packed into the
// second-level cache; against it run panels of A from the first level.
func Multiply[T Float](a *PackedA[T], n int, b PanelPacker[T], out Output[T], ws *Workspace[T]) error {
	if n < 0 {
		return fmt.Errorf("gemm: a product of %d columns", n)
	}
	if err := out.check(a.m, n); err != nil {
		return err
	}
	if a.m == 0 || n == 0 {
		return nil
	}
	if ws == nil {
		ws = sharedWorkspace[T]()
	}
	p := product[T]{a: a, n: n, b: b, out: &out, ws: ws}
	p.run()
	return nil
}

// A product is one call of Multiply.
type product[T Float] struct {
	a     *PackedA[T]
	n     int
	b     PanelPacker[T]
	out   *Output[T]
	ws    *Workspace[T]
	upper bool // leave out tiles that lie wholly below the diagonal
	row   int  // of the whole product, with which a begins
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
			p.b.PackPanel(panel, lanes, k0, k1, j0, j1)
		}
		for r := r0; r < r1; r++ {
			a, b := &none, &none
			if k1 > k0 {
				a = &p.a.panel(r, k0, k1)[0]
			}
			i0, i1 := r*mr, min((r+1)*mr, p.a.m)
			for c := c0; c < c1; c++ {
				j0, j1 := c*nr, min((c+1)*nr, p.n)
				if p.upper && j1 <= p.row+i0 {
					continue
				}
				if k1 > k0 {
					b = &panels[(c-c0)*size]
				}
				kern.mul(k1-k0, a, b, tile, kern.lanes(j1-j0))
				p.store(buffer, i0, i1, j0, j1, k0 == 0, k1 == k)
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

// store writes the tile of rows [i0, i1) and columns [j0, j1) to C. The first
// block of summands is added to the residual, later ones to C; the last also
// gets bias and ReLU.
func (p *product[T]) store(tile []T, i0, i1, j0, j1 int, first, last bool) {
	kern, o := p.a.kernel, p.out
	source := o.C
	if first {
		source = o.Residual
	}
	var bias *T
	if last && o.Bias != nil {
		bias = &o.Bias[i0]
	}
	area := o.Area
	if area == 0 || area > p.n {
		area = p.n
	}
	for j := j0; j < j1; {
		image, pixel := j/area, j%area
		width := min(j1-j, area-pixel)
		at := image*o.ImageStride + i0*o.Stride + pixel
		var add *T
		if source != nil {
			add = &source[at]
		}
		kern.store(&o.C[at], add, &tile[j-j0], bias, o.Stride, i1-i0, width, last && o.ReLU)
		j += width
	}
}

// sharedWorkspace returns the workspace of callers that bring none.
func sharedWorkspace[T Float]() *Workspace[T] {
	if w, ok := any(&workspace32).(*Workspace[T]); ok {
		return w
	}
	return any(&workspace64).(*Workspace[T])
}

var (
	workspace32 Workspace[float32]
	workspace64 Workspace[float64]
)
