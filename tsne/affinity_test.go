package tsne

import (
	"math"
	"testing"
)

// The search must find the perplexity wherever the distances lie: near 740 the
// sum at its first step, beta = 1, is a subnormal number.
func TestBisectFindsThePerplexity(t *testing.T) {
	for _, far := range []float32{0, 10, 700, 730, 740, 745, 1e6, 1e20} {
		for _, perplexity := range []float64{2, 30, 85} {
			d2, p := make([]float32, 91), make([]float64, 91)
			for j := range d2 {
				d2[j] = far + (1+far/1000)*float32(j)
			}
			bisect(d2, -1, perplexity, p)
			var sum, entropy float64
			for _, v := range p {
				sum += v
				if v > 0 {
					entropy -= v * math.Log(v)
				}
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("distances from %g, perplexity %g: the probabilities add up to %v", far, perplexity, sum)
			}
			if math.Abs(entropy-math.Log(perplexity)) > 2e-5 {
				t.Errorf("distances from %g: the perplexity is %v, want %v", far, math.Exp(entropy), perplexity)
			}
		}
	}
}
