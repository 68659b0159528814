package tsne

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// The joint probabilities that are computed as they are read, at several perplexities
// and for few and many neighbours, against (p + p^T) / sum of the conditional ones in a
// dense matrix; and the sums that the objective keeps of them.
func TestSparseJoint(t *testing.T) {
	const n = 90
	s, err := newSpace(points.Clusters(n, goldenD, 4), Euclidean)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{1, 7, n - 1} {
		for _, perplexities := range [][]float64{{5}, {2, 3, 6}} {
			what := fmt.Sprintf("%d neighbours, perplexities %v", k, perplexities)
			indices, d2, err := s.Neighbours(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			p := make([]float64, n*k)
			if err := conditional(t.Context(), d2, k, false, perplexities, p); err != nil {
				t.Fatal(err)
			}
			dense, is := make([]float64, n*n), make([]bool, n*n)
			sum := 0.0
			for e, j := range indices {
				i := e / k
				dense[i*n+int(j)] += p[e]
				dense[int(j)*n+i] += p[e]
				is[i*n+int(j)], is[int(j)*n+i] = true, true
				sum += 2 * p[e]
			}
			joint, err := newSparseJoint(t.Context(), indices, d2, n, perplexities)
			if err != nil {
				t.Fatal(err)
			}
			a, err := joint.affinities(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				columns, values := a.Row(i)
				if len(columns) != joint.Count(i) {
					t.Fatalf("%s: row %d has %d entries, counted %d", what, i, len(columns), joint.Count(i))
				}
				for j := range n {
					if is[i*n+j] {
						if len(columns) == 0 || int(columns[0]) != j {
							t.Fatalf("%s: row %d lacks column %d", what, i, j)
						}
						near.AtMost(t, what, near.Elementwise(t, values[:1], []float64{dense[i*n+j] / sum}), 1e-14)
						columns, values = columns[1:], values[1:]
					}
				}
				if len(columns) > 0 {
					t.Fatalf("%s: row %d has %d entries too many", what, i, len(columns))
				}
			}
		}
	}
}
