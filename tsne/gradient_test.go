package tsne

import (
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// objectives returns both objectives for the same sparse affinities; Barnes-Hut
// at angle 0, so that it is as smooth as the exact one.
func objectives(t *testing.T, n, dims int, k student.Kernel) map[string]objective {
	t.Helper()
	p, err := NewAffinities(t.Context(), points.Clusters(n, goldenD, 4), Options{Perplexity: 8})
	if err != nil {
		t.Fatal(err)
	}
	dense := make([]float64, n*n)
	for i := range n {
		columns, values := p.Row(i)
		for e, j := range columns {
			dense[i*n+int(j)] = values[e]
		}
	}
	all, err := newAllPairs(t.Context(), dense, n, k)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]objective{"exact": all, "barnes-hut": byTree(t, p, dims, k, 0)}
}

// The gradient must be the derivative of the divergence, in every dimension and
// for every kernel.
func TestGradientAgainstFiniteDifferences(t *testing.T) {
	const n, h = 60, 1e-5
	for dims := 1; dims <= 3; dims++ {
		for _, k := range []student.Kernel{{DoF: 0.5}, {DoF: 1}, {DoF: 2}, {DoF: 3.5}, {DoF: 0.5, Heavy: true}, {DoF: 2, Heavy: true}} {
			for name, obj := range objectives(t, n, dims, k) {
				l := goldenLayout("differences", n, dims, 3)
				grad, scratch := make([]float64, len(l.y)), make([]float64, len(l.y))
				kl := func(grad []float64) float64 {
					v, err := obj.gradient(t.Context(), l, 1, grad, true)
					if err != nil {
						t.Fatal(err)
					}
					return v
				}
				kl(grad)
				var got, want []float64
				for i := 0; i < len(l.y); i += 7 {
					y := l.y[i]
					l.y[i] = y + h
					plus := kl(scratch)
					l.y[i] = y - h
					minus := kl(scratch)
					l.y[i] = y
					got = append(got, grad[i])
					want = append(want, (plus-minus)/(2*h))
				}
				near.AtMost(t, fmt.Sprintf("%s, %d-D, %+v", name, dims, k), near.Norm(t, got, want), 1e-7)
			}
		}
	}
}

// The exaggeration multiplies the attraction alone: the gradient is linear in
// it, and the divergence does not see it.
func TestExaggeration(t *testing.T) {
	for name, obj := range objectives(t, 60, 2, student.Kernel{DoF: 1}) {
		l := goldenLayout("differences", 60, 2, 3)
		g := make([][]float64, 3)
		var kl [3]float64
		for e := range g {
			g[e] = make([]float64, len(l.y))
			var err error
			if kl[e], err = obj.gradient(t.Context(), l, float64(1+e), g[e], true); err != nil {
				t.Fatal(err)
			}
		}
		if kl[0] != kl[1] {
			t.Errorf("%s: the divergence is %v, exaggerated %v", name, kl[0], kl[1])
		}
		predicted := make([]float64, len(l.y))
		for i := range predicted {
			predicted[i] = 2*g[1][i] - g[0][i]
		}
		near.AtMost(t, name, near.Norm(t, g[2], predicted), 1e-12)
	}
}

// The objective in vectors must be the one point by point: nearly where all is
// near, and in layouts too wide or too narrow for float32 to the last bit.
func TestVectorGradientAgainstScalar(t *testing.T) {
	const n = 500
	p, err := NewAffinities(t.Context(), points.Clusters(n, goldenD, 6), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bound     float64
		tolerance float64
		kl        float64
	}{{1e-20, 0, 0}, {1e-4, 3e-6, 1e-7}, {1, 3e-6, 1e-6}, {30, 3e-6, 1e-6}, {1000, 3e-6, 1e-6}, {1e20, 0, 0}} {
		l := goldenLayout("vector", n, 2, c.bound)
		var grad [2][]float64
		var kl [2]float64
		for i := range grad {
			b := byTree(t, p, 2, student.Kernel{DoF: 1}, 0.01)
			grad[i] = make([]float64, len(l.y))
			gradient := b.gradient
			if i == 1 {
				b.tree.Build(l.n, l.dims, l.y, b.theta)
				b.partials = make([]pairSums, n)
				gradient = b.scalar
			}
			if kl[i], err = gradient(t.Context(), l, 12, grad[i], true); err != nil {
				t.Fatal(err)
			}
		}
		what := fmt.Sprintf("width %g", 2*c.bound)
		near.AtMost(t, what+": gradient", near.Norm(t, grad[0], grad[1]), c.tolerance)
		near.AtMost(t, what+": divergence", near.Elementwise(t, kl[:1], kl[1:]), c.kl)
	}
}
