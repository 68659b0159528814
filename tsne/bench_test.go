package tsne

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// benchSpace returns the space of n points in d dimensions, in 10 groups.
func benchSpace(b *testing.B, n, d int) *space {
	b.Helper()
	s, err := newSpace(goldenData(n, d, 10), Euclidean)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

func BenchmarkNeighbours(b *testing.B) {
	for _, c := range []struct{ n, d int }{{2000, 50}, {10000, 50}, {10000, 512}} {
		b.Run(fmt.Sprintf("%dx%d", c.n, c.d), func(b *testing.B) {
			s := benchSpace(b, c.n, c.d)
			for b.Loop() {
				if _, _, err := s.neighbours(b.Context(), 91); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, c.n)
		})
	}
}

func BenchmarkAffinities(b *testing.B) {
	const n = 4000
	s := benchSpace(b, n, 50)
	indices, d2, err := s.neighbours(b.Context(), 91)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := sparseAffinities(b.Context(), indices, d2, n, []float64{30}); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, n)
}

// benchLayout returns n points in 10 lumps, as a layout ends up.
func benchLayout(n, dims int) layout {
	l := goldenLayout("bench", n, dims, 8)
	centres := golden.Uniform("tsne.layout.bench.centres", 10*dims, 60)
	for i := range l.y {
		l.y[i] += float64(centres[i/dims%10*dims+i%dims])
	}
	return l
}

// BenchmarkGradient is one iteration of each method.
func BenchmarkGradient(b *testing.B) {
	for _, c := range []struct {
		method  Method
		n, dims int
	}{{Exact, 200, 2}, {BarnesHut, 200, 2}, {Exact, 2000, 2}, {BarnesHut, 2000, 2}, {BarnesHut, 10000, 2}, {BarnesHut, 10000, 3}} {
		b.Run(fmt.Sprintf("%s/%d/%dD", c.method, c.n, c.dims), func(b *testing.B) {
			s := benchSpace(b, c.n, 50)
			k := kernel{float64(max(c.dims-1, 1))}
			var obj objective
			if c.method == Exact {
				d2, err := s.distances(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				p, err := denseAffinities(b.Context(), d2, c.n, []float64{30})
				if err != nil {
					b.Fatal(err)
				}
				if obj, err = newExact(b.Context(), p, c.n, k); err != nil {
					b.Fatal(err)
				}
			} else {
				indices, d2, err := s.neighbours(b.Context(), 91)
				if err != nil {
					b.Fatal(err)
				}
				p, err := sparseAffinities(b.Context(), indices, d2, c.n, []float64{30})
				if err != nil {
					b.Fatal(err)
				}
				obj = newBarnesHut(p, k, 0.5)
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

// BenchmarkTree is the sort and the cells of an iteration.
func BenchmarkTree(b *testing.B) {
	for _, n := range []int{10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := benchLayout(n, 2)
			t := &tree{}
			for b.Loop() {
				t.build(l, 0.5)
			}
			perSecond(b, n)
		})
	}
}

// BenchmarkRepulsion is the walks of all groups and their sums, by one
// goroutine, in every kind of loops.
func BenchmarkRepulsion(b *testing.B) {
	l := benchLayout(10000, 2)
	t := &tree{}
	t.build(l, 0.5)
	t.makeQuads()
	for _, v := range allVectors() {
		b.Run(v.name, func(b *testing.B) {
			w := &walk{}
			w.reset(t)
			forces := make([]float32, 2*l.n)
			for b.Loop() {
				for s := 0; s < l.n; s += lanes {
					w.repel(&v, s, min(s+lanes, l.n), forces[2*s:])
				}
			}
			perSecond(b, l.n)
		})
	}
}

// benchSprings returns springs of 10,000 points.
func benchSprings(b *testing.B) (*springs, *Affinities) {
	b.Helper()
	const n = 10000
	p, err := NewAffinities(b.Context(), goldenData(n, 50, 10), Options{})
	if err != nil {
		b.Fatal(err)
	}
	l := benchLayout(n, 2)
	t := &tree{}
	t.build(l, 0.5)
	s := &springs{}
	s.update(p, l, t.origin, t.order)
	return s, p
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
