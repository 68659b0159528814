package train

import (
	"math"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
)

// The loss is that of plain loops in float64, also where logits are far beyond what exp
// takes, and the gradient is its slope. There are several blocks, and the last is short.
func TestRegression(t *testing.T) {
	const n, d, classes, c = 600, 7, 5, 0.01
	x := &nn.Tensor{Shape: []int{n, d}, Data: golden.Uniform("regression/x", n*d, 1)}
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i * i % classes
	}
	for _, standardise := range []bool{false, true} {
		r, err := newRegression(t.Context(), x, labels, classes, &ProbeOptions{C: c, Standardise: standardise})
		if err != nil {
			t.Fatal(err)
		}
		if r.rows >= n || n%r.rows == 0 {
			t.Errorf("blocks of %d rows of %d", r.rows, n)
		}
		plain := func(w []float64) float64 {
			sum := 0.0
			for s := range n {
				z, p := make([]float64, classes), make([]float64, classes)
				for k := range z {
					z[k] = w[classes*d+k]
					for i := range d {
						z[k] += w[k*d+i] * r.scale[i] * (float64(x.Data[s*d+i]) - r.mean[i])
					}
				}
				sum += nn.Softmax(p, z) - z[labels[s]]
			}
			for i, v := range w[:classes*d] {
				if !standardise {
					v *= r.scale[i%d]
				}
				sum += v * v / (2 * c)
			}
			return sum / n
		}
		for _, scale := range []float64{0, 1, 1e4} {
			w, gradient := make([]float64, classes*(d+1)), make([]float64, classes*(d+1))
			for i, v := range golden.Uniform("regression/w", len(w), scale) {
				w[i] = float64(v)
			}
			loss, err := r.evaluate(t.Context(), w, gradient)
			if err != nil {
				t.Fatal(err)
			}
			near.AtMost(t, "loss", math.Abs(loss/plain(w)-1), 1e-13)
			slope := make([]float64, len(w))
			for i := range w {
				h := 1e-5 * max(1, scale)
				v := w[i]
				w[i] = v + h
				slope[i] = plain(w)
				w[i] = v - h
				slope[i] = (slope[i] - plain(w)) / (2 * h)
				w[i] = v
			}
			near.AtMost(t, "gradient", near.Norm(t, gradient, slope), 1e-7)
		}
	}
}
