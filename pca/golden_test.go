package pca_test

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/pca"
)

// digits is scikit-learn's load_digits: 1,797 x 64.
func digits(t testing.TB) *mat.Dense {
	f := golden.Open(t, "digits")
	shape := f.Shape("data")
	x := mat.NewDense(shape[0], shape[1], nil)
	for i, b := range f.Bytes("data") {
		x.RawMatrix().Data[i] = float64(b)
	}
	return x
}

// Everything a model says and does equals scikit-learn's to 1e-9, by every
// way to compute it.
func TestScikitLearn(t *testing.T) {
	f := golden.Open(t, "pca")
	data := map[string]*mat.Dense{"digits": digits(t)}
	for _, name := range []string{"tall", "wide"} {
		shape := f.Shape("data/" + name)
		data[name] = mat.NewDense(shape[0], shape[1], f.Float64("data/"+name))
	}
	worst := 0.0
	for _, c := range []struct {
		name, data string
		opt        pca.Options
	}{
		{"tall", "tall", pca.Options{Components: 5}},
		{"tall-all", "tall", pca.Options{}},
		{"tall-whiten", "tall", pca.Options{Components: 4, Whiten: true}},
		{"tall-fraction", "tall", pca.Options{Variance: 0.9}},
		{"tall-eigh", "tall", pca.Options{Components: 5}},
		{"wide", "wide", pca.Options{Components: 6}},
		{"wide-whiten", "wide", pca.Options{Components: 3, Whiten: true}},
		{"wide-fraction", "wide", pca.Options{Variance: 0.99}},
		{"digits", "digits", pca.Options{Components: 10}},
		{"digits-fraction", "digits", pca.Options{Variance: 0.95}},
		{"digits-whiten", "digits", pca.Options{Components: 8, Whiten: true}},
	} {
		for _, solver := range []pca.Solver{pca.Auto, pca.Covariance, pca.Gram} {
			if solver == pca.Gram && c.data == "digits" {
				continue // 1,797 x 1,797 takes seconds
			}
			c.opt.Solver = solver
			x := data[c.data]
			m, err := pca.Fit(t.Context(), x, c.opt)
			if err != nil {
				t.Fatal(c.name, err)
			}
			z, err := m.Transform(t.Context(), x.Slice(0, min(x.RawMatrix().Rows, 40), 0, x.RawMatrix().Cols))
			if err != nil {
				t.Fatal(c.name, err)
			}
			back, err := m.InverseTransform(t.Context(), z)
			if err != nil {
				t.Fatal(c.name, err)
			}
			for what, got := range map[string][]float64{
				"mean":       m.Mean,
				"components": m.Components.RawMatrix().Data,
				"variance":   m.ExplainedVariance,
				"ratio":      m.ExplainedVarianceRatio,
				"singular":   m.SingularValues,
				"noise":      {m.NoiseVariance},
				"scores":     z.RawMatrix().Data,
				"inverse":    back.RawMatrix().Data,
			} {
				d := golden.Relative(t, got, f.Float64(c.name+"/"+what))
				worst = max(worst, d)
				if !(d <= 1e-9) {
					t.Errorf("%s, solver %d: %s differs by %g", c.name, solver, what, d)
				}
			}
		}
	}
	t.Logf("largest relative difference from scikit-learn %s: %.2g", f.Metadata("sklearn"), worst)
}
