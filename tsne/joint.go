package tsne

import (
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A sparseJoint is the joint probabilities over the nearest neighbours, (p + p^T) / sum
// of the conditional ones, as scikit-learn's _joint_probabilities_nn. Its entries are
// computed as its rows are read, from the squared distances: 90 entries of each of a
// million points would be a gigabyte, and are wanted in one form or another once.
type sparseJoint struct {
	n, k       int
	neighbours []int32   // k of each point, ascending
	d2         []float32 // their squared distances

	gaussians []gaussian // of each point, one for each perplexity
	mixed     int        // how many that are

	// The transpose: row i has the entries transposed[begin[i]:begin[i+1]] of neighbours,
	// ascending.
	begin      []int
	transposed []uint32

	sum float64 // of the conditional probabilities, twice
}

// newSparseJoint returns the joint probabilities of n points, given equally many
// neighbours of each, at most maxEntries, with ascending indices, and their squared
// distances.
func newSparseJoint(ctx context.Context, neighbours []int32, d2 []float32, n int, perplexities []float64) (*sparseJoint, error) {
	k := len(neighbours) / n
	s := &sparseJoint{n: n, k: k, neighbours: neighbours, d2: d2, mixed: len(perplexities),
		gaussians: make([]gaussian, n*len(perplexities))}
	sums := make([]float64, n)
	err := eachRow(ctx, d2, k, false, perplexities, func(i int, g []gaussian, p []float64) {
		copy(s.gaussians[i*s.mixed:], g)
		for _, v := range p {
			sums[i] += v
		}
	})
	if err != nil {
		return nil, err
	}
	for _, v := range sums {
		s.sum += 2 * v
	}
	s.sum = max(s.sum, epsilon)
	s.transpose()
	return s, ctx.Err()
}

// transpose lists the entries by their columns, by counting.
func (s *sparseJoint) transpose() {
	s.begin = make([]int, s.n+1)
	for _, j := range s.neighbours {
		s.begin[j+1]++
	}
	for i := range s.n {
		s.begin[i+1] += s.begin[i]
	}
	s.transposed = make([]uint32, len(s.neighbours))
	next := slices.Clone(s.begin[:s.n])
	for e, j := range s.neighbours {
		s.transposed[next[j]] = uint32(e)
		next[j]++
	}
}

// Len returns the number of points.
func (s *sparseJoint) Len() int { return s.n }

// merge calls f for each entry of row i, with its column, and with its places among
// the neighbours of the row's point and of the column's; -1: none there.
func (s *sparseJoint) merge(i int, f func(j int32, own, other int)) {
	own, ownEnd := i*s.k, (i+1)*s.k
	for _, t := range s.transposed[s.begin[i]:s.begin[i+1]] {
		from := int32(int(t) / s.k)
		for ; own < ownEnd && s.neighbours[own] < from; own++ {
			f(s.neighbours[own], own, -1)
		}
		if own < ownEnd && s.neighbours[own] == from {
			f(from, own, int(t))
			own++
		} else {
			f(from, -1, int(t))
		}
	}
	for ; own < ownEnd; own++ {
		f(s.neighbours[own], own, -1)
	}
}

// Count returns the number of entries of row i.
func (s *sparseJoint) Count(i int) (n int) {
	s.merge(i, func(int32, int, int) { n++ })
	return n
}

// Each calls f with the entries of row i, the columns ascending.
func (s *sparseJoint) Each(i int, f func(j int32, p float64)) {
	s.merge(i, func(j int32, own, other int) {
		p := 0.0
		if own >= 0 {
			p = s.conditional(i, own)
		}
		if other >= 0 {
			p += s.conditional(int(j), other)
		}
		f(j, p/s.sum)
	})
}

// conditional returns the conditional probability of entry e, a neighbour of point i.
func (s *sparseJoint) conditional(i, e int) float64 {
	return mixture(s.gaussians[i*s.mixed:(i+1)*s.mixed], s.d2[e])
}

// affinities returns the entries.
func (s *sparseJoint) affinities(ctx context.Context) (*Affinities, error) {
	a := &Affinities{RowStart: make([]int, s.n+1)}
	err := parallel.ForContext(ctx, s.n, 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a.RowStart[i+1] = s.Count(i)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range s.n {
		a.RowStart[i+1] += a.RowStart[i]
	}
	a.Columns = make([]int32, a.RowStart[s.n])
	a.Values = make([]float64, a.RowStart[s.n])
	err = parallel.ForContext(ctx, s.n, 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			e := a.RowStart[i]
			s.Each(i, func(j int32, p float64) {
				a.Columns[e], a.Values[e] = j, p
				e++
			})
		}
	})
	return a, err
}
