package tsne

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// benchSpace returns the space of n points in d dimensions, in 10 groups.
func benchSpace(b *testing.B, n, d int) *neighbours.Space {
	b.Helper()
	s, err := newSpace(points.Clusters(n, d, 10), Euclidean)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// benchLayout returns n points in 10 lumps, as a layout ends up.
func benchLayout(n, dims int) layout { return layout{n, dims, points.Lumps(n, dims).Y} }

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

func BenchmarkAffinities(b *testing.B) {
	const n = 4000
	s := benchSpace(b, n, 50)
	indices, d2, err := s.Neighbours(b.Context(), 91)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		affinitiesOf(b, indices, d2, n, 30)
	}
	perSecond(b, n)
}

// BenchmarkGradient is one iteration of each method.
func BenchmarkGradient(b *testing.B) {
	for _, c := range []struct {
		method  Method
		n, dims int
	}{{Exact, 200, 2}, {BarnesHut, 200, 2}, {Exact, 2000, 2}, {BarnesHut, 2000, 2}, {BarnesHut, 10000, 2}, {BarnesHut, 10000, 3}} {
		b.Run(fmt.Sprintf("%s/%d/%dD", c.method, c.n, c.dims), func(b *testing.B) {
			s := benchSpace(b, c.n, 50)
			k := student.Kernel{DoF: float64(max(c.dims-1, 1))}
			var obj objective
			if c.method == Exact {
				d2, err := s.Distances(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				p, err := denseAffinities(b.Context(), d2, c.n, []float64{30})
				if err != nil {
					b.Fatal(err)
				}
				if obj, err = newAllPairs(b.Context(), p, c.n, k); err != nil {
					b.Fatal(err)
				}
			} else {
				indices, d2, err := s.Neighbours(b.Context(), 91)
				if err != nil {
					b.Fatal(err)
				}
				p := affinitiesOf(b, indices, d2, c.n, 30)
				obj = byTree(b, p, c.dims, k, 0.5)
			}
			l := benchLayout(c.n, c.dims)
			grad := make([]float64, len(l.y))
			for b.Loop() {
				if _, err := obj.gradient(b.Context(), l, 1, grad, false); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, c.n)
		})
	}
}

// BenchmarkMove is the step of an iteration.
func BenchmarkMove(b *testing.B) {
	l := benchLayout(10000, 2)
	m := newMover(l, SklearnSchedule)
	grad := make([]float64, len(l.y))
	for b.Loop() {
		m.step(l, grad, 0.8, 1)
	}
	perSecond(b, l.n)
}
