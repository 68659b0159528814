package pca_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/pca"
)

// singles returns x in float32, and the numbers that it is of then.
func singles(t testing.TB, x *mat.Dense) (pca.Dense32, *mat.Dense) {
	t.Helper()
	n, d := x.Dims()
	data, exact := make([]float32, n*d), mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			data[i*d+j] = float32(x.At(i, j))
			exact.Set(i, j, float64(data[i*d+j]))
		}
	}
	s, err := pca.NewDense32(n, d, data)
	if err != nil {
		t.Fatal(err)
	}
	return s, exact
}

// roundings bounds what a sum of 512 products in float32 loses of their sizes' sum: about
// sqrt(512) roundings (Higham and Mary 2019; see internal/gemm's tests).
var roundings = math.Sqrt(512) * 0x1p-24

// Of float32, variances are those of float64 up to roundings of the largest, also where
// means are a thousand times as large as what varies, and over more than one block.
func TestFloat32(t *testing.T) {
	for _, dims := range [][2]int{{3, 2}, {70, 50}, {1300, 130}, {5000, 9}} {
		x := random("float32", dims[0], dims[1])
		for _, shift := range []float64{0, 1000} {
			x.Apply(func(_, j int, v float64) float64 { return v + shift*float64(j%3) }, x)
			s, exact := singles(t, x)
			got, want := fit(t, s, pca.Options{}), fit(t, exact, pca.Options{})
			if d := golden.Relative(t, got.Mean, want.Mean); d > 1e-15 {
				t.Errorf("%v: means are %g off", dims, d)
			}
			worst := 0.0
			for i, v := range want.ExplainedVariance {
				worst = max(worst, math.Abs(got.ExplainedVariance[i]-v)/want.ExplainedVariance[0])
			}
			t.Logf("%v, shift %g: variances up to %.2g of the largest off", dims, shift, worst)
			if worst > roundings {
				t.Errorf("%v, shift %g: variances up to %.2g of the largest off", dims, shift, worst)
			}
			if worst == 0 && dims[0] > 3 {
				t.Errorf("%v: not computed in float32", dims)
			}
			// Scores are those of float64, with these components.
			a, err := got.Transform(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			b, err := got.Transform(t.Context(), exact)
			if err != nil {
				t.Fatal(err)
			}
			if !mat.Equal(a, b) {
				t.Errorf("%v: other scores of float32", dims)
			}
			// The other solver computes in float64.
			if dims[0] <= 1300 {
				o := pca.Options{Solver: pca.Gram}
				if d := sameModel(t, fit(t, s, o), fit(t, exact, o)); d != 0 {
					t.Errorf("%v: by Gram's matrix %g off", dims, d)
				}
			}
		}
	}
}

// A float32 matrix may have a stride; what it says of itself has to fit.
func TestFloat32Strided(t *testing.T) {
	s, _ := singles(t, random("strided", 30, 5))
	wide := pca.Dense32{General: blas32.General{Rows: 30, Cols: 5, Stride: 7, Data: make([]float32, 29*7+5)}}
	for i := range 30 {
		copy(wide.Data[i*7:], s.Data[i*5:(i+1)*5])
	}
	if d := sameModel(t, fit(t, wide, pca.Options{}), fit(t, s, pca.Options{})); d != 0 {
		t.Errorf("with a stride %g off", d)
	}
	if got := wide.T().At(4, 29); got != float64(s.Data[29*5+4]) {
		t.Errorf("the transpose's last element is %v", got)
	}
	wide.Data = wide.Data[:29*7+4]
	if _, err := pca.Fit(t.Context(), wide, pca.Options{}); err == nil || !strings.Contains(err.Error(), "207 float32 for 30 x 5") {
		t.Errorf("too few numbers: error %v", err)
	}
	for _, c := range [][3]int{{0, 1, 0}, {1, 0, 0}, {2, 3, 5}, {2, 3, 7}, {-1, -1, 1}, {2, 2, 6}} {
		if _, err := pca.NewDense32(c[0], c[1], make([]float32, c[2])); err == nil {
			t.Errorf("%d numbers for %d x %d were accepted", c[2], c[0], c[1])
		}
	}
}

// Numbers whose squares float32 does not hold are computed with in float64.
func TestFloat32OutOfRange(t *testing.T) {
	for _, scale := range []float64{1e-44, 1e-30, 1e-23, 1e-22, 1e-21, 1e-20, 1e-10, 1, 1e15, 1e19, 1e25, 1e36} {
		x := random("range", 600, 20)
		x.Scale(scale, x)
		s, exact := singles(t, x)
		got, want := fit(t, s, pca.Options{}), fit(t, exact, pca.Options{})
		if d := golden.Relative(t, got.ExplainedVariance, want.ExplainedVariance); d > roundings {
			t.Errorf("numbers of size %g: variances are %g off", scale, d)
		}
	}
	s, _ := singles(t, random("range", 600, 20))
	s.Data[571*20+3] = float32(math.Inf(-1))
	if _, err := pca.Fit(t.Context(), s, pca.Options{}); err == nil || !strings.Contains(err.Error(), "row 571, column 3 is -Inf") {
		t.Errorf("error %v", err)
	}
}

func TestFloat32SameBitsAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	s, _ := singles(t, random("bits", 1100, 300))
	var first *pca.Model
	for _, p := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(p)
		m := fit(t, s, pca.Options{})
		if first == nil {
			first = m
		} else if d := sameModel(t, m, first); d != 0 {
			t.Errorf("at GOMAXPROCS %d the result differs by %g", p, d)
		}
	}
}
