package neighbours

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// benchSpace returns the space of n points in d dimensions, in 10 groups.
func benchSpace(b *testing.B, n, d int) *Space {
	b.Helper()
	s, err := New(points.Clusters(n, d, 10), Euclidean)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkNeighbours(b *testing.B) {
	for _, c := range []struct{ n, d int }{{2000, 50}, {10000, 50}, {10000, 512}} {
		b.Run(fmt.Sprintf("%dx%d", c.n, c.d), func(b *testing.B) {
			s := benchSpace(b, c.n, c.d)
			for b.Loop() {
				if _, _, err := s.Neighbours(b.Context(), 91); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, c.n)
		})
	}
}
