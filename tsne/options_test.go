package tsne

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/points"
)

// The option decides, and the result says what was done.
func TestNeighbourSearchOption(t *testing.T) {
	x := points.Clusters(200, 8, 5)
	for _, c := range []struct {
		opt  Options
		want NeighbourSearch
	}{
		{Options{}, SearchExact},
		{Options{Method: BarnesHut, NeighbourSearch: SearchApproximate}, SearchApproximate},
		{Options{Method: FFT, NeighbourSearch: SearchExact}, SearchExact},
		{Options{Method: Exact, NeighbourSearch: SearchApproximate}, SearchExact},
	} {
		c.opt.Iterations = 1
		r, err := Fit(t.Context(), x, c.opt)
		if err != nil || r.NeighbourSearch != c.want {
			t.Errorf("%+v: %v, error %v", c.opt, r, err)
		}
	}
	for n, want := range map[int]NeighbourSearch{autoSearch: SearchExact, autoSearch + 1: SearchApproximate} {
		if o, err := (Options{}).withDefaults(n); err != nil || o.NeighbourSearch != want {
			t.Errorf("%d points: %q, error %v", n, o.NeighbourSearch, err)
		}
	}
	if _, err := Fit(t.Context(), x, Options{NeighbourSearch: "some"}); err == nil {
		t.Error(`"some" is no error`)
	}
}
