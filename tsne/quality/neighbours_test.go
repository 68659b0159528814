package quality

import (
	"math"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// Over all points, and over each alone, the preservation is that of all; equal
// points included.
func TestNeighbourPreservationOf(t *testing.T) {
	const n, k = 120, 5
	x := points.Clusters(n, 3, 4)
	for i := range 20 { // equals, more than k
		x.SetRow(i, []float64{1, 2, 3})
	}
	y := x.Slice(0, n, 0, 2)
	want, err := NeighbourPreservation(t.Context(), x, y, k)
	if err != nil {
		t.Fatal(err)
	}
	all, mean := make([]int, n), 0.0
	for i := range n {
		all[i] = i
		one, err := NeighbourPreservationOf(t.Context(), x, y, k, []int{i})
		if err != nil {
			t.Fatal(err)
		}
		mean += one / n
	}
	got, err := NeighbourPreservationOf(t.Context(), x, y, k, all)
	if err != nil || got != want || math.Abs(mean-want) > 1e-12 {
		t.Errorf("all points: %v, error %v, each: %v, want %v", got, err, mean, want)
	}
	for _, points := range [][]int{nil, {-1}, {n}} {
		if _, err := NeighbourPreservationOf(t.Context(), x, y, k, points); err == nil {
			t.Errorf("points %v: no error", points)
		}
	}
}
