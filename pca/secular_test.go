package pca

import (
	"math"
	"testing"
)

// Of one pole, or two, the function that stands for f is f: one step goes to its root.
func TestSecularStep(t *testing.T) {
	for _, c := range []struct {
		eq   secular
		i    int
		taus []float64
	}{
		{secular{[]float64{0}, []float64{0.4}, 2}, 0, []float64{0.1, 0.5, 0.75}},
		{secular{[]float64{0, 1}, []float64{0.3, 0.7}, 0.5}, 0, []float64{0.01, 0.2, 0.5, 0.9}},
		{secular{[]float64{0, 1}, []float64{1e-8, 0.7}, 3}, 0, []float64{1e-9, 0.5, 0.99}},
	} {
		for _, tau := range c.taus {
			next := tau + c.eq.step(c.eq.d, c.i, tau, c.eq.at(c.eq.d, c.i, tau))
			after := c.eq.at(c.eq.d, c.i, next)
			if !(math.Abs(after.f) < 1e-13*(after.psiSlope+after.phiSlope)) {
				t.Errorf("from %g a step goes to %g, where f is %g", tau, next, after.f)
			}
			if limit := float64(len(c.eq.d)); !(next > 0 && next < limit) {
				t.Errorf("from %g a step goes to %g", tau, next)
			}
		}
	}
}

// A root's distances from the poles have almost all their digits, also next to one.
func TestSecularRoot(t *testing.T) {
	for _, z := range []float64{1, 1e-3, 1e-7, 1e-12} {
		eq := &secular{[]float64{1, 2}, []float64{z * z, 1}, 1}
		deltas, scratch := make([]float64, 2), make([]float64, 2)
		root, err := eq.root(0, deltas, scratch)
		if err != nil {
			t.Fatal(err)
		}
		// 1 - z²/x + 1/(1-x) = 0 for x = root - 1: x² - (2+z²) x + z² = 0.
		b := 2 + z*z
		x := 2 * z * z / (b + math.Sqrt(b*b-4*z*z))
		if !(math.Abs(-deltas[0]/x-1) < 1e-14) || root != 1+x && math.Abs(root-1-x) > epsilon {
			t.Errorf("z %g: root %v, 1 less it %v, want %v", z, root, deltas[0], -x)
		}
	}
}
