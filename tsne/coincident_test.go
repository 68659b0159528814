package tsne

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Points that nothing tells apart are laid out by chance, which the result says.
func TestCoincident(t *testing.T) {
	const n, d = 12, 3
	fill := func(f func(i, j int) float64) *mat.Dense {
		x := mat.NewDense(n, d, nil)
		x.Apply(func(i, j int, _ float64) float64 { return f(i, j) }, x)
		return x
	}
	equal := fill(func(i, j int) float64 { return 0.1 * float64(j+1) })
	parallel := fill(func(i, j int) float64 { return 0.1 * float64(j+1) * float64(i+1) / 7 })
	apart := fill(func(i, j int) float64 { return 0.1 * float64(j+1) })
	apart.Set(n-1, d-1, math.Nextafter(apart.At(n-1, d-1), 1))
	turned := fill(func(i, j int) float64 { return 0.1 * float64(j+1) })
	turned.Set(n-1, d-1, 0.4)
	first := mat.NewDense(n, d, nil)
	first.Set(0, 0, 1)
	last := mat.NewDense(n, d, nil)
	last.Set(n-1, 0, 1)
	zero := mat.NewDense(n, d, nil)
	for _, c := range []struct {
		name   string
		x      mat.Matrix
		metric Metric
		want   bool
	}{
		{"equal", equal, Euclidean, true}, {"equal", equal, Cosine, true}, {"zero", zero, Euclidean, true}, {"zero", zero, Cosine, true},
		{"parallel", parallel, Euclidean, false}, {"parallel", parallel, Cosine, true},
		{"apart", apart, Euclidean, false}, {"turned", turned, Euclidean, false}, {"turned", turned, Cosine, false},
		{"first", first, Cosine, false}, {"last", last, Cosine, false}, {"last", last, Euclidean, false},
		{"one", mat.NewDense(1, d, nil), Euclidean, false},
	} {
		opt := Options{Metric: c.metric, Perplexity: 0.5, Iterations: 5}
		if r, err := Fit(t.Context(), c.x, opt); err != nil || r.Coincident != c.want {
			t.Errorf("%s, %s: error %v, coincident %v", c.name, c.metric, err, err == nil && r.Coincident)
		}
	}
	distances := mat.NewDense(n, n, nil)
	for i := range n {
		distances.Set(i, i, 5) // not looked at
	}
	opt := Options{Perplexity: 0.5, Iterations: 5}
	if r, err := FitDistances(t.Context(), distances, opt); err != nil || !r.Coincident {
		t.Errorf("distances of 0: error %v", err)
	}
	distances.Set(n-1, 0, 1)
	if r, err := FitDistances(t.Context(), distances, opt); err != nil || r.Coincident {
		t.Errorf("a distance of 1: error %v", err)
	}
}

// No iterations leave the start, and say what it is worth.
func TestNoIterations(t *testing.T) {
	x := mat.NewDense(20, 2, nil)
	for i := range 20 {
		x.Set(i, 0, float64(i*i%11))
		x.Set(i, 1, float64(i%7))
	}
	for _, s := range []Schedule{SklearnSchedule, OpenTSNESchedule} {
		opt := Options{Perplexity: 5, Iterations: -1, Schedule: s, Init: InitRandom, Seed: 3}
		r, err := Fit(t.Context(), x, opt)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, 40)
		randomStart(want, 3)
		if r.Iterations != 0 || r.Stop != StopIterations || !slices.Equal(r.Layout.RawMatrix().Data, want) || !(r.KL > 0) || math.IsInf(r.KL, 1) {
			t.Errorf("%s: %d iterations, ended by %s, KL %v", s, r.Iterations, r.Stop, r.KL)
		}
	}
}
