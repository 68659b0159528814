// Package quality says how much of the neighbourhoods of high-dimensional data a
// layout keeps. The measures take the data x, n x d, and the layout y, n x c, in the
// same order of points. Any two sets of features can take their places.
package quality

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/tsne"
)

// newSpace returns the Euclidean space of the rows of x.
func newSpace(x mat.Matrix) (*neighbours.Space, error) {
	s, err := neighbours.New(x, neighbours.Euclidean)
	if err != nil {
		return nil, fmt.Errorf("quality: %w", err)
	}
	return s, nil
}

// spaces returns the Euclidean spaces of the rows of x and of y, of which
// there must be equally many.
func spaces(x, y mat.Matrix) (sx, sy *neighbours.Space, err error) {
	n, _ := x.Dims()
	if m, _ := y.Dims(); m != n {
		return nil, nil, fmt.Errorf("quality: %d points, but %d places in the layout", n, m)
	}
	if sx, err = newSpace(x); err != nil {
		return nil, nil, err
	}
	if sy, err = newSpace(y); err != nil {
		return nil, nil, fmt.Errorf("layout: %w", err)
	}
	return sx, sy, nil
}

// KLDivergence returns the Kullback-Leibler divergence sum p log(p/q) of the
// layout y, n x c, from the affinities of x, n x d: one measure for the
// layouts of all programs, whose own figures come from differing affinities
// and approximate normalisers. P is that of scikit-learn's Barnes-Hut method,
// over the int(3 perplexity + 1) nearest neighbours; a perplexity of 0 means
// 30. Q is the Student t kernel's with max(c-1, 1) degrees of freedom, its
// normaliser summed over all pairs in float64. It is an error when the rows do
// not match, an element is not finite, or perplexity is not below n.
func KLDivergence(ctx context.Context, x, y mat.Matrix, perplexity float64) (float64, error) {
	n, _ := x.Dims()
	if m, _ := y.Dims(); m != n {
		return 0, fmt.Errorf("quality: %d points, but %d places in the layout", n, m)
	}
	p, err := tsne.NewAffinities(ctx, x, tsne.Options{Perplexity: perplexity})
	if err != nil {
		return 0, err
	}
	return p.KLDivergence(ctx, y)
}
