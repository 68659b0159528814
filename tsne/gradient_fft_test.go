package tsne

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
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
	x := points.Clusters(n, goldenD, 5)
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
			for _, k := range []student.Kernel{{DoF: 1}, {DoF: 0.5}, {DoF: 2.5}, {DoF: 0.5, Heavy: true}, {DoF: 2, Heavy: true}} {
				if n > 500 && k.DoF != 1 {
					continue
				}
				all, tree, grid := byTree(t, p, dims, k, 0), byTree(t, p, dims, k, 0.5), byGrid(t, p, dims, k, 0.5)
				repulsion := byTree(t, &Affinities{RowStart: make([]int, n+1)}, dims, k, 0)
				for _, scale := range []float64{1e-5, 1e-2, 0.1, 0.3, 1} {
					l := scaled(finished, scale)
					for _, exaggeration := range []float64{1, 12} {
						want, wantKL := gradientOf(t, all, l, exaggeration)
						got, kl := gradientOf(t, grid, l, exaggeration)
						what := fmt.Sprintf("%d points, %d-D, %+v, finished layout times %g, exaggeration %g", n, dims, k, scale, exaggeration)
						near.AtMost(t, what+", divergence", math.Abs(kl-wantKL), 2e-6)
						if scale < 1 || exaggeration > 1 {
							near.AtMost(t, what, near.Norm(t, got, want), 1e-3)
							continue
						}
						off := floats.Distance(got, want, 2)
						far, _ := gradientOf(t, tree, l, exaggeration)
						part, _ := gradientOf(t, repulsion, l, exaggeration)
						ofTree, ofRepulsion := 1.0/4, 2e-4
						if k.DoF < 1 { // a kernel with a point
							ofRepulsion = 1e-3
						}
						near.AtMost(t, what+", error over Barnes-Hut's", off/floats.Distance(far, want, 2), ofTree)
						near.AtMost(t, what+", error over the repulsion", off/norm(part), ofRepulsion)
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
	k := student.Kernel{DoF: 1}
	for _, scale := range []float64{1, 0.1} {
		l := scaled(benchLayout(n, 2), scale)
		want, _ := gradientOf(t, byTree(t, p, 2, k, 0), l, 1)
		got, _ := gradientOf(t, byGrid(t, p, 2, k, 0.5), l, 1)
		near.AtMost(t, fmt.Sprint("repulsion, layout times ", scale), near.Norm(t, got, want), 4e-5)
	}
}

// A layout that is too thin for a grid goes to the tree, and one that is not
// after it back to the grid.
func TestGridOfOutliers(t *testing.T) {
	p, l := finishedLayout(t, 300, 2)
	k := student.Kernel{DoF: 1}
	f, tree := byGrid(t, p, 2, k, 0.5), byTree(t, p, 2, k, 0.5)
	far := scaled(l, 1)
	far.y[0] = 1e7
	got, kl := gradientOf(t, f, far, 1)
	want, wantKL := gradientOf(t, tree, far, 1)
	if !floats.Equal(got, want) || kl != wantKL {
		t.Error("the gradient of a layout with an outlier is not the tree's")
	}
	if f.grid.Width > 0 {
		t.Errorf("a grid %g wide was made", f.grid.Width)
	}
	again, _ := gradientOf(t, f, l, 1)
	want, _ = gradientOf(t, byGrid(t, p, 2, k, 0.5), l, 1)
	near.AtMost(t, "after the outlier", near.Norm(t, again, want), 1e-9)
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
			got, kl := gradientOf(t, byGrid(t, p, dims, student.Kernel{DoF: 1}, 0.5), l, 1)
			want, wantKL := gradientOf(t, byTree(t, p, dims, student.Kernel{DoF: 1}, 0), l, 1)
			if d := floats.Distance(got, want, 2); !(d <= 1e-3*norm(want)+1e-12) || !(math.Abs(kl-wantKL) < 1e-6) {
				t.Errorf("%s, %d-D: the gradient is off by %g of %g, the divergence is %v, want %v", name, dims, d, norm(want), kl, wantKL)
			}
		}
	}
}

// BenchmarkLargeGradient is one iteration of both methods for many points, in a
// layout as dense as finished ones, with ten neighbours each in place of some
// hundred: what differs is the repulsion.
func BenchmarkLargeGradient(b *testing.B) {
	for _, n := range []int{5000, 10000, 30000, 100000, 300000} {
		l := scaled(benchLayout(n, 2), math.Sqrt(float64(n)/20000))
		s, err := newSpace(mat.NewDense(n, 2, l.y), Euclidean)
		if err != nil {
			b.Fatal(err)
		}
		indices, d2, err := s.NearestApproximately(b.Context(), 10)
		if err != nil {
			b.Fatal(err)
		}
		p := affinitiesOf(b, indices, d2, n, 3)
		for name, obj := range map[Method]objective{BarnesHut: byTree(b, p, 2, student.Kernel{DoF: 1}, 0.5), FFT: byGrid(b, p, 2, student.Kernel{DoF: 1}, 0.5)} {
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

// BenchmarkCompactGradient is one iteration by the tree and by the grid in layouts
// of so many cells of the grid for each point.
func BenchmarkCompactGradient(b *testing.B) {
	for _, n := range []int{20000, 100000} {
		base := benchLayout(n, 2)
		s, err := newSpace(mat.NewDense(n, 2, base.y), Euclidean)
		if err != nil {
			b.Fatal(err)
		}
		indices, d2, err := s.NearestApproximately(b.Context(), 10)
		if err != nil {
			b.Fatal(err)
		}
		p := affinitiesOf(b, indices, d2, n, 3)
		width := floats.Max(base.y) - floats.Min(base.y)
		for _, cells := range []float64{0.1, 0.5, 2} {
			l := scaled(base, math.Sqrt(cells*float64(n))/(5*width))
			for name, obj := range map[Method]objective{BarnesHut: byTree(b, p, 2, student.Kernel{DoF: 1}, 0.5), FFT: byGrid(b, p, 2, student.Kernel{DoF: 1}, 0.5)} {
				b.Run(fmt.Sprintf("%s/%d/%g", name, n, cells), func(b *testing.B) {
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
}

// Auto has a compact layout by the grid, to the bit, and a wide one by the tree.
func TestAutoByWidth(t *testing.T) {
	const n = 6000
	base := goldenLayout("square", n, 2, 1)
	width := floats.Max(base.y) - floats.Min(base.y)
	p := &Affinities{RowStart: make([]int, n+1)}
	k := student.Kernel{DoF: 1}
	auto, err := newInterpolated(t.Context(), forces.Matrix(*p), nil, 2, k, 0.5, autoCells)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cells float64 // along an axis
		by    objective
	}{{53.5, byGrid(t, p, 2, k, 0.5)}, {55.5, byTree(t, p, 2, k, 0.5)}} { // half of n is between 54^2 and 55^2
		l := scaled(base, c.cells*0.2/width)
		got, kl := gradientOf(t, auto, l, 1)
		want, wantKL := gradientOf(t, c.by, l, 1)
		if !floats.Equal(got, want) || kl != wantKL {
			t.Errorf("%g cells along an axis: not the gradient of %T", c.cells, c.by)
		}
	}
}

// What Fit takes for Auto where few cells do: the grid, but Barnes-Hut at a negative
// angle, in one and three dimensions, and when it is asked for.
func TestAutoInFit(t *testing.T) {
	const n = 400
	x := mat.NewDense(n, 3, goldenLayout("points", n, 3, 1).y)
	for _, c := range []struct {
		opt Options
		by  Method
	}{
		{Options{}, FFT},
		{Options{Angle: -1}, BarnesHut},
		{Options{Components: 1}, BarnesHut},
		{Options{Components: 3}, BarnesHut},
	} {
		dims := max(c.opt.Components, 1)
		if c.opt.Components == 0 {
			dims = 2
		}
		line := mat.NewDense(n, dims, nil) // so that the grid is of one row of cells
		for i := range n {
			line.Set(i, 0, float64(i*i%n)/n)
		}
		fit := func(m Method) *mat.Dense {
			opt := c.opt
			opt.Method, opt.Iterations, opt.InitialLayout = m, 1, line
			r, err := Fit(t.Context(), x, opt)
			if err != nil {
				t.Fatal(err)
			}
			return r.Layout
		}
		if !mat.Equal(fit(Auto), fit(c.by)) {
			t.Errorf("%+v: Auto is not %s", c.opt, c.by)
		}
		if dims < 3 && mat.Equal(fit(FFT), fit(BarnesHut)) {
			t.Errorf("%+v: the methods do not differ", c.opt)
		}
	}
}
