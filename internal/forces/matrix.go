// Package forces sums the forces between points that attract one another along the
// entries of a matrix, and repel one another all, under Student's kernel: over the
// entries of a sparse matrix, in float64 for any number of dimensions and degrees of
// freedom ([Attraction]) and in float32 for two dimensions and one ([Springs]); or
// over all pairs ([Forces]).
package forces

// A Matrix is symmetric and in compressed sparse rows: the entries of row i are
// Values[RowStart[i]:RowStart[i+1]], in the columns Columns[...], ascending.
type Matrix struct {
	RowStart []int
	Columns  []int32
	Values   []float64
}

// Len returns the number of rows.
func (m Matrix) Len() int { return len(m.RowStart) - 1 }

// Row returns the columns and the values of row i.
func (m Matrix) Row(i int) ([]int32, []float64) {
	lo, hi := m.RowStart[i], m.RowStart[i+1]
	return m.Columns[lo:hi], m.Values[lo:hi]
}
