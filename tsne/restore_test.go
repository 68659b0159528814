package tsne

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// A point comes to lie in a restored layout where it lies in the one that was fitted, to
// the last bit, whatever of the options Transform depends on.
func TestRestoreTransformsAsTheFit(t *testing.T) {
	y := points.Clusters(240, goldenD, 4).Slice(200, 240, 0, goldenD)
	for _, o := range []Options{
		{Perplexity: 15, Iterations: 300},
		{Perplexity: 15, Iterations: 300, Metric: Cosine, Method: BarnesHut, Angle: 0.9},
		{Perplexity: 15, Iterations: 300, DegreesOfFreedom: 0.5},
		{Perplexity: 15, Iterations: 300, DegreesOfFreedom: 0.5, Schedule: OpenTSNESchedule},
		{Perplexity: 15, Iterations: 300, Components: 3, Method: BarnesHut, Schedule: OpenTSNESchedule},
		{Perplexity: 15, Iterations: 300, Components: 3, Method: BarnesHut},
	} {
		r, x := fitted(t, o)
		want, err := r.Transform(t.Context(), y, TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Restore(x, r.Layout, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Transform(t.Context(), y, TransformOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(got, want) {
			t.Errorf("%+v: points lie elsewhere", o)
		}
	}
}

// A single point, and two, can be restored though no perplexity but the smallest fits.
func TestRestoreFewPoints(t *testing.T) {
	for n := 1; n <= 2; n++ {
		x := points.Clusters(n, goldenD, 1)
		r, err := Restore(x, mat.NewDense(n, 2, nil), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Transform(t.Context(), x, TransformOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestRestoreErrors(t *testing.T) {
	x := points.Clusters(8, goldenD, 2)
	bad := mat.NewDense(8, 2, nil)
	bad.Set(3, 1, math.NaN())
	nan := mat.DenseCopyOf(x)
	nan.Set(0, 0, math.Inf(1))
	for _, c := range []struct {
		x, layout *mat.Dense
		opt       Options
		want      string
	}{
		{x, mat.NewDense(7, 2, nil), Options{}, "7 points for 8 rows"},
		{x, mat.NewDense(8, 4, nil), Options{}, "Components is 4"},
		{x, bad, Options{}, "row 3, column 1"},
		{nan, mat.NewDense(8, 2, nil), Options{}, "row 0, column 0"},
		{x, mat.NewDense(8, 2, nil), Options{Metric: "miles"}, "Metric"},
		{&mat.Dense{}, &mat.Dense{}, Options{}, "no rows"},
	} {
		if _, err := Restore(c.x, c.layout, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}
