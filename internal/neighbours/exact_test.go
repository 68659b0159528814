package neighbours

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// bruteForce returns what nearest must: all distances in float64, sorted.
func bruteForce(s, q *Space, self bool, k int) (indices []int32, d2 []float32) {
	for i := range q.n {
		var all []candidate
		for j := range s.n {
			if !self || i != j {
				all = append(all, candidate{int32(j), s.distance(q.row(i, nil), j)})
			}
		}
		slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
		all = all[:k]
		slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.index, b.index) })
		for _, c := range all {
			indices = append(indices, c.index)
			d2 = append(d2, s.squared(c.distance))
		}
	}
	return indices, d2
}

// The float32 products must never cost a neighbour: not far from the origin,
// not in clusters tighter than float32 can tell, not among ties.
func TestNeighboursAreExact(t *testing.T) {
	const n, d = 180, 6
	make := func(f func(i, j int, v float64) float64) *mat.Dense {
		x := points.Clusters(n, d, 7)
		x.Apply(f, x)
		return x
	}
	inputs := map[string]*mat.Dense{
		"groups":    make(func(_, _ int, v float64) float64 { return v }),
		"far":       make(func(_, _ int, v float64) float64 { return v + 1e7 }),
		"tight":     make(func(i, _ int, v float64) float64 { return 1e-6*v + float64(100*(i%3)) }),
		"lattice":   make(func(i, j int, _ float64) float64 { return float64(i >> (2 * j) & 3) }),
		"equal":     make(func(_, _ int, _ float64) float64 { return 3 }),
		"outlier":   make(func(i, _ int, v float64) float64 { return map[bool]float64{true: 1e9, false: v}[i == 5] }),
		"zero rows": make(func(i, _ int, v float64) float64 { return v * float64(i%2) }),
		"huge":      make(func(_, _ int, v float64) float64 { return v * 1e200 }),
	}
	for name, x := range inputs {
		for _, metric := range []Metric{Euclidean, Cosine} {
			s, err := New(x, metric)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []int{1, 30, n - 1} {
				what := fmt.Sprintf("%s, %s, k = %d", name, metric, k)
				indices, d2, err := s.Neighbours(t.Context(), k)
				if err != nil {
					t.Fatal(err)
				}
				wantIndices, wantD2 := bruteForce(s, s, true, k)
				if !slices.Equal(indices, wantIndices) {
					t.Errorf("%s: other neighbours", what)
				}
				if !slices.Equal(d2, wantD2) {
					t.Errorf("%s: other distances", what)
				}
			}
			// New points, some of them old ones, some far away.
			y := points.Clusters(20, d, 7)
			y.SetRow(0, x.RawRowView(3))
			y.SetRow(1, slices.Repeat([]float64{1e12}, d))
			q, err := s.Queries(y)
			if err != nil {
				t.Fatal(err)
			}
			indices, d2, err := s.Nearest(t.Context(), q, false, 15)
			if err != nil {
				t.Fatal(err)
			}
			wantIndices, wantD2 := bruteForce(s, q, false, 15)
			if !slices.Equal(indices, wantIndices) || !slices.Equal(d2, wantD2) {
				t.Errorf("%s, %s: other neighbours of new points", name, metric)
			}
		}
	}
}

func TestNeighboursCancelled(t *testing.T) {
	s, err := New(points.Clusters(100, 3, 2), Euclidean)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Neighbours(ctx, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// The nearest of some points are those of all, equal points included.
func TestNearestOf(t *testing.T) {
	const n, k = 60, 5
	x := points.Clusters(n, 3, 4)
	for i := range 20 { // equals, more than k
		x.SetRow(i, []float64{1, 2, 3})
	}
	s := newTestSpace(t, x, Euclidean)
	want, _, err := s.Neighbours(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	chosen := []int{59, 0, 3, 19, 7}
	got, err := s.NearestOf(t.Context(), chosen, k)
	if err != nil {
		t.Fatal(err)
	}
	for r, i := range chosen {
		if !slices.Equal(got[r*k:(r+1)*k], want[i*k:(i+1)*k]) {
			t.Errorf("point %d: %v, want %v", i, got[r*k:(r+1)*k], want[i*k:(i+1)*k])
		}
	}
}

// Both searches say how far they are, and end with all points.
func TestWatch(t *testing.T) {
	const n = 1300
	s := newTestSpace(t, normalClusters(n, 6, 4, 1), Euclidean)
	var said []int
	s.Watch(func(done, total int) {
		if total != n {
			t.Errorf("%d of %d points, which are %d", done, total, n)
		}
		said = append(said, done)
	})
	for name, search := range map[string]func() error{
		"exact":       func() error { _, _, err := s.Neighbours(t.Context(), 5); return err },
		"approximate": func() error { _, _, err := s.nearestInCells(t.Context(), 5, 64, 500); return err },
	} {
		said = nil
		if err := search(); err != nil {
			t.Fatal(err)
		}
		if len(said) < 3 || !slices.IsSorted(said) || said[len(said)-1] != n {
			t.Errorf("%s: %v points searched for, want some in between and then %d", name, said, n)
		}
	}
}
