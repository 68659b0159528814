package tsne

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/internal/numpyrand"
	"github.com/glimpse-go/glimpse/pca"
)

// startScale is the standard deviation of a start.
const startScale = 1e-4

// start returns the layout to begin with; x is nil when only distances are
// known.
func start(ctx context.Context, x mat.Matrix, n int, o Options) (layout, error) {
	l := layout{n: n, dims: o.Components, y: make([]float64, n*o.Components)}
	if o.Init == InitGiven {
		mat.NewDense(n, l.dims, l.y).Copy(o.InitialLayout)
		return l, nil
	}
	randomStart(l.y, o.Seed)
	if o.Init == InitPCA && x != nil && n > 1 {
		if err := principalStart(ctx, x, l); err != nil {
			return l, err
		}
	}
	return l, nil
}

// randomStart fills y with 1e-4 * RandomState(seed).standard_normal(...) in float32,
// as scikit-learn's init="random".
func randomStart(y []float64, seed uint32) {
	r := numpyrand.New(seed)
	for i := range y {
		y[i] = float64(float32(startScale) * float32(r.StandardNormal()))
	}
}

// principalStart overwrites the columns of l with the first principal components of
// x in float32 over the standard deviation of the first, times 1e-4, as
// scikit-learn's init="pca". Columns beyond the number of components that x
// has stay as they are, and so do all when the points are equal.
func principalStart(ctx context.Context, x mat.Matrix, l layout) error {
	n, d := x.Dims()
	data, err := neighbours.Tamed(x)
	if err != nil {
		return fmt.Errorf("tsne: %w", err)
	}
	k := min(l.dims, n, d)
	model, err := pca.Fit(ctx, data, pca.Options{Components: k})
	if err != nil {
		return err
	}
	scores, err := model.Transform(ctx, data)
	if err != nil {
		return err
	}
	scores.Apply(func(_, _ int, v float64) float64 { return float64(float32(v)) }, scores)
	var mean, variance float64
	for i := range n {
		mean += scores.At(i, 0) / float64(n)
	}
	for i := range n {
		diff := scores.At(i, 0) - mean
		variance += diff * diff / float64(n)
	}
	std := math.Sqrt(variance)
	if std == 0 {
		return nil
	}
	for i := range n {
		for j := range k {
			l.y[i*l.dims+j] = float64(float32(scores.At(i, j) / std * startScale))
		}
	}
	return nil
}
