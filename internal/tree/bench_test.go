package tree

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkTree is the sort and the cells of an iteration.
func BenchmarkTree(b *testing.B) {
	for _, n := range []int{10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := points.Lumps(n, 2)
			t := &Tree{}
			for b.Loop() {
				t.Build(l.N, l.Dims, l.Y, 0.5)
			}
			perSecond(b, n)
		})
	}
}

// BenchmarkRepulsion is the walks of all groups and their sums, by one
// goroutine, in every kind of loops.
func BenchmarkRepulsion(b *testing.B) {
	l := points.Lumps(10000, 2)
	t := &Tree{}
	t.Build(l.N, l.Dims, l.Y, 0.5)
	t.MakeQuads()
	for _, v := range allVectors() {
		b.Run(v.name, func(b *testing.B) {
			w := &Walk{}
			w.Reset(t)
			forces := make([]float32, 2*l.N)
			for b.Loop() {
				for s := 0; s < l.N; s += Lanes {
					w.repel(&v, s, min(s+Lanes, l.N), forces[2*s:])
				}
			}
			perSecond(b, l.N)
		})
	}
}
