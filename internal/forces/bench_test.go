package forces

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
	"github.com/glimpse-go/glimpse/internal/tree"
)

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// benchSprings returns springs of 10,000 points to some hundred others each, near
// in a layout of lumps as they are in memory.
func benchSprings(b *testing.B) (*Springs, Matrix) {
	b.Helper()
	const n = 10000
	l := points.Lumps(n, 2)
	var t tree.Tree
	t.Build(n, 2, l.Y, 0.5)
	m := sparse(n, 120)
	s, err := NewSprings(b.Context(), m, t.Order)
	if err != nil {
		b.Fatal(err)
	}
	s.Place(l.Y, t.Origin)
	return s, m
}

// BenchmarkAttraction is the sums over all affinities, by one goroutine.
func BenchmarkAttraction(b *testing.B) {
	s, p := benchSprings(b)
	for _, v := range allVectors() {
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				v.attract(s, 0, p.Len())
			}
			perSecond(b, p.Len())
			b.ReportMetric(float64(len(p.Values))*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

// BenchmarkDivergence is what an iteration that is looked at takes on top.
func BenchmarkDivergence(b *testing.B) {
	s, p := benchSprings(b)
	for _, v := range allVectors() {
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				v.cross(s, 0, p.Len())
			}
			perSecond(b, p.Len())
		})
	}
}
