package forces

import (
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// rowOrder is the places of sparse affinities with their rows in an order in
// which points that are near in the layout are near in memory: the neighbours
// of a point are then mostly in the cache. A row's entries keep their
// sequence, so that the order does not change a bit of its sum.
type rowOrder struct {
	Order    []int32 // row s is that of point Order[s]
	rowStart []int
	columns  []int32 // in the numbers of the rows

	Rank []int32 // the inverse of Order
	age  int     // calls of renew since the order was made
}

// reorderEvery is how many layouts share an order. Points move little in so
// many iterations, and the work of a new order is that of about two.
const reorderEvery = 64

// Due reports whether the next renew takes over its order.
func (r *rowOrder) Due() bool { return r.age%reorderEvery == 0 }

// renew now and then takes over the order given, and has the values of each
// row copied to where it begins. A row's length is a multiple of pad: what is
// added to it is in the row's own column.
func (r *rowOrder) renew(m Matrix, order []int32, pad int, allocate func(entries int), fill func(at int, values []float64)) {
	due := r.Due()
	r.age++
	if !due {
		return
	}
	n := m.Len()
	r.Order, r.Rank = scratch.Resize(r.Order, n), scratch.Resize(r.Rank, n)
	r.rowStart = scratch.Resize(r.rowStart, n+1)
	copy(r.Order, order)
	r.rowStart[0] = 0
	for s, i := range r.Order {
		r.Rank[i] = int32(s)
		entries := m.RowStart[i+1] - m.RowStart[i]
		r.rowStart[s+1] = r.rowStart[s] + (entries+pad-1)/pad*pad
	}
	r.columns = scratch.Resize(r.columns, r.rowStart[n])
	allocate(r.rowStart[n])
	parallel.For(n, 256, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			columns, values := m.Row(int(r.Order[s]))
			row := r.columns[r.rowStart[s]:r.rowStart[s+1]]
			for e, j := range columns {
				row[e] = r.Rank[j]
			}
			for e := len(columns); e < len(row); e++ {
				row[e] = int32(s)
			}
			fill(r.rowStart[s], values)
		}
	})
}
