package tsne

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
	"github.com/glimpse-go/glimpse/internal/tree"
)

// fitted returns a layout of 200 points in 4 groups.
func fitted(t *testing.T, o Options) (*Result, *mat.Dense) {
	t.Helper()
	x := points.Clusters(200, goldenD, 4)
	r, err := Fit(t.Context(), x, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, x
}

// New points of a group must come to lie among the old ones of that group.
func TestTransformFindsTheGroup(t *testing.T) {
	for _, method := range []Method{Exact, BarnesHut} {
		for dims := 1; dims <= 3; dims++ {
			if method == Exact && dims != 2 {
				continue // as Barnes-Hut at angle 0
			}
			r, _ := fitted(t, Options{Method: method, Components: dims, Perplexity: 15, Iterations: 350})
			// The same centres, other noise: points 200 to 239 of a longer input.
			y := points.Clusters(240, goldenD, 4).Slice(200, 240, 0, goldenD)
			placed, err := r.Transform(t.Context(), y, TransformOptions{})
			if err != nil {
				t.Fatal(err)
			}
			right := 0
			for i := range 40 {
				nearest, at := math.Inf(1), -1
				for j := range 200 {
					d2 := 0.0
					for a := range dims {
						d := placed.At(i, a) - r.Layout.At(j, a)
						d2 += d * d
					}
					if d2 < nearest {
						nearest, at = d2, j
					}
				}
				if at%4 == (200+i)%4 {
					right++
				}
			}
			t.Logf("%s, %d-D: %d of 40 in their group", method, dims, right)
			want := 40
			if dims == 1 {
				// On a line groups stand in each other's way: a point of the
				// fit itself is stuck behind another group, and drags along
				// the new points that it is a neighbour of.
				want = 38
			}
			if right < want {
				t.Errorf("%s, %d-D: only %d of 40 new points are in their group", method, dims, right)
			}
		}
	}
}

// With the old points as new ones, no iteration and a small perplexity, the
// start is the points themselves.
func TestTransformStartsAtItself(t *testing.T) {
	r, x := fitted(t, Options{Perplexity: 15, Iterations: 300})
	placed, err := r.Transform(t.Context(), x, TransformOptions{Perplexity: 1.01, Iterations: -1})
	if err != nil {
		t.Fatal(err)
	}
	near.AtMost(t, "start", spread(t, placed.RawMatrix().Data, r.Layout.RawMatrix().Data), 0.01)
}

// A guest's gradient is that of its own divergence, by finite differences.
func TestGuestGradient(t *testing.T) {
	for dims := 1; dims <= 3; dims++ {
		l := goldenLayout("guest", 40, dims, 3)
		var tr tree.Tree
		tr.Build(l.n, l.dims, l.y, 0)
		k := student.Kernel{DoF: float64(max(dims-1, 1))}
		neighbours := []int32{3, 8, 20}
		p := []float64{0.5, 0.3, 0.2}
		kl := func(at [3]float64) float64 {
			_, z := tr.Repel(at, k)
			return forces.Cross(k, neighbours, p, l.y, dims, at) + math.Log(z)
		}
		at := [3]float64{0.3, -0.4, 0.5}
		for a := dims; a < 3; a++ {
			at[a] = 0
		}
		repel, z := tr.Repel(at, k)
		attract := forces.Attract(k, neighbours, p, l.y, dims, at)
		const h = 1e-5
		var got, want []float64
		for a := range dims {
			plus, minus := at, at
			plus[a] += h
			minus[a] -= h
			want = append(want, (kl(plus)-kl(minus))/(2*h))
			// One point moves, where a pair of a fit moves both: half the factor.
			got = append(got, factor(k)/2*(attract[a]-repel[a]/z))
		}
		near.AtMost(t, fmt.Sprintf("%d-D", dims), near.Norm(t, got, want), 1e-8)
	}
}

// A row's place depends on no other row.
func TestTransformRowsAreIndependent(t *testing.T) {
	r, _ := fitted(t, Options{Perplexity: 15, Iterations: 300})
	y := points.Clusters(220, goldenD, 4).Slice(200, 220, 0, goldenD)
	all, err := r.Transform(t.Context(), y, TransformOptions{})
	if err != nil {
		t.Fatal(err)
	}
	one, err := r.Transform(t.Context(), y.(*mat.Dense).Slice(7, 8, 0, goldenD), TransformOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(one, all.Slice(7, 8, 0, 2)) {
		t.Errorf("alone at %v, in company at %v", mat.Formatted(one), mat.Formatted(all.Slice(7, 8, 0, 2)))
	}
}

func TestTransformEdges(t *testing.T) {
	far := mat.NewDense(3, 3, []float64{0, 0, 0, 1e30, 0, 0, -1e300, 1e300, 0})
	for name, x := range map[string]*mat.Dense{
		"one":      mat.NewDense(1, 3, []float64{1, 2, 3}),
		"two":      mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6}),
		"constant": mat.NewDense(30, 3, nil),
		"groups":   points.Clusters(30, 3, 2),
	} {
		n, _ := x.Dims()
		r, err := Fit(t.Context(), x, Options{Perplexity: min(5, float64(n)/2), Iterations: 100})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		placed, err := r.Transform(t.Context(), far, TransformOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, v := range placed.RawMatrix().Data {
			if v-v != 0 {
				t.Errorf("%s: placed at %v", name, mat.Formatted(placed))
				break
			}
		}
	}
	r, x := fitted(t, Options{Perplexity: 15, Iterations: 20})
	for _, c := range []struct {
		x    mat.Matrix
		opt  TransformOptions
		want string
	}{
		{points.Clusters(3, goldenD+1, 2), TransformOptions{}, "9 columns, want 8"},
		{mat.NewDense(1, goldenD, []float64{0, 0, math.NaN(), 0, 0, 0, 0, 0}), TransformOptions{}, "NaN in row 0, column 2"},
		{x, TransformOptions{Perplexity: 200}, "Perplexity is 200"},
		{x, TransformOptions{LearningRate: -1}, "LearningRate is -1"},
		{x, TransformOptions{Exaggeration: math.Inf(1)}, "Exaggeration is +Inf"},
	} {
		if _, err := r.Transform(t.Context(), c.x, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, want one with %q", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Transform(ctx, x, TransformOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context the error is %v", err)
	}
}
