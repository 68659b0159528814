package tsne

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// The measures of a layout take the data x, n x d, and the layout y, n x c,
// in the same order of points. Any two sets of features can take their places.

// spaces returns the Euclidean spaces of the rows of x and of y, of which
// there must be equally many.
func spaces(x, y mat.Matrix) (sx, sy *space, err error) {
	n, _ := x.Dims()
	if m, _ := y.Dims(); m != n {
		return nil, nil, fmt.Errorf("tsne: %d points, but %d places in the layout", n, m)
	}
	if sx, err = newSpace(x, Euclidean); err != nil {
		return nil, nil, err
	}
	if sy, err = newSpace(y, Euclidean); err != nil {
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
		return 0, fmt.Errorf("tsne: %d points, but %d places in the layout", n, m)
	}
	p, err := NewAffinities(ctx, x, Options{Perplexity: perplexity})
	if err != nil {
		return 0, err
	}
	return p.KLDivergence(ctx, y)
}

// KLDivergence returns the Kullback-Leibler divergence of the layout y, n x c,
// from the affinities; see the function KLDivergence. Affinities computed once
// serve many layouts.
func (a *Affinities) KLDivergence(ctx context.Context, y mat.Matrix) (float64, error) {
	v, n, c, err := copyMatrix(y)
	if err != nil {
		return 0, fmt.Errorf("layout: %w", err)
	}
	if n != a.Len() {
		return 0, fmt.Errorf("tsne: %d points, but %d places in the layout", a.Len(), n)
	}
	k := kernel{dof: float64(max(c-1, 1))}
	between := func(i, j int) float64 {
		d2 := 0.0
		for e, u := range v[i*c : (i+1)*c] {
			diff := u - v[j*c+e]
			d2 += diff * diff
		}
		return d2
	}
	// Row i: the pairs (i, j > i) of the normaliser, and its part of the sum.
	z, cross := make([]float64, n), make([]float64, n)
	err = parallel.ForContext(ctx, n, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			for j := i + 1; j < n; j++ {
				_, q := k.at(between(i, j))
				z[i] += q
			}
			columns, values := a.Row(i)
			for e, j := range columns {
				if p := values[e]; p > 0 {
					cross[i] += p * (logarithm(p) + k.negLog(between(i, int(j))))
				}
			}
		}
	})
	if err != nil {
		return 0, err
	}
	total, kl := 0.0, 0.0
	for i := range n {
		total += 2 * z[i]
		kl += cross[i]
	}
	// With sum p = 1, sum p log Z = log Z.
	kl += logarithm(max(total, math.SmallestNonzeroFloat64))
	if kl-kl != 0 {
		return 0, fmt.Errorf("tsne: the places of the layout are too far apart: their squared distances overflow")
	}
	return kl, nil
}
