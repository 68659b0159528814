package pca_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/pca"
)

// random returns n x d numbers, columns of falling size and off-centre.
func random(name string, n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i, v := range golden.Uniform(name, n*d, 1) {
		j := i % d
		x.RawMatrix().Data[i] = float64(v)*math.Pow(0.97, float64(j)) + float64(j)
	}
	return x
}

// view hides what a matrix is, so that only At is left.
type view struct{ mat.Matrix }

func fit(t testing.TB, x mat.Matrix, opt pca.Options) *pca.Model {
	t.Helper()
	m, err := pca.Fit(t.Context(), x, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sameModel returns the largest difference between two models, relative to
// the largest value of each field.
func sameModel(t *testing.T, a, b *pca.Model) float64 {
	t.Helper()
	if a.Samples != b.Samples || a.Whiten != b.Whiten {
		t.Errorf("samples %d and %d, whitening %v and %v", a.Samples, b.Samples, a.Whiten, b.Whiten)
	}
	return max(
		golden.Relative(t, a.Mean, b.Mean),
		golden.Relative(t, a.Components.RawMatrix().Data, b.Components.RawMatrix().Data),
		golden.Relative(t, append(slices.Clone(a.ExplainedVariance), a.NoiseVariance), append(slices.Clone(b.ExplainedVariance), b.NoiseVariance)),
		golden.Relative(t, a.ExplainedVarianceRatio, b.ExplainedVarianceRatio),
		golden.Relative(t, a.SingularValues, b.SingularValues))
}

func TestErrors(t *testing.T) {
	ok := random("errors", 6, 4)
	with := func(v float64) *mat.Dense {
		x := mat.DenseCopyOf(ok)
		x.Set(5, 3, math.Inf(1)) // a later one, which is not the one named
		x.Set(3, 2, v)
		return x
	}
	huge := mat.DenseCopyOf(ok)
	huge.Set(2, 1, 1e200)
	larger := mat.DenseCopyOf(ok)
	larger.Set(2, 1, math.MaxFloat64)
	larger.Set(3, 1, -math.MaxFloat64)
	for _, c := range []struct {
		name string
		x    mat.Matrix
		opt  pca.Options
		want string
	}{
		{"nil", nil, pca.Options{}, "nil"},
		{"empty", &mat.Dense{}, pca.Options{}, "0 x 0"},
		{"one sample", mat.NewDense(1, 3, nil), pca.Options{}, "1 samples"},
		{"NaN", with(math.NaN()), pca.Options{}, "row 3, column 2 is NaN"},
		{"Inf", with(math.Inf(-1)), pca.Options{}, "row 3, column 2 is -Inf"},
		{"NaN, Gram", with(math.NaN()), pca.Options{Solver: pca.Gram}, "row 3, column 2 is NaN"},
		{"NaN, view", view{with(math.NaN())}, pca.Options{}, "row 3, column 2 is NaN"},
		{"huge", huge, pca.Options{}, "column 1: the values are too large"},
		{"huge, Gram", huge, pca.Options{Solver: pca.Gram}, "column 1: the values are too large"},
		{"largest", larger, pca.Options{}, "column 1: the values are too large"},
		{"too many", ok, pca.Options{Components: 5}, "min(n, d) = 4"},
		{"negative", ok, pca.Options{Components: -1}, "-1 components"},
		{"fraction 1", ok, pca.Options{Variance: 1}, "fraction 1"},
		{"fraction NaN", ok, pca.Options{Variance: math.NaN()}, "fraction NaN"},
		{"both", ok, pca.Options{Components: 1, Variance: 0.5}, "give one"},
		{"solver", ok, pca.Options{Solver: 9}, "solver 9"},
	} {
		m, err := pca.Fit(t.Context(), c.x, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if m != nil {
			t.Errorf("%s: a model came with the error", c.name)
		}
	}
	m := fit(t, ok, pca.Options{Components: 2})
	var large mat.Dense
	large.Scale(1e10, ok)
	whitening := fit(t, &large, pca.Options{Components: 2, Whiten: true})
	for _, c := range []struct {
		name string
		f    func(context.Context, mat.Matrix) (*mat.Dense, error)
		x    mat.Matrix
		want string
	}{
		{"columns", m.Transform, mat.NewDense(1, 3, nil), "3 columns do not fit a model of 4"},
		{"nil", m.Transform, nil, "nil"},
		{"NaN", m.Transform, with(math.NaN()), "row 3, column 2 is NaN"},
		{"scores", m.InverseTransform, mat.NewDense(1, 3, nil), "3 columns do not fit a model of 2"},
		{"NaN score", m.InverseTransform, mat.NewDense(1, 2, []float64{0, math.NaN()}), "row 0, column 1 is NaN"},
		{"huge score", whitening.InverseTransform, mat.NewDense(1, 2, []float64{math.MaxFloat64, math.MaxFloat64}), "too large"},
		{"empty model", new(pca.Model).Transform, ok, "no components"},
	} {
		if _, err := c.f(t.Context(), c.x); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// Degenerate data give models without NaN: orthonormal components, variances
// of zero where there is none, and the data back.
func TestDegenerate(t *testing.T) {
	constant := random("degenerate", 9, 5)
	for i := range 9 {
		constant.Set(i, 1, 0.1) // 9 * 0.1 rounds
		constant.Set(i, 4, 1e300)
	}
	equal := mat.NewDense(4, 3, []float64{.1, .2, .3, .1, .2, .3, .1, .2, .3, .1, .2, .3})
	repeated := mat.NewDense(8, 6, nil)
	for i := range 8 {
		repeated.SetRow(i, random("repeated", 2, 6).RawRowView(i%2))
	}
	wide := mat.NewDense(4, 30, nil)
	for i := range 4 {
		wide.SetRow(i, random("repeated", 2, 30).RawRowView(i%2))
	}
	for name, x := range map[string]*mat.Dense{
		"constant columns": constant, "equal rows": equal, "two rows": random("two", 2, 3), "rank 1": repeated,
		"wide, rank 1": wide, "one column": random("column", 5, 1), "zeros": mat.NewDense(3, 3, nil),
		"tiny": mat.NewDense(2, 2, []float64{1e-160, 0, -1e-160, 3e-160}),
	} {
		n, d := x.Dims()
		for _, opt := range []pca.Options{{}, {Solver: pca.Gram}, {Solver: pca.Covariance}, {Whiten: true}, {Variance: 0.5}} {
			m := fit(t, x, opt)
			k, _ := m.Components.Dims()
			if opt.Variance == 0 && k != min(n, d) {
				t.Errorf("%s: %d components", name, k)
			}
			var eye mat.Dense
			eye.Mul(m.Components, m.Components.T())
			for i := range k {
				for j := range k {
					want := 0.0
					if i == j {
						want = 1
					}
					if !(math.Abs(eye.At(i, j)-want) < 1e-12) {
						t.Errorf("%s %+v: components %d and %d have inner product %g", name, opt, i, j, eye.At(i, j))
					}
				}
				if v := m.ExplainedVariance[i]; !(v >= 0) || i > 0 && v > m.ExplainedVariance[i-1] {
					t.Errorf("%s %+v: variances %v", name, opt, m.ExplainedVariance)
				}
				if r := m.ExplainedVarianceRatio[i]; !(r >= 0 && r <= 1) {
					t.Errorf("%s %+v: ratio %g", name, opt, r)
				}
			}
			z, err := m.Transform(t.Context(), x)
			if err != nil {
				t.Fatal(name, err)
			}
			back, err := m.InverseTransform(t.Context(), z)
			if err != nil {
				t.Fatal(name, err)
			}
			if opt.Variance == 0 {
				if e := golden.Relative(t, back.RawMatrix().Data, x.RawMatrix().Data); e > 1e-13 {
					t.Errorf("%s %+v: the data come back %g off", name, opt, e)
				}
			}
		}
	}
	// A constant column's mean is that constant, and it has no part in any
	// component of positive variance.
	m := fit(t, constant, pca.Options{Components: 3})
	if m.Mean[1] != 0.1 || m.Mean[4] != 1e300 {
		t.Errorf("means %v of the constants 0.1 and 1e300", m.Mean)
	}
	for i := range 3 {
		if m.Components.At(i, 1) != 0 || m.Components.At(i, 4) != 0 {
			t.Errorf("component %d = %v has a part in a constant column", i, m.Components.RawRowView(i))
		}
	}
	if m := fit(t, equal, pca.Options{}); m.ExplainedVariance[0] != 0 || m.ExplainedVarianceRatio[0] != 0 {
		t.Errorf("equal rows have variance %v, ratio %v", m.ExplainedVariance, m.ExplainedVarianceRatio)
	}
}

// Both solvers agree, whatever the type of the matrix.
func TestSolversAgree(t *testing.T) {
	for _, dims := range [][2]int{{70, 50}, {50, 70}, {300, 33}, {2, 9}, {513, 3}} {
		x := random("agree", dims[0], dims[1])
		opt := pca.Options{Components: min(5, dims[0]-1, dims[1])}
		want := fit(t, x, opt)
		for name, y := range map[string]mat.Matrix{
			"view": view{x}, "transposed": mat.DenseCopyOf(x.T()).T(),
			"part": part(x),
		} {
			if d := sameModel(t, fit(t, y, opt), want); d != 0 {
				t.Errorf("%v %s: %g off", dims, name, d)
			}
		}
		opt.Solver = pca.Gram
		g := fit(t, x, opt)
		opt.Solver = pca.Covariance
		c := fit(t, x, opt)
		if d := sameModel(t, g, c); d > 1e-10 {
			t.Errorf("%v: the solvers differ by %g", dims, d)
		}
	}
}

// A spectrum over 13 decades, graded either way, is resolved to the rounding
// errors of the largest variance.
func TestGraded(t *testing.T) {
	for _, n := range []int{200, 100} {
		x := mat.NewDense(n, 150, nil)
		for i, v := range golden.Uniform("graded", n*150, 1) {
			x.RawMatrix().Data[i] = float64(v) * math.Pow(0.9, float64(i%150))
		}
		for range 2 {
			m := fit(t, x, pca.Options{})
			var z mat.Dense
			centred := mat.NewDense(n, 150, nil)
			centred.Apply(func(_, j int, v float64) float64 { return v - m.Mean[j] }, x)
			z.Mul(centred, m.Components.T())
			var cov mat.Dense
			cov.Mul(z.T(), &z)
			worst := 0.0
			for i, v := range m.ExplainedVariance {
				for j := range m.ExplainedVariance {
					got, want := cov.At(i, j)/float64(n-1), 0.0
					if i == j {
						want = v
					}
					worst = max(worst, math.Abs(got-want)/m.ExplainedVariance[0])
				}
			}
			t.Logf("%d samples: covariance of the scores off by %.2g of the largest", n, worst)
			if worst > 1e-13 {
				t.Errorf("%d samples: covariance of the scores off by %g of the largest", n, worst)
			}
			for i := range n { // graded the other way
				row := x.RawRowView(i)
				for j := range 75 {
					row[j], row[149-j] = row[149-j], row[j]
				}
			}
		}
	}
}

// part returns x as a piece of a larger matrix, with a stride.
func part(x *mat.Dense) mat.Matrix {
	n, d := x.Dims()
	y := mat.NewDense(n+2, d+3, nil)
	s := y.Slice(1, n+1, 2, d+2).(*mat.Dense)
	s.Copy(x)
	return s
}

func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, dims := range [][2]int{{300, 130}, {100, 210}} {
		x := random("bits", dims[0], dims[1])
		var first *pca.Model
		var scores *mat.Dense
		for _, p := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(p)
			m := fit(t, x, pca.Options{Components: 70})
			z, err := m.Transform(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first, scores = m, z
			} else if d := max(sameModel(t, m, first), golden.MaxAbsDiff(t, z.RawMatrix().Data, scores.RawMatrix().Data)); d != 0 {
				t.Errorf("%v: at GOMAXPROCS %d the result differs by %g", dims, p, d)
			}
		}
	}
}

func BenchmarkFit(b *testing.B) {
	x := random("bench", 10_000, 512)
	for _, k := range []int{2, 0} {
		b.Run(strconv.Itoa(k), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fit(b, x, pca.Options{Components: k})
			}
			b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "points/s")
		})
	}
}

func BenchmarkFitGram(b *testing.B) {
	x := random("bench", 512, 2048)
	for b.Loop() {
		fit(b, x, pca.Options{Components: 2})
	}
}

func BenchmarkScatter(b *testing.B) {
	x := random("bench", 10_000, 512)
	for b.Loop() {
		var inc pca.Incremental
		if err := inc.Add(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000*512*513/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkTransform(b *testing.B) {
	x := random("bench", 10_000, 512)
	m := fit(b, x.Slice(0, 600, 0, 512), pca.Options{Components: 50})
	for b.Loop() {
		if _, err := m.Transform(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*2*10_000*512*50/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
