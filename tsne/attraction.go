package tsne

import "github.com/glimpse-go/glimpse/internal/parallel"

// attraction is the sparse affinities with their rows in an order in which
// points that are near in the layout are near in memory: the neighbours of a
// point are then mostly in the cache. A row's entries keep their sequence, so
// that the order does not change a bit of its sum.
type attraction struct {
	order    []int32 // row s is that of point order[s]
	rowStart []int
	columns  []int32 // in the numbers of the rows
	values   []float64
	layout   layout // its points in the order of the rows

	rank []int32 // the inverse of order
	age  int     // calls of update since the order was made
}

// reorderEvery is how many layouts share an order. Points move little in so
// many iterations, and the work of a new order is that of about two.
const reorderEvery = 64

// update takes over the positions in l, and now and then the order.
func (a *attraction) update(p *Affinities, l layout, order []int32) {
	if a.age%reorderEvery == 0 {
		a.reorder(p, order)
	}
	a.age++
	a.layout.n, a.layout.dims = l.n, l.dims
	a.layout.y = resize(a.layout.y, len(l.y))
	for s, i := range a.order {
		copy(a.layout.y[s*l.dims:(s+1)*l.dims], l.y[int(i)*l.dims:])
	}
}

// reorder makes the rows those of order.
func (a *attraction) reorder(p *Affinities, order []int32) {
	n := p.Len()
	a.order, a.rank = resize(a.order, n), resize(a.rank, n)
	a.rowStart = resize(a.rowStart, n+1)
	a.columns, a.values = resize(a.columns, len(p.Columns)), resize(a.values, len(p.Values))
	copy(a.order, order)
	a.rowStart[0] = 0
	for s, i := range a.order {
		a.rank[i] = int32(s)
		a.rowStart[s+1] = a.rowStart[s] + p.RowStart[i+1] - p.RowStart[i]
	}
	parallel.For(n, 256, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			columns, values := p.Row(int(a.order[s]))
			at := a.rowStart[s]
			copy(a.values[at:], values)
			for e, j := range columns {
				a.columns[at+e] = a.rank[j]
			}
		}
	})
}

// row returns the columns and the values of row s.
func (a *attraction) row(s int) ([]int32, []float64) {
	lo, hi := a.rowStart[s], a.rowStart[s+1]
	return a.columns[lo:hi], a.values[lo:hi]
}
