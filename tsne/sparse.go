package tsne

import (
	"slices"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

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

// symmetrise turns conditional probabilities over equally many
// neighbours of each of n points, whose indices ascend in each row, into the
// joint ones, (p + p^T) / sum, as scikit-learn's _joint_probabilities_nn. There
// are at most maxEntries.
func symmetrise(neighbours []int32, p []float64, n int) *Affinities {
	k := len(neighbours) / n
	// The transpose, by counting; its rows ascend too.
	begin := make([]int, n+1)
	for _, j := range neighbours {
		begin[j+1]++
	}
	for i := range n {
		begin[i+1] += begin[i]
	}
	entries := make([]uint32, len(neighbours)) // where each transposed entry is from
	fill := slices.Clone(begin[:n])
	total := 0.0
	for e, j := range neighbours {
		entries[fill[j]] = uint32(e)
		fill[j]++
		total += 2 * p[e]
	}
	total = max(total, epsilon)

	// Each row of the sum merges a row with a transposed one.
	a := &Affinities{RowStart: make([]int, n+1)}
	merge := func(i int, emit func(j int32, v float64)) {
		x, xe := i*k, (i+1)*k
		y, ye := begin[i], begin[i+1]
		from := func() int32 { return int32(int(entries[y]) / k) }
		for x < xe || y < ye {
			switch {
			case y == ye || x < xe && neighbours[x] < from():
				emit(neighbours[x], p[x])
				x++
			case x == xe || from() < neighbours[x]:
				emit(from(), p[entries[y]])
				y++
			default:
				emit(neighbours[x], p[x]+p[entries[y]])
				x++
				y++
			}
		}
	}
	parallel.For(n, 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			merge(i, func(int32, float64) { a.RowStart[i+1]++ })
		}
	})
	for i := range n {
		a.RowStart[i+1] += a.RowStart[i]
	}
	a.Columns = make([]int32, a.RowStart[n])
	a.Values = make([]float64, a.RowStart[n])
	parallel.For(n, 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			e := a.RowStart[i]
			merge(i, func(j int32, v float64) {
				a.Columns[e], a.Values[e] = j, v/total
				e++
			})
		}
	})
	return a
}
