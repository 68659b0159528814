// Package forces sums the forces between points that attract one another along the
// entries of a matrix, and repel one another all, under Student's kernel: over the
// entries of a sparse matrix, in float64 for any number of dimensions and degrees of
// freedom ([Attraction]) and in float32 for two dimensions and one ([Springs]); or
// over all pairs ([Forces]).
package forces

// A Source is a symmetric sparse matrix that is read row by row, by several goroutines.
type Source interface {
	// Len returns the number of rows.
	Len() int
	// Count returns the number of entries in row i.
	Count(i int) int
	// Each calls f with the entries of row i, the columns ascending.
	Each(i int, f func(column int32, value float64))
}

// A Matrix is symmetric and in compressed sparse rows: the entries of row i are
// Values[RowStart[i]:RowStart[i+1]], in the columns Columns[...], ascending.
type Matrix struct {
	RowStart []int
	Columns  []int32
	Values   []float64
}

// Len returns the number of rows.
func (m Matrix) Len() int { return len(m.RowStart) - 1 }

// Count returns the number of entries in row i.
func (m Matrix) Count(i int) int { return m.RowStart[i+1] - m.RowStart[i] }

// Each calls f with the entries of row i.
func (m Matrix) Each(i int, f func(column int32, value float64)) {
	for e := m.RowStart[i]; e < m.RowStart[i+1]; e++ {
		f(m.Columns[e], m.Values[e])
	}
}
