package tsne_test

import (
	"context"
	"errors"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/points"
	"github.com/glimpse-go/glimpse/tsne"
)

// Fit stops wherever its context ends: with no result before the optimisation,
// and then with the layout of the last whole iteration.
func TestFitStops(t *testing.T) {
	x := points.FarOff("fit stops", 300, 10)
	for name, opt := range map[string]tsne.Options{
		"exact":      {Method: tsne.Exact},
		"Barnes-Hut": {Method: tsne.BarnesHut},
		"FFT":        {Method: tsne.FFT, NeighbourSearch: tsne.SearchApproximate},
		"multiscale": {Method: tsne.BarnesHut, Perplexities: []float64{5, 40}, Schedule: tsne.OpenTSNESchedule},
		"random":     {Method: tsne.BarnesHut, Init: tsne.InitRandom, Metric: tsne.Cosine, Components: 3},
	} {
		opt.Iterations, opt.EarlyIterations, opt.ProgressEvery = 12, 5, 3
		partial := 0
		// The divergence of what was reached is computed under a context of its own.
		looks := countdown.Stops(t, name, 20, 16, func(ctx context.Context) error {
			r, err := tsne.Fit(ctx, x, opt)
			switch {
			case err == nil || r == nil:
			case r.Stop != tsne.StopCancelled || r.Iterations >= opt.Iterations && ctx.Err() == nil:
				t.Errorf("%s: %v after %d iterations, and the error %v", name, r.Stop, r.Iterations, err)
			default:
				partial++
				for _, v := range r.Layout.RawMatrix().Data {
					if v-v != 0 {
						t.Fatalf("%s: the layout holds %v", name, v)
					}
				}
			}
			return err
		})
		t.Logf("%s: %d looks at the context in %d iterations", name, looks, opt.Iterations)
		if looks < 2*opt.Iterations || partial == 0 {
			t.Errorf("%s: %d looks in %d iterations, %d layouts of stopped runs", name, looks, opt.Iterations, partial)
		}
	}
}

// What stops between iterations is what the same number of iterations gives.
func TestStoppedLayoutIsThatOfItsIterations(t *testing.T) {
	x := points.FarOff("fit stops", 400, 10)
	for _, method := range []tsne.Method{tsne.Exact, tsne.BarnesHut, tsne.FFT} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		opt := tsne.Options{Method: method, ProgressEvery: 7, Iterations: 1000}
		opt.Progress = func(p tsne.Progress) bool {
			if p.Iteration == 21 {
				cancel()
			}
			return true
		}
		stopped, err := tsne.Fit(ctx, x, opt)
		if !errors.Is(err, context.Canceled) || stopped == nil {
			t.Fatalf("%v, %v", stopped, err)
		}
		// The iteration that was under way may end, or not.
		if n := stopped.Iterations; n < 21 || n > 22 {
			t.Errorf("%d iterations, stopped in the 21st", n)
		}
		again, err := tsne.Fit(t.Context(), x, tsne.Options{Method: method, ProgressEvery: 1, Progress: func(p tsne.Progress) bool {
			return p.Iteration < stopped.Iterations
		}})
		if err != nil || !mat.Equal(again.Layout, stopped.Layout) {
			t.Errorf("%v: another layout than after as many iterations (%v)", method, err)
		}
	}
}

// Whatever else takes long stops, too.
func TestTheRestStops(t *testing.T) {
	x, y := points.FarOff("stops x", 600, 20), points.FarOff("stops y", 600, 2)
	r, err := tsne.Fit(t.Context(), x, tsne.Options{Iterations: 10})
	if err != nil {
		t.Fatal(err)
	}
	p, err := tsne.NewAffinities(t.Context(), x, tsne.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := mat.NewDense(200, 200, nil)
	d.Apply(func(i, j int, _ float64) float64 { return float64((i - j) * (i - j)) }, d)
	for name, f := range map[string]func(context.Context) error{
		"affinities": func(ctx context.Context) error { _, err := tsne.NewAffinities(ctx, x, tsne.Options{}); return err },
		"transform": func(ctx context.Context) error {
			_, err := r.Transform(ctx, x.Slice(0, 40, 0, 20), tsne.TransformOptions{})
			return err
		},
		"distances": func(ctx context.Context) error {
			_, err := tsne.FitDistances(ctx, d, tsne.Options{Iterations: 5})
			return err
		},
		"divergence": func(ctx context.Context) error { _, err := p.KLDivergence(ctx, y); return err },
	} {
		looks := countdown.Stops(t, name, 12, 16, f)
		t.Logf("%s: %d looks at the context", name, looks)
	}
}
