package pca_test

import (
	"context"
	"errors"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/pca"
)

// Fitting and projecting stop wherever their context ends, within a block of
// rows or of the decomposition, and look at it at least once in 2^28
// multiplications: a tenth of a second on a slow core.
func TestStops(t *testing.T) {
	const most = 1 << 28
	x := random("stops", 5000, 300)
	wide := x.Slice(0, 280, 0, 300)
	m := fit(t, x, pca.Options{})
	for _, c := range []struct {
		name string
		work float64 // multiplications, at least
		f    func(ctx context.Context) error
	}{
		{"covariance", 5000 * 300 * 300 / 2, func(ctx context.Context) error {
			_, err := pca.Fit(ctx, x, pca.Options{Components: 2})
			return err
		}},
		{"all components", 5000*300*300/2 + 4*300*300*300, func(ctx context.Context) error {
			_, err := pca.Fit(ctx, x, pca.Options{})
			return err
		}},
		{"Gram", 280*280*300/2 + 4*280*280*280, func(ctx context.Context) error {
			_, err := pca.Fit(ctx, wide, pca.Options{})
			return err
		}},
		{"elements", 5000 * 300 * 300 / 2, func(ctx context.Context) error {
			_, err := pca.Fit(ctx, view{x}, pca.Options{Components: 2})
			return err
		}},
		{"incremental", 5000 * 300 * 300 / 2, func(ctx context.Context) error {
			var inc pca.Incremental
			if err := inc.Add(ctx, x); err != nil {
				if inc.Samples() != 0 {
					t.Errorf("%d samples were added, and the error %v", inc.Samples(), err)
				}
				return err
			}
			_, err := inc.Fit(ctx, pca.Options{Components: 2})
			return err
		}},
		{"transform", 5000 * 300 * 300, func(ctx context.Context) error {
			_, err := m.Transform(ctx, x)
			return err
		}},
		{"inverse", 5000 * 300 * 300, func(ctx context.Context) error {
			_, err := m.InverseTransform(ctx, x)
			return err
		}},
	} {
		looks := countdown.Stops(t, c.name, 12, 8, c.f)
		t.Logf("%s: %d looks at the context, %.2g multiplications", c.name, looks, c.work)
		if least := int(c.work / most); looks <= least {
			t.Errorf("%s: %d looks at the context, want more than %d", c.name, looks, least)
		}
	}
}

// The elements of a matrix are asked for no more once the context has ended
// but for the block at hand.
func TestStopsReading(t *testing.T) {
	x := &counted{Matrix: random("reading", 20_000, 64)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	x.at = func(n int) {
		if n == 100_000 {
			cancel()
		}
	}
	if _, err := pca.Fit(ctx, x, pca.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if late := x.n - 100_000; late > 2*1024*64 {
		t.Errorf("%d elements were read after the end of the context", late)
	}
}

// counted is a matrix that counts how often it is asked for an element.
type counted struct {
	mat.Matrix
	n  int
	at func(n int)
}

func (c *counted) At(i, j int) float64 {
	c.n++
	c.at(c.n)
	return c.Matrix.At(i, j)
}
