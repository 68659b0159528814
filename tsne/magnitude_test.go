package tsne

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Scaling by a power of two is exact, so that points have the same layout wherever
// among the numbers they are, subnormal ones and the largest included.
func TestAnyMagnitude(t *testing.T) {
	const n, d = 40, 3
	points := func(exp int) *mat.Dense {
		x := mat.NewDense(n, d, nil)
		for i := range n {
			for j := range d {
				x.Set(i, j, math.Ldexp(float64((i*i*7+j*j*31+i*j*5)%101+40*(i%3)), exp))
			}
		}
		return x
	}
	distances := func(exp int) *mat.Dense {
		x, out := points(0), mat.NewDense(n, n, nil)
		for i := range n {
			for j := range n {
				sum := 0.0
				for e := range d {
					sum += math.Abs(x.At(i, e) - x.At(j, e))
				}
				out.Set(i, j, math.Ldexp(sum, exp))
			}
		}
		return out
	}
	for _, opt := range []Options{
		{Method: Exact}, {Method: BarnesHut}, {Method: Exact, Metric: Cosine}, {Method: BarnesHut, NeighbourSearch: SearchApproximate},
	} {
		opt.Perplexity, opt.Iterations = 5, 60
		var want, moved, given []float64
		for i, exp := range []int{-60, -1074, -1040, -1000, 900, 1015} {
			r, err := Fit(t.Context(), points(exp), opt)
			if err != nil {
				t.Fatalf("%+v, 2^%d: %v", opt, exp, err)
			}
			more, err := r.Transform(t.Context(), points(exp), TransformOptions{})
			if err != nil {
				t.Fatalf("%+v, 2^%d: Transform: %v", opt, exp, err)
			}
			g, err := FitDistances(t.Context(), distances(exp), Options{Method: opt.Method, Perplexity: 5, Iterations: 60})
			if err != nil {
				t.Fatalf("%+v, 2^%d: distances: %v", opt, exp, err)
			}
			layout, places, of := r.Layout.RawMatrix().Data, more.RawMatrix().Data, g.Layout.RawMatrix().Data
			if i == 0 {
				want, moved, given = layout, places, of
				continue
			}
			if !slices.Equal(layout, want) {
				t.Errorf("%+v: the layout of points times 2^%d differs", opt, exp)
			}
			if !slices.Equal(places, moved) {
				t.Errorf("%+v: the transform of points times 2^%d differs", opt, exp)
			}
			if !slices.Equal(of, given) {
				t.Errorf("%+v: the layout of distances times 2^%d differs", opt, exp)
			}
		}
	}
}
