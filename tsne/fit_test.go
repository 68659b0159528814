package tsne

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

func finite(t *testing.T, what string, r *Result) {
	t.Helper()
	for i, v := range r.Layout.RawMatrix().Data {
		if v-v != 0 {
			t.Fatalf("%s: coordinate %d is %v", what, i, v)
		}
	}
	if math.IsNaN(r.KL) {
		t.Errorf("%s: the divergence is NaN", what)
	}
}

// maxDims returns the most dimensions that a method lays points out in.
func maxDims(method Method) int {
	if method == FFT {
		return 2
	}
	return 3
}

// The same bits at any GOMAXPROCS, for every method, schedule and dimension.
func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	x := points.Clusters(300, goldenD, 5)
	y := points.Clusters(20, goldenD, 5)
	for _, method := range []Method{Exact, BarnesHut, FFT} {
		for _, schedule := range []Schedule{SklearnSchedule, OpenTSNESchedule} {
			for dims := 1; dims <= maxDims(method); dims++ {
				var first []float64
				for _, procs := range []int{1, 2, 7} {
					old := runtime.GOMAXPROCS(procs)
					r, err := Fit(t.Context(), x, Options{Method: method, Schedule: schedule, Components: dims, Iterations: 6, EarlyIterations: 3})
					if err != nil {
						t.Fatal(err)
					}
					placed, err := r.Transform(t.Context(), y, TransformOptions{Iterations: 5})
					if err != nil {
						t.Fatal(err)
					}
					runtime.GOMAXPROCS(old)
					all := slices.Concat(r.Layout.RawMatrix().Data, placed.RawMatrix().Data, []float64{r.KL})
					if first == nil {
						first = all
					} else if !slices.Equal(first, all) {
						t.Errorf("%s, %s, %d-D: other bits at GOMAXPROCS %d", method, schedule, dims, procs)
					}
				}
			}
		}
	}
}

func TestDegenerateInput(t *testing.T) {
	constant := mat.NewDense(50, 3, slices.Repeat([]float64{4}, 150))
	scaled := func(f float64) *mat.Dense {
		x := points.Clusters(50, 4, 3)
		x.Scale(f, x)
		return x
	}
	twins := mat.NewDense(120, 2, nil) // four places, thirty points at each
	for i := range 120 {
		twins.SetRow(i, []float64{float64(i % 4), float64(i % 2)})
	}
	outlier := points.Clusters(50, 4, 3)
	outlier.Set(7, 2, 1e200)
	cases := map[string]struct {
		x   mat.Matrix
		opt Options
	}{
		"constant":      {constant, Options{Perplexity: 10}},
		"duplicates":    {twins, Options{Perplexity: 10}},
		"huge":          {scaled(1e300), Options{Perplexity: 10}},
		"minute":        {scaled(1e-300), Options{Perplexity: 10}},
		"outlier":       {outlier, Options{Perplexity: 10}},
		"one point":     {mat.NewDense(1, 3, []float64{1, 2, 3}), Options{Perplexity: 0.5}},
		"two points":    {mat.NewDense(2, 1, []float64{1, 2}), Options{Perplexity: 1}},
		"three points":  {mat.NewDense(3, 1, []float64{1, 2, 4}), Options{Perplexity: 2.5}},
		"one column":    {mat.NewDense(40, 1, points.Clusters(40, 1, 2).RawMatrix().Data), Options{Perplexity: 5}},
		"few for three": {points.Clusters(50, 4, 3), Options{Perplexity: 49}},
	}
	for name, c := range cases {
		for _, method := range []Method{Exact, BarnesHut, FFT} {
			for _, metric := range []Metric{Euclidean, Cosine} {
				for dims := 1; dims <= maxDims(method); dims++ {
					what := fmt.Sprintf("%s, %s, %s, %d-D", name, method, metric, dims)
					o := c.opt
					o.Method, o.Metric, o.Components = method, metric, dims
					o.Iterations, o.EarlyIterations = 60, 30
					r, err := Fit(t.Context(), c.x, o)
					if err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					finite(t, what, r)
				}
			}
		}
	}
}

// Where all points are equal every pair is as likely as any other.
func TestEqualPointsHaveUniformAffinities(t *testing.T) {
	const n = 20
	p := exactAffinities(t, mat.NewDense(n, 2, nil), Euclidean, 5)
	for i := range n {
		for j := range n {
			want := 1.0 / (n * (n - 1))
			if i == j {
				want = 0
			}
			if math.Abs(p[i*n+j]-want) > 1e-15 {
				t.Fatalf("p[%d][%d] is %v, want %v", i, j, p[i*n+j], want)
			}
		}
	}
}

// A power of two in the input must not change a bit, however large.
func TestScaleInvariance(t *testing.T) {
	x := points.Clusters(60, 4, 3)
	x.Scale(0x1p50, x)
	o := Options{Perplexity: 5, Iterations: 20, Method: BarnesHut}
	a, err := Fit(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	x.Scale(0x1p900, x)
	b, err := Fit(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(a.Layout, b.Layout) {
		t.Error("the layout depends on the scale of the input")
	}
}

func TestMultiscaleIsTheMean(t *testing.T) {
	const n = 100
	x := points.Clusters(n, goldenD, 4)
	s, err := newSpace(x, Euclidean)
	if err != nil {
		t.Fatal(err)
	}
	const k = 90
	_, d2, err := s.Neighbours(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	each := func(perplexities ...float64) []float64 {
		p := make([]float64, len(d2))
		if err := conditional(t.Context(), d2, k, false, perplexities, p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	small, large, both := each(5), each(30), each(5, 30)
	want := make([]float64, len(both))
	for i := range want {
		want[i] = (small[i] + large[i]) / 2
	}
	near.AtMost(t, "mean of two perplexities", near.Norm(t, both, want), 1e-15)
	if near.Norm(t, small, large) < 0.1 {
		t.Error("the two perplexities hardly differ")
	}
}

func TestErrors(t *testing.T) {
	x := points.Clusters(40, 3, 2)
	bad := func(v float64) *mat.Dense {
		x := points.Clusters(40, 3, 2)
		x.Set(11, 2, v)
		return x
	}
	cases := []struct {
		name string
		x    mat.Matrix
		opt  Options
		want string
	}{
		{"NaN", bad(math.NaN()), Options{}, "NaN in row 11, column 2"},
		{"infinity", bad(math.Inf(-1)), Options{}, "-Inf in row 11, column 2"},
		{"no points", &mat.Dense{}, Options{}, "no rows"},
		{"perplexity", x, Options{Perplexity: 40}, "Perplexity is 40"},
		{"perplexities", x, Options{Perplexities: []float64{5, -1}}, "Perplexity is -1"},
		{"components", x, Options{Components: 4}, "Components is 4"},
		{"angle", x, Options{Angle: 1.5}, "Angle is 1.5"},
		{"exaggeration", x, Options{EarlyExaggeration: 0.5}, "EarlyExaggeration is 0.5"},
		{"late exaggeration", x, Options{LateExaggeration: -1}, "LateExaggeration is -1"},
		{"learning rate", x, Options{LearningRate: math.NaN()}, "LearningRate is NaN"},
		{"metric", x, Options{Metric: "taxi"}, `Metric is "taxi"`},
		{"method", x, Options{Method: "guess"}, `Method is "guess"`},
		{"schedule", x, Options{Schedule: "none"}, `Schedule is "none"`},
		{"init", x, Options{Init: "zero"}, `Init is "zero"`},
		{"no layout", x, Options{Init: InitGiven}, "InitialLayout is nil"},
		{"layout's shape", x, Options{InitialLayout: mat.NewDense(40, 3, nil)}, "40 x 3, want 40 x 2"},
		{"layout's numbers", x, Options{InitialLayout: mat.NewDense(40, 2, slices.Repeat([]float64{math.NaN()}, 80))}, "NaN in row 0"},
		{"degrees of freedom", x, Options{DegreesOfFreedom: -2}, "DegreesOfFreedom is -2"},
	}
	for _, c := range cases {
		if _, err := Fit(t.Context(), c.x, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		d    mat.Matrix
		want string
	}{
		"shape":    {mat.NewDense(40, 39, nil), "40 x 39"},
		"negative": {mat.NewDense(40, 40, slices.Repeat([]float64{-1}, 1600)), "below 0"},
		"NaN":      {mat.NewDense(40, 40, slices.Repeat([]float64{math.NaN()}, 1600)), "NaN"},
	} {
		if _, err := FitDistances(t.Context(), c.d, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("distances, %s: the error is %v, want one with %q", name, err, c.want)
		}
	}
}

// A learning rate beyond reason ends with an error and the last finite layout.
func TestDivergence(t *testing.T) {
	r, err := Fit(t.Context(), points.Clusters(60, 4, 3), Options{Perplexity: 5, LearningRate: 1e308})
	if err == nil || r == nil || r.Stop != StopDiverged {
		t.Fatalf("%+v, %v", r, err)
	}
	finite(t, "diverged", r)
}

func TestGivenDistances(t *testing.T) {
	const n = 120
	x := points.Clusters(n, goldenD, 4)
	d := mat.NewDense(n, n, nil)
	d.Apply(func(i, j int, _ float64) float64 {
		diff := mat.NewVecDense(goldenD, nil)
		diff.SubVec(x.RowView(i), x.RowView(j))
		return mat.Norm(diff, 2)
	}, d)
	for _, method := range []Method{Exact, BarnesHut, FFT} {
		o := Options{Perplexity: 10, Iterations: 30, Method: method, Init: InitRandom, EarlyExaggeration: 4}
		a, err := Fit(t.Context(), x, o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := FitDistances(t.Context(), d, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range []float64{1e30, math.Inf(1), -1, math.NaN(), math.MaxFloat64} { // against matches with themselves
			d.Set(i, i, v)
		}
		same, err := FitDistances(t.Context(), d, o)
		if err != nil || !mat.Equal(same.Layout, b.Layout) {
			t.Errorf("%s: the diagonal is looked at: %v", method, err)
		}
		for i := range n {
			d.Set(i, i, 0)
		}
		// The distances are rounded to float32 after the square.
		near.AtMost(t, string(method), spread(t, b.Layout.RawMatrix().Data, a.Layout.RawMatrix().Data), 1e-3)
		u, err := a.Transform(t.Context(), x.Slice(0, 5, 0, goldenD), TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		v, err := b.Transform(t.Context(), d.Slice(0, 5, 0, n), TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		near.AtMost(t, string(method)+", transformed", spread(t, v.RawMatrix().Data, u.RawMatrix().Data), 1e-3)
	}
}

func TestProgressAndStopping(t *testing.T) {
	x := points.Clusters(250, goldenD, 5)
	t.Run("callback", func(t *testing.T) {
		var seen []int
		var last Progress
		var lastLayout *mat.Dense
		r, err := Fit(t.Context(), x, Options{Iterations: 45, ProgressEvery: 10, Progress: func(p Progress) bool {
			seen = append(seen, p.Iteration)
			last, lastLayout = p, mat.DenseCopyOf(p.Layout)
			return p.Iteration < 30
		}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Stop != StopCallback || r.Iterations != 30 || !slices.Equal(seen, []int{10, 20, 30}) {
			t.Errorf("stopped because %q after %d iterations, called at %v", r.Stop, r.Iterations, seen)
		}
		if !mat.Equal(lastLayout, r.Layout) || last.KL != r.KL || last.Iterations != 45 || !(last.GradientNorm > 0) {
			t.Errorf("the last call saw %+v, the result is %v", last, r.KL)
		}
	})
	t.Run("searching", func(t *testing.T) {
		searched := 0
		searching := func(done, total int) {
			if done <= searched || total != 250 {
				t.Errorf("%d points of %d have found their neighbours, after %d", done, total, searched)
			}
			searched = done
		}
		opt := Options{Method: BarnesHut, Iterations: 20, ProgressEvery: 1, Searching: searching, Progress: func(Progress) bool { return searched == 250 }}
		if r, err := Fit(t.Context(), x, opt); err != nil || r.Stop == StopCallback {
			t.Errorf("%d points had found their neighbours before the first iteration: %v", searched, err)
		}
		searched = 0
		if _, err := NewAffinities(t.Context(), x, opt); err != nil || searched != 250 {
			t.Errorf("%d points had found their neighbours: %v", searched, err)
		}
	})
	t.Run("last call", func(t *testing.T) {
		var last Progress
		r, err := Fit(t.Context(), x, Options{Iterations: 20, ProgressEvery: 10, Progress: func(p Progress) bool { last = p; return true }})
		if err != nil {
			t.Fatal(err)
		}
		if last.Iteration != 20 || last.KL != r.KL || r.Stop != StopIterations {
			t.Errorf("the last call saw iteration %d and %v, the result is %v, %q", last.Iteration, last.KL, r.KL, r.Stop)
		}
	})
	t.Run("gradient", func(t *testing.T) {
		r, err := Fit(t.Context(), x, Options{MinGradNorm: 1e9})
		if err != nil {
			t.Fatal(err)
		}
		// The first phase stops at its first look, and so does the second.
		if r.Stop != StopGradient || r.Iterations != 100 {
			t.Errorf("stopped because %q after %d iterations", r.Stop, r.Iterations)
		}
	})
	t.Run("progress", func(t *testing.T) {
		// A rate so high that the points jump about.
		r, err := Fit(t.Context(), x, Options{LearningRate: 1e4, EarlyIterations: -1, IterationsWithoutProgress: 60, Iterations: 5000})
		if err != nil {
			t.Fatal(err)
		}
		if r.Stop != StopProgress || r.Iterations%50 != 0 {
			t.Errorf("stopped because %q after %d iterations", r.Stop, r.Iterations)
		}
	})
}
