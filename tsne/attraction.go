package tsne

// attraction is the sparse affinities and the points in the order of the rows.
type attraction struct {
	rowOrder
	values []float64
	layout layout // its points in the order of the rows
}

// update takes over the positions in l, and now and then the order.
func (a *attraction) update(p *Affinities, l layout, order []int32) {
	a.renew(p, order, 1,
		func(entries int) { a.values = resize(a.values, entries) },
		func(at int, values []float64) { copy(a.values[at:], values) })
	a.layout.n, a.layout.dims = l.n, l.dims
	a.layout.y = resize(a.layout.y, len(l.y))
	for s, i := range a.order {
		copy(a.layout.y[s*l.dims:(s+1)*l.dims], l.y[int(i)*l.dims:])
	}
}

// row returns the columns and the values of row s.
func (a *attraction) row(s int) ([]int32, []float64) {
	lo, hi := a.rowStart[s], a.rowStart[s+1]
	return a.columns[lo:hi], a.values[lo:hi]
}
