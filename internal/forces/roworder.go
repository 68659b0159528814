package forces

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// rowOrder is the places of a sparse matrix with its rows in an order in which
// points that attract one another are near in memory: the neighbours of a point are
// then mostly in the cache. A row's entries keep the sequence of their source, so that
// the order does not change a bit of its sum.
type rowOrder struct {
	Order    []int32 // row s is that of point Order[s]
	rowStart []int
	columns  []int32 // in the numbers of the rows

	Rank []int32 // the inverse of Order
}

// arrange takes the rows of m in the given order, the points' own where it is nil. It
// calls allocate with the number of entries, and store with the place and the value of
// each. A row's length is a multiple of pad: what is added to it is in the row's own
// column.
func (r *rowOrder) arrange(ctx context.Context, m Source, order []int32, pad int, allocate func(entries int), store func(e int, value float64)) error {
	n := m.Len()
	if order == nil {
		order = make([]int32, n)
		for i := range order {
			order[i] = int32(i)
		}
	}
	r.Order, r.Rank, r.rowStart = order, make([]int32, n), make([]int, n+1)
	err := parallel.ForContext(ctx, n, 256, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			i := int(order[s])
			r.Rank[i] = int32(s)
			r.rowStart[s+1] = (m.Count(i) + pad - 1) / pad * pad
		}
	})
	if err != nil {
		return err
	}
	for s := range n {
		r.rowStart[s+1] += r.rowStart[s]
	}
	r.columns = make([]int32, r.rowStart[n])
	allocate(r.rowStart[n])
	return parallel.ForContext(ctx, n, 256, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			e := r.rowStart[s]
			m.Each(int(order[s]), func(j int32, v float64) {
				r.columns[e] = r.Rank[j]
				store(e, v)
				e++
			})
			for ; e < r.rowStart[s+1]; e++ {
				r.columns[e] = int32(s)
			}
		}
	})
}
