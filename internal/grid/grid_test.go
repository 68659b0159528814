package grid

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// The splines add up to 1, are those of the definition by their values at the
// nodes, and their derivatives are right.
func TestSplines(t *testing.T) {
	w, _ := splines(0)
	want := []float64{1.0 / 120, 26.0 / 120, 66.0 / 120, 26.0 / 120, 1.0 / 120, 0}
	if d := floats.Distance(w[:], want, math.Inf(1)); d > 1e-15 {
		t.Errorf("at a node: off by %g", d)
	}
	const h = 1e-6
	for _, at := range []float64{0.1, 0.5, 0.93} {
		w, d := splines(at)
		before, _ := splines(at - h)
		after, _ := splines(at + h)
		var sum, mean float64
		for j := range w {
			sum += w[j]
			mean += w[j] * float64(j-2)
			if slope := (after[j] - before[j]) / (2 * h); math.Abs(slope-d[j]) > 1e-9 {
				t.Errorf("at %v: the derivative of spline %d is %v, want %v", at, j, d[j], slope)
			}
		}
		if math.Abs(sum-1) > 1e-15 || math.Abs(mean-at) > 1e-15 {
			t.Errorf("at %v: the splines add up to %v, and to the place %v", at, sum, mean)
		}
	}
}

// The potential between nodes is the kernel's own, for points on nodes: what is
// interpolated is interpolated exactly.
func TestGridAtNodes(t *testing.T) {
	for dims := 1; dims <= 2; dims++ {
		l := points.Layout{N: 40, Dims: dims}
		for i := range l.N * dims {
			l.Y = append(l.Y, float64(i*i%101)*gridStep)
		}
		for _, k := range []student.Kernel{{DoF: 1}, {DoF: 2}, {DoF: 2, Heavy: true}} {
			g := &Grid{Kernel: k}
			if !g.Place(l.N, l.Dims, l.Y) || g.step != gridStep {
				t.Fatalf("the step is %v", g.step)
			}
			if err := g.Build(t.Context(), l.Y); err != nil {
				t.Fatal(err)
			}
			repel := make([]float64, len(l.Y))
			for s := range l.N {
				i := int(g.order[s])
				want := 0.0
				for j := range l.N {
					a, b := l.At(i), l.At(j)
					_, q := g.Kernel.At(floats.Distance(a[:], b[:], 2) * floats.Distance(a[:], b[:], 2))
					want += q - 1
				}
				// The mean of what points do to themselves is not of this one.
				if got := g.Repel(s, s+1, repel) + g.selfPotential; math.Abs(got-want) > 1e-9 {
					t.Errorf("%d-D, %+v: the potential of point %d is %v, want %v", dims, k, i, got, want)
				}
			}
		}
	}
}

// No new memory once a grid has the size.
func TestGridReusesMemory(t *testing.T) {
	l := points.Lumps(500, 2)
	g := &Grid{Kernel: student.Kernel{DoF: 1}}
	repel := make([]float64, len(l.Y))
	once := func() {
		if !g.Place(l.N, l.Dims, l.Y) {
			t.Fatal("no grid")
		}
		if err := g.Build(t.Context(), l.Y); err != nil {
			t.Fatal(err)
		}
		g.Repel(0, l.N, repel)
	}
	once()
	nodes := &g.nodes[0]
	once()
	if nodes != &g.nodes[0] {
		t.Error("the grid was allocated anew")
	}
	// What is left are the closures and goroutines of the parallel loops.
	if n := testing.AllocsPerRun(5, once); n > 60 {
		t.Errorf("%v allocations a call", n)
	}
}
