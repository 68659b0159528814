package tsne

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/student"
)

// byTree returns the objective by Barnes-Hut for layouts of dims dimensions.
func byTree(t testing.TB, p *Affinities, dims int, k student.Kernel, theta float64) *barnesHut {
	t.Helper()
	b, err := newBarnesHut(t.Context(), forces.Matrix(*p), nil, dims, k, theta)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// byGrid returns the objective by FFT.
func byGrid(t testing.TB, p *Affinities, dims int, k student.Kernel, theta float64) *interpolated {
	t.Helper()
	f, err := newInterpolated(t.Context(), forces.Matrix(*p), nil, dims, k, theta, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// affinitiesOf returns the joint probabilities over given neighbours.
func affinitiesOf(t testing.TB, indices []int32, d2 []float32, n int, perplexity float64) *Affinities {
	t.Helper()
	p, err := newSparseJoint(t.Context(), indices, d2, n, []float64{perplexity})
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.affinities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}
