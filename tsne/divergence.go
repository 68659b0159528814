package tsne

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/student"
)

// KLDivergence returns the Kullback-Leibler divergence sum p log(p/q) of the layout
// y, n x c, from the affinities: one measure for the layouts of all programs, whose
// own figures come from differing affinities and approximate normalisers. Q is the
// Student t kernel's with max(c-1, 1) degrees of freedom, its normaliser summed over
// all pairs in float64. It is an error when y has not as many rows as there are
// points, or an element is not finite.
func (a *Affinities) KLDivergence(ctx context.Context, y mat.Matrix) (float64, error) {
	v, n, c, err := neighbours.Rows(y)
	if err != nil {
		return 0, fmt.Errorf("tsne: layout: %w", err)
	}
	if n != a.Len() {
		return 0, fmt.Errorf("tsne: %d points, but %d places in the layout", a.Len(), n)
	}
	k := student.Kernel{DoF: float64(max(c-1, 1))}
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
				_, q := k.At(between(i, j))
				z[i] += q
			}
			columns, values := a.Row(i)
			for e, j := range columns {
				if p := values[e]; p > 0 {
					cross[i] += p * (student.Log(p) + k.NegLog(between(i, int(j))))
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
	kl += student.Log(max(total, math.SmallestNonzeroFloat64))
	if kl-kl != 0 {
		return 0, fmt.Errorf("tsne: the places of the layout are too far apart: their squared distances overflow")
	}
	return kl, nil
}
