package tsne

// Affinities are joint probabilities p_ij of n points in compressed sparse
// rows: the entries of row i are Values[RowStart[i]:RowStart[i+1]], in the
// columns Columns[...], ascending. They are symmetric, have no diagonal and
// add up to 1.
type Affinities struct {
	RowStart []int
	Columns  []int32
	Values   []float64
}

// Len returns the number of points.
func (a *Affinities) Len() int { return len(a.RowStart) - 1 }

// Row returns the columns and the values of row i.
func (a *Affinities) Row(i int) ([]int32, []float64) {
	lo, hi := a.RowStart[i], a.RowStart[i+1]
	return a.Columns[lo:hi], a.Values[lo:hi]
}
