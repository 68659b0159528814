package pca_test

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
)

// However the samples are cut up and put together, the model is that of one
// fit.
func TestIncremental(t *testing.T) {
	x := random("incremental", 1000, 40)
	opt := pca.Options{Components: 6, Whiten: true}
	want := fit(t, x, opt)
	rows := func(lo, hi int) mat.Matrix { return x.Slice(lo, hi, 0, 40) }
	worst := 0.0
	for _, step := range []int{1, 7, 100, 999, 1000} {
		var inc, left, right pca.Incremental
		for lo := 0; lo < 1000; lo += step {
			hi := min(lo+step, 1000)
			for _, to := range []*pca.Incremental{&inc, map[bool]*pca.Incremental{true: &left, false: &right}[lo%3 == 0]} {
				if err := to.Add(t.Context(), rows(lo, hi)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := left.Merge(&right); err != nil {
			t.Fatal(err)
		}
		for _, i := range []*pca.Incremental{&inc, &left} {
			m, err := i.Fit(t.Context(), opt)
			if err != nil {
				t.Fatal(err)
			}
			worst = max(worst, sameModel(t, m, want))
		}
	}
	t.Logf("largest relative difference: %.2g", worst)
	if worst > 1e-10 {
		t.Errorf("incremental fits differ by %g", worst)
	}
}

// Far from the origin sums of squares would lose everything.
func TestIncrementalOffset(t *testing.T) {
	x := random("offset", 500, 4)
	want := fit(t, x, pca.Options{})
	var inc pca.Incremental
	for lo := 0; lo < 500; lo += 50 {
		y := mat.NewDense(50, 4, nil)
		y.Apply(func(_, _ int, v float64) float64 { return v + 1e6 }, x.Slice(lo, lo+50, 0, 4))
		if err := inc.Add(t.Context(), y); err != nil {
			t.Fatal(err)
		}
	}
	m, err := inc.Fit(t.Context(), pca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range m.ExplainedVariance {
		if d := math.Abs(v/want.ExplainedVariance[i] - 1); d > 1e-8 { // v + 1e6 keeps 10 digits
			t.Errorf("variance %d: %g, want %g", i, v, want.ExplainedVariance[i])
		}
	}
}

func TestIncrementalErrors(t *testing.T) {
	var inc pca.Incremental
	x := random("incremental", 5, 3)
	if err := inc.Merge(nil); err != nil {
		t.Error(err)
	}
	if _, err := inc.Fit(t.Context(), pca.Options{}); err == nil || !strings.Contains(err.Error(), "0 samples") {
		t.Errorf("no samples: %v", err)
	}
	if err := inc.Add(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	before, err := inc.Fit(t.Context(), pca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := inc.Add(t.Context(), random("incremental", 5, 4)); err == nil || !strings.Contains(err.Error(), "4 columns after data of 3") {
		t.Errorf("columns: %v", err)
	}
	bad := mat.DenseCopyOf(x)
	bad.Set(4, 1, math.NaN())
	if err := inc.Add(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "row 4, column 1 is NaN") {
		t.Errorf("NaN: %v", err)
	}
	var other pca.Incremental
	if err := other.Add(t.Context(), random("other", 2, 4)); err != nil {
		t.Fatal(err)
	}
	if err := inc.Merge(&other); err == nil {
		t.Error("merged 4 features into 3")
	}
	if inc.Samples() != 5 {
		t.Errorf("%d samples after the errors", inc.Samples())
	}
	after, err := inc.Fit(t.Context(), pca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := sameModel(t, before, after); d != 0 {
		t.Errorf("the errors changed the model by %g", d)
	}
	if _, err := inc.Fit(t.Context(), pca.Options{Components: 4}); err == nil {
		t.Error("4 components of 3 features")
	}
	if _, err := inc.Fit(t.Context(), pca.Options{Solver: pca.Gram}); err == nil {
		t.Error("the Gram solver without samples")
	}
}
