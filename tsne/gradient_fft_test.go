package tsne

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// scaled returns the layout times a factor.
func scaled(l layout, factor float64) layout {
	y := make([]float64, len(l.y))
	floats.ScaleTo(y, factor, l.y)
	return layout{l.n, l.dims, y}
}

// gradientOf returns a gradient and its divergence.
func gradientOf(t *testing.T, obj objective, l layout, exaggeration float64) ([]float64, float64) {
	t.Helper()
	grad := make([]float64, len(l.y))
	kl, err := obj.gradient(t.Context(), l, exaggeration, grad, true)
	if err != nil {
		t.Fatal(err)
	}
	return grad, kl
}

// finishedLayout returns the affinities of n points, and the layout that Fit
// ends with.
func finishedLayout(t *testing.T, n, dims int) (*Affinities, layout) {
	t.Helper()
	x := goldenData(n, goldenD, 5)
	opt := Options{Components: dims, Method: BarnesHut, Perplexity: 10, Schedule: OpenTSNESchedule}
	p, err := NewAffinities(t.Context(), x, opt)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Fit(t.Context(), x, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p, layout{n, dims, r.Layout.RawMatrix().Data}
}

// The gradient must be within 1e-3 of the exact one, in norm, from the tiny
// layout of the start on, in both phases and for any kernel. The layout that is
// finished is where attraction and repulsion cancel, all the more the longer it
// took: there the error is held to that of Barnes-Hut, and to the size of what
// cancels. The tree's walk at angle 0 has all pairs.
func TestGridGradient(t *testing.T) {
	for dims := 1; dims <= 2; dims++ {
		for _, n := range []int{300, 700} {
			p, finished := finishedLayout(t, n, dims)
			for _, dof := range []float64{1, 0.5, 2.5} {
				if n > 500 && dof != 1 {
					continue
				}
				k := kernel{dof}
				all, tree, grid := newBarnesHut(p, k, 0), newBarnesHut(p, k, 0.5), newInterpolated(p, k, 0.5)
				repulsion := newBarnesHut(&Affinities{RowStart: make([]int, n+1)}, k, 0)
				for _, scale := range []float64{1e-5, 1e-2, 0.1, 0.3, 1} {
					l := scaled(finished, scale)
					for _, exaggeration := range []float64{1, 12} {
						want, wantKL := gradientOf(t, all, l, exaggeration)
						got, kl := gradientOf(t, grid, l, exaggeration)
						what := fmt.Sprintf("%d points, %d-D, %g degrees of freedom, finished layout times %g, exaggeration %g", n, dims, dof, scale, exaggeration)
						atMost(t, what+", divergence", math.Abs(kl-wantKL), 2e-6)
						if scale < 1 || exaggeration > 1 {
							atMost(t, what, relativeNorm(t, got, want), 1e-3)
							continue
						}
						off := floats.Distance(got, want, 2)
						far, _ := gradientOf(t, tree, l, exaggeration)
						part, _ := gradientOf(t, repulsion, l, exaggeration)
						ofTree, ofRepulsion := 1.0/4, 2e-4
						if dof < 1 { // a kernel with a point
							ofRepulsion = 1e-3
						}
						atMost(t, what+", error over Barnes-Hut's", off/floats.Distance(far, want, 2), ofTree)
						atMost(t, what+", error over the repulsion", off/norm(part), ofRepulsion)
					}
				}
			}
		}
	}
}

// Ten thousand points without attraction, so that an error of the repulsion
// stands alone.
func TestGridGradientOfManyPoints(t *testing.T) {
	const n = 10000
	p := &Affinities{RowStart: make([]int, n+1)}
	k := kernel{1}
	for _, scale := range []float64{1, 0.1} {
		l := scaled(benchLayout(n, 2), scale)
		want, _ := gradientOf(t, newBarnesHut(p, k, 0), l, 1)
		got, _ := gradientOf(t, newInterpolated(p, k, 0.5), l, 1)
		atMost(t, fmt.Sprint("repulsion, layout times ", scale), relativeNorm(t, got, want), 4e-5)
	}
}

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
		l := layout{n: 40, dims: dims}
		for i := range l.n * dims {
			l.y = append(l.y, float64(i*i%101)*gridStep)
		}
		for _, dof := range []float64{1, 2} {
			g := &grid{kernel: kernel{dof}}
			if !g.place(l) || g.step != gridStep {
				t.Fatalf("the step is %v", g.step)
			}
			if err := g.build(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			repel := make([]float64, len(l.y))
			for s := range l.n {
				i := int(g.order[s])
				want := 0.0
				for j := range l.n {
					a, b := l.at(i), l.at(j)
					_, q := g.kernel.at(floats.Distance(a[:], b[:], 2) * floats.Distance(a[:], b[:], 2))
					want += q - 1
				}
				// The mean of what points do to themselves is not of this one.
				if got := g.repel(s, s+1, repel) + g.selfPotential; math.Abs(got-want) > 1e-9 {
					t.Errorf("%d-D, %g degrees of freedom: the potential of point %d is %v, want %v", dims, dof, i, got, want)
				}
			}
		}
	}
}

// A layout that is too thin for a grid goes to the tree, and one that is not
// after it back to the grid.
func TestGridOfOutliers(t *testing.T) {
	p, l := finishedLayout(t, 300, 2)
	k := kernel{1}
	f, tree := newInterpolated(p, k, 0.5), newBarnesHut(p, k, 0.5)
	far := scaled(l, 1)
	far.y[0] = 1e7
	got, kl := gradientOf(t, f, far, 1)
	want, wantKL := gradientOf(t, tree, far, 1)
	if !floats.Equal(got, want) || kl != wantKL {
		t.Error("the gradient of a layout with an outlier is not the tree's")
	}
	if size := len(f.grid.nodes); size > 0 {
		t.Errorf("a grid of %d nodes was made", size)
	}
	again, _ := gradientOf(t, f, l, 1)
	want, _ = gradientOf(t, newInterpolated(p, k, 0.5), l, 1)
	atMost(t, "after the outlier", relativeNorm(t, again, want), 1e-9)
}

// Layouts of one place, and of a line along either axis.
func TestGridOfDegenerateLayouts(t *testing.T) {
	const n = 100
	p := &Affinities{RowStart: make([]int, n+1)}
	for name, at := range map[string]func(i, axis int) float64{
		"one place": func(int, int) float64 { return 3 },
		"a row":     func(i, axis int) float64 { return float64(i * axis) },
		"a column":  func(i, axis int) float64 { return float64(i * (1 - axis)) },
		"two":       func(i, _ int) float64 { return float64(i%2) * 1e-5 },
		"minute":    func(i, _ int) float64 { return float64(i) * 1e-310 },
	} {
		for dims := 1; dims <= 2; dims++ {
			l := layout{n: n, dims: dims}
			for i := range n * dims {
				l.y = append(l.y, at(i/dims, i%dims))
			}
			got, kl := gradientOf(t, newInterpolated(p, kernel{1}, 0.5), l, 1)
			want, wantKL := gradientOf(t, newBarnesHut(p, kernel{1}, 0), l, 1)
			if d := floats.Distance(got, want, 2); !(d <= 1e-3*norm(want)+1e-12) || !(math.Abs(kl-wantKL) < 1e-6) {
				t.Errorf("%s, %d-D: the gradient is off by %g of %g, the divergence is %v, want %v", name, dims, d, norm(want), kl, wantKL)
			}
		}
	}
}

// No new memory once a grid has the size.
func TestGridReusesMemory(t *testing.T) {
	l := benchLayout(500, 2)
	g := &grid{kernel: kernel{1}}
	repel := make([]float64, len(l.y))
	once := func() {
		if !g.place(l) {
			t.Fatal("no grid")
		}
		if err := g.build(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		g.repel(0, l.n, repel)
	}
	once()
	nodes, spectrum, response := &g.nodes[0], &g.conv.spectrum[0], &g.conv.response[0]
	once()
	if nodes != &g.nodes[0] || spectrum != &g.conv.spectrum[0] || response != &g.conv.response[0] {
		t.Error("the grid was allocated anew")
	}
	// What is left are the closures and goroutines of the parallel loops.
	if n := testing.AllocsPerRun(5, once); n > 60 {
		t.Errorf("%v allocations a call", n)
	}
}

// BenchmarkLargeGradient is one iteration of both methods for many points, in a
// layout as dense as finished ones, with ten neighbours each in place of some
// hundred: what differs is the repulsion.
func BenchmarkLargeGradient(b *testing.B) {
	for _, n := range []int{5000, 10000, 30000, 100000, 300000} {
		l := scaled(benchLayout(n, 2), math.Sqrt(float64(n)/20000))
		s := newTestSpace(b, mat.NewDense(n, 2, l.y), Euclidean)
		indices, d2, err := s.nearestInCells(b.Context(), 10, 128, 512)
		if err != nil {
			b.Fatal(err)
		}
		p, err := sparseAffinities(b.Context(), indices, d2, n, []float64{3})
		if err != nil {
			b.Fatal(err)
		}
		for name, obj := range map[Method]objective{BarnesHut: newBarnesHut(p, kernel{1}, 0.5), FFT: newInterpolated(p, kernel{1}, 0.5)} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				grad := make([]float64, len(l.y))
				for b.Loop() {
					if _, err := obj.gradient(b.Context(), l, 1, grad, false); err != nil {
						b.Fatal(err)
					}
				}
				perSecond(b, n)
			})
		}
	}
}
