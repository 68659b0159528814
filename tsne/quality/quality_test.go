package quality_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
	"github.com/glimpse-go/glimpse/tsne/quality"
)

// The measures equal scikit-learn's and SciPy's. scikit-learn orders points
// that are equally near by chance; where there are many such (the digits), the
// same definition with ties broken by index is what ours must equal exactly.
func TestQualityGoldens(t *testing.T) {
	ctx := context.Background()
	f := golden.Open(t, "quality")
	matrix := func(name string) *mat.Dense {
		shape := f.Shape(name)
		m := mat.NewDense(shape[0], shape[1], nil)
		if name == "digits/x" {
			for i, b := range f.Bytes(name) {
				m.RawMatrix().Data[i] = float64(b)
			}
		} else {
			copy(m.RawMatrix().Data, f.Float64(name))
		}
		return m
	}
	for _, name := range []string{"random", "random3", "digits"} {
		x, y := matrix(name+"/x"), matrix(name+"/y")
		var labels []int
		for _, l := range f.Int64(name + "/labels") {
			labels = append(labels, int(l))
		}
		check := func(what string, tolerance float64, measure func(i int) (float64, error)) {
			t.Helper()
			worst := 0.0
			for i, want := range f.Float64(name + "/" + what) {
				got, err := measure(i)
				if err != nil {
					t.Fatal(name, what, err)
				}
				worst = max(worst, math.Abs(got-want))
			}
			t.Logf("%s: %s differs by %.2g", name, what, worst)
			if !(worst <= tolerance) {
				t.Errorf("%s: %s differs by %g", name, what, worst)
			}
		}
		k := f.Int64(name + "/k")
		trust := func(i int) (float64, error) { return quality.Trustworthiness(ctx, x, y, int(k[i])) }
		continuity := func(i int) (float64, error) { return quality.Continuity(ctx, x, y, int(k[i])) }
		neighbours := func(i int) (float64, error) { return quality.NeighbourPreservation(ctx, x, y, int(k[i])) }
		check("trustworthiness.by_index", 1e-15, trust)
		check("continuity.by_index", 1e-15, continuity)
		check("neighbours", 1e-15, neighbours)
		ties := 1e-15
		if name == "digits" {
			ties = 1e-4
		}
		check("trustworthiness", ties, trust)
		check("continuity", ties, continuity)
		check("neighbours.sklearn", ties*10, neighbours)
		check("classes", 1e-15, func(i int) (float64, error) {
			return quality.ClassPreservation(ctx, x, y, labels, []int{1, 4}[i])
		})
		check("correlation", 1e-12, func(i int) (float64, error) {
			return quality.DistanceCorrelation(ctx, x, y, []int{200, 0}[i], 3)
		})
		check("kl", 1e-9, func(i int) (float64, error) {
			if i == 0 {
				return quality.KLDivergence(ctx, x, y, 0)
			}
			var small mat.Dense
			small.Scale(0.05, y)
			return quality.KLDivergence(ctx, x, &small, 10)
		})
	}
}

// all returns every measure of the layout y, or the first error.
func all(ctx context.Context, x, y mat.Matrix, labels []int, k int) ([]float64, error) {
	var out []float64
	for _, f := range []func() (float64, error){
		func() (float64, error) { return quality.NeighbourPreservation(ctx, x, y, k) },
		func() (float64, error) { return quality.Trustworthiness(ctx, x, y, k) },
		func() (float64, error) { return quality.Continuity(ctx, x, y, k) },
		func() (float64, error) { return quality.ClassPreservation(ctx, x, y, labels, 2) },
		func() (float64, error) { return quality.DistanceCorrelation(ctx, x, y, 500, 1) },
		func() (float64, error) { return quality.KLDivergence(ctx, x, y, 10) },
	} {
		v, err := f()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func cycle(n, classes int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % classes
	}
	return labels
}

// A layout that is the data, but for scale and place, is perfect; ranks hold
// with duplicates too, far from the origin, and at any magnitude.
func TestQualityOfTheDataThemselves(t *testing.T) {
	x := points.FarOff("quality self", 300, 5)
	for _, scale := range []float64{1, 1e-150, 1e150} {
		var y mat.Dense
		y.Apply(func(_, _ int, v float64) float64 { return 4 * scale * v }, x)
		got, err := all(context.Background(), x, &y, cycle(300, 7), 10)
		if scale == 1 && err != nil {
			t.Fatal(err)
		}
		if err != nil {
			if !strings.Contains(err.Error(), "overflow") {
				t.Errorf("scale %g: %v", scale, err)
			}
			continue
		}
		for i, v := range got[:5] {
			if math.Abs(v-1) > 1e-6 {
				t.Errorf("scale %g: measure %d is %v, want 1", scale, i, v)
			}
		}
	}
}

// Ranks agree with the definition, computed one by one.
func TestTrustworthinessByDefinition(t *testing.T) {
	x, y := points.FarOff("definition x", 120, 30), points.FarOff("definition y", 120, 2)
	for i := range 120 { // half of the data on a grid, with many ties
		for j := range 15 {
			x.Set(i, j, math.Round(x.At(i, j)))
		}
	}
	ranks := func(m *mat.Dense) (r [120][120]int) {
		for i := range r {
			var d [120]float64
			for a := range d {
				for j, v := range m.RawRowView(i) {
					d[a] += (v - m.At(a, j)) * (v - m.At(a, j))
				}
			}
			for a := range d {
				r[i][a] = 1
				for b := range d {
					if b != i && (d[b] < d[a] || d[b] == d[a] && b < a) {
						r[i][a]++
					}
				}
			}
		}
		return r
	}
	rx, ry := ranks(x), ranks(y)
	for _, k := range []int{1, 7, 59} {
		excess := 0
		for i := range 120 {
			for j := range 120 {
				if j != i && ry[i][j] <= k {
					excess += max(0, rx[i][j]-k)
				}
			}
		}
		want := 1 - 2*float64(excess)/float64(120*k*(240-3*k-1))
		got, err := quality.Trustworthiness(context.Background(), x, y, k)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-want) > 1e-15 {
			t.Errorf("k = %d: %v, want %v", k, got, want)
		}
	}
}

func TestQualitySameBitsAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	x, y := points.FarOff("bits x", 550, 20), points.FarOff("bits y", 550, 2)
	var first []float64
	for _, p := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(p)
		got, err := all(context.Background(), x, y, cycle(550, 6), 10)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		} else if d := golden.MaxAbsDiff(t, got, first); d != 0 {
			t.Errorf("at GOMAXPROCS %d a measure differs by %g", p, d)
		}
	}
}

func TestQualityErrors(t *testing.T) {
	ctx := context.Background()
	x, y := points.FarOff("errors x", 20, 4), points.FarOff("errors y", 20, 2)
	nan := mat.DenseCopyOf(y)
	nan.Set(3, 1, math.NaN())
	flat := mat.NewDense(20, 2, nil)
	labels := cycle(20, 5)
	for name, c := range map[string]struct {
		f    func() (float64, error)
		want string
	}{
		"rows":          {func() (float64, error) { return quality.Trustworthiness(ctx, x, y.Slice(0, 19, 0, 2), 3) }, "20 points, but 19 places"},
		"k = n/2":       {func() (float64, error) { return quality.Trustworthiness(ctx, x, y, 10) }, "less than n/2"},
		"k = 0":         {func() (float64, error) { return quality.Continuity(ctx, x, y, 0) }, "0 neighbours"},
		"k = n":         {func() (float64, error) { return quality.NeighbourPreservation(ctx, x, y, 20) }, "20 neighbours of 20"},
		"NaN":           {func() (float64, error) { return quality.NeighbourPreservation(ctx, x, nan, 3) }, "NaN in row 3, column 1"},
		"sample NaN":    {func() (float64, error) { return quality.DistanceCorrelation(ctx, x, nan, 0, 0) }, "NaN in row 3, column 1"},
		"KL NaN":        {func() (float64, error) { return quality.KLDivergence(ctx, x, nan, 5) }, "NaN in row 3, column 1"},
		"KL rows":       {func() (float64, error) { return quality.KLDivergence(ctx, x, y.Slice(0, 19, 0, 2), 5) }, "19 places"},
		"perplexity":    {func() (float64, error) { return quality.KLDivergence(ctx, x, y, 20) }, "erplexity"},
		"labels":        {func() (float64, error) { return quality.ClassPreservation(ctx, x, y, labels[1:], 2) }, "19 labels for 20"},
		"classes":       {func() (float64, error) { return quality.ClassPreservation(ctx, x, y, labels, 5) }, "5 neighbours of 5 classes"},
		"sample":        {func() (float64, error) { return quality.DistanceCorrelation(ctx, x, y, 2, 0) }, "sample of 2"},
		"sample < 0":    {func() (float64, error) { return quality.DistanceCorrelation(ctx, x, y, -1, 0) }, "sample of -1"},
		"equal layout":  {func() (float64, error) { return quality.DistanceCorrelation(ctx, x, flat, 0, 0) }, "layout are all equal"},
		"equal data":    {func() (float64, error) { return quality.DistanceCorrelation(ctx, flat, y, 0, 0) }, "data are all equal"},
		"empty":         {func() (float64, error) { return quality.NeighbourPreservation(ctx, &mat.Dense{}, &mat.Dense{}, 1) }, "0 x 0"},
		"KL, far apart": {func() (float64, error) { return quality.KLDivergence(ctx, x, far(20), 5) }, "overflow"},
	} {
		if v, err := c.f(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v, want one with %q", name, v, err, c.want)
		}
	}
	// Points that are all in one place have defined measures.
	for _, f := range []func() (float64, error){
		func() (float64, error) { return quality.Trustworthiness(ctx, x, flat, 3) },
		func() (float64, error) { return quality.Continuity(ctx, x, flat, 3) },
		func() (float64, error) { return quality.KLDivergence(ctx, x, flat, 5) },
		func() (float64, error) { return quality.KLDivergence(ctx, flat, y, 5) },
	} {
		if v, err := f(); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("points in one place: %v, error %v", v, err)
		}
	}
	// Points without a class are left out.
	part := append([]int{}, labels...)
	part[0], part[7] = -1, -3
	if _, err := quality.ClassPreservation(ctx, x, y, part, 4); err != nil {
		t.Error(err)
	}
}

// far returns points whose squared distances exceed float64.
func far(n int) *mat.Dense {
	y := mat.NewDense(n, 2, nil)
	for i := range n {
		y.Set(i, 0, 1e200*float64(i))
	}
	return y
}

func TestQualityStops(t *testing.T) {
	x, y := points.FarOff("stops x", 300, 100), points.FarOff("stops y", 300, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := all(ctx, x, y, cycle(300, 5), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkQuality(b *testing.B) {
	ctx := context.Background()
	x := points.FarOff("bench x", 10_000, 512)
	y := mat.NewDense(10_000, 2, nil) // a layout that keeps something of the data
	for i := range 10_000 {
		row := x.RawRowView(i)
		for j := range row {
			row[j] += 3 * float64(i%10*j%7)
		}
		y.SetRow(i, []float64{row[1] + 0.1*row[40], row[2] + 0.1*row[50]})
	}
	for name, f := range map[string]func() (float64, error){
		"trustworthiness": func() (float64, error) { return quality.Trustworthiness(ctx, x, y, 10) },
		"continuity":      func() (float64, error) { return quality.Continuity(ctx, x, y, 10) },
		"neighbours":      func() (float64, error) { return quality.NeighbourPreservation(ctx, x, y, 10) },
		"correlation":     func() (float64, error) { return quality.DistanceCorrelation(ctx, x, y, 1000, 0) },
		"kl":              func() (float64, error) { return quality.KLDivergence(ctx, x, y, 30) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Measures stop with their context.
func TestMeasuresStop(t *testing.T) {
	x, y := points.FarOff("stops x", 600, 20), points.FarOff("stops y", 600, 2)
	number := func(_ float64, err error) error { return err }
	for name, f := range map[string]func(context.Context) error{
		"divergence":      func(ctx context.Context) error { return number(quality.KLDivergence(ctx, x, y, 30)) },
		"trustworthiness": func(ctx context.Context) error { return number(quality.Trustworthiness(ctx, x, y, 10)) },
		"continuity":      func(ctx context.Context) error { return number(quality.Continuity(ctx, x, y, 10)) },
		"neighbours":      func(ctx context.Context) error { return number(quality.NeighbourPreservation(ctx, x, y, 10)) },
		"classes":         func(ctx context.Context) error { return number(quality.ClassPreservation(ctx, x, y, cycle(600, 5), 4)) },
		"correlation":     func(ctx context.Context) error { return number(quality.DistanceCorrelation(ctx, x, y, 0, 0)) },
	} {
		looks := countdown.Stops(t, name, 12, 16, f)
		t.Logf("%s: %d looks at the context", name, looks)
	}
}
