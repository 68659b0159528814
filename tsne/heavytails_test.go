package tsne

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// Under openTSNE's schedule the degrees of freedom are those of openTSNE's kernel:
// divergence, gradient (of which theirs has no factor 4) and steps.
func TestHeavyTails(t *testing.T) {
	g := golden.Open(t, "heavytails.safetensors")
	t.Logf("openTSNE %s", g.Metadata("openTSNE"))
	x := points.Clusters(goldenN, goldenD, 5)
	for _, dof := range []float64{0.5, 2, 3} {
		begin := mat.NewDense(goldenN, 2, goldenLayout("middle", goldenN, 2, 1).y)
		for _, method := range []Method{Exact, BarnesHut, FFT} {
			o := Options{Method: method, Schedule: OpenTSNESchedule, DegreesOfFreedom: dof, Iterations: -1, InitialLayout: begin, Angle: -1}
			r, err := Fit(t.Context(), x, o)
			if err != nil {
				t.Fatal(err)
			}
			// Barnes-Hut and FFT look at the nearest neighbours alone.
			tolerance := map[Method]float64{Exact: 1e-5, BarnesHut: 1e-3, FFT: 1e-3}[method]
			want := g.Float64(fmt.Sprintf("%g.kl", dof))[0]
			near.AtMost(t, fmt.Sprintf("dof %g, %s: KL", dof, method), abs(r.KL-want)/want, tolerance)
			if r.Iterations != 0 || !mat.Equal(r.Layout, begin) {
				t.Errorf("dof %g: %d iterations, want none", dof, r.Iterations)
			}
		}
		l := goldenLayout("middle", goldenN, 2, 1)
		opt, err := Options{Schedule: OpenTSNESchedule, DegreesOfFreedom: dof}.withDefaults(goldenN)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSpace(x, Euclidean)
		if err != nil {
			t.Fatal(err)
		}
		d2, err := s.Distances(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := denseAffinities(t.Context(), d2, goldenN, []float64{30})
		if err != nil {
			t.Fatal(err)
		}
		obj, err := newAllPairs(t.Context(), p, goldenN, opt.kernel())
		if err != nil {
			t.Fatal(err)
		}
		grad := make([]float64, 2*goldenN)
		if _, err := obj.gradient(t.Context(), l, 1, grad, false); err != nil {
			t.Fatal(err)
		}
		for i := range grad {
			grad[i] /= 4
		}
		near.AtMost(t, fmt.Sprintf("dof %g: gradient", dof), golden.Relative(t, grad, g.Float64(fmt.Sprintf("%g.grad", dof))), 1e-10)
		for iterations, tolerance := range map[int]float64{1: 1e-5, 10: 1e-4, 50: 1e-3} {
			r, err := Fit(t.Context(), x, Options{Method: Exact, Schedule: OpenTSNESchedule, DegreesOfFreedom: dof, Iterations: iterations, InitialLayout: begin})
			if err != nil {
				t.Fatal(err)
			}
			near.AtMost(t, fmt.Sprintf("dof %g, %d iterations", dof, iterations), spread(t, r.Layout.RawMatrix().Data, g.Float64(fmt.Sprintf("%g.%d", dof, iterations))), tolerance)
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }
