package pca

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// fit decomposes the covariance.
func (m *moments) fit(ctx context.Context, opt Options) (*Model, error) {
	d := len(m.mean)
	cov := slices.Clone(m.scatter)
	for i := range cov {
		cov[i] /= float64(m.n - 1)
	}
	values, vectors, err := eigen(ctx, cov, d)
	if err != nil {
		return nil, err
	}
	// With fewer samples than features the rest are zeros up to rounding.
	model, k := newModel(slices.Clone(m.mean), values[:min(d, m.n)], m.n, opt)
	model.Components = mat.DenseCopyOf(vectors.Slice(0, k, 0, d))
	fixSigns(model.Components)
	return model, nil
}

// fitGram decomposes the Gram matrix: with centred data X = U S V^T, X X^T =
// U S^2 U^T, and row i of V^T is u_i^T X / s_i.
func fitGram(ctx context.Context, src *source, opt Options) (*Model, error) {
	n, d := src.n, src.d
	mean, err := src.mean(ctx)
	if err != nil {
		return nil, err
	}
	x := make([]float64, n*d)
	err = src.blocks(ctx, func(lo, hi int, rows []float64, stride int) {
		parallel.For(hi-lo, 4, func(a, b int) {
			for i := a; i < b; i++ {
				for j, v := range rows[i*stride : i*stride+d] {
					x[(lo+i)*d+j] = v - mean[j]
				}
			}
		})
	})
	if err != nil {
		return nil, err
	}
	gram := make([]float64, n*n)
	for k := 0; k < d; k += blockRows {
		if err := addProducts(ctx, gram, n, x[k:], min(blockRows, d-k), d); err != nil {
			return nil, err
		}
	}
	for i := range n {
		if j, _ := finite(gram[i*n+i : (i+1)*n]); j >= 0 {
			return nil, src.notFinite(largest(x[i*d : (i+1)*d]))
		}
	}
	values, u, err := eigen(ctx, gram, n)
	if err != nil {
		return nil, err
	}
	scale, floor := 1/float64(n-1), values[0]*float64(max(n, d))*epsilon
	values = values[:min(n, d)]
	variance := make([]float64, len(values))
	rank := 0
	for i, v := range values {
		variance[i] = v * scale
		if v > floor {
			rank = i + 1
		}
	}
	model, k := newModel(mean, variance, n, opt)
	components := mat.NewDense(k, d, nil)
	err = parallel.ForContext(ctx, min(rank, k), 1, func(i, _ int) {
		row := components.RawRowView(i)
		for s, w := range u.RawRowView(i) {
			for j, v := range x[s*d : (s+1)*d] {
				row[j] += w * v
			}
		}
		normalise(row)
	})
	if err != nil {
		return nil, err
	}
	if err := orthonormalise(ctx, components, min(rank, k)); err != nil {
		return nil, err
	}
	model.Components = components
	fixSigns(components)
	return model, nil
}

const epsilon = 0x1p-52

// orthonormalise makes the rows orthonormal: of those below rank it removes
// the traces of earlier ones (u_i^T X carries rounding errors of the size of
// the largest singular value, which weigh heavily in the small ones); those
// from rank on, along which there is no variance, are made from unit vectors.
// Modified Gram-Schmidt, twice (Giraud, Langou and Rozloznik 2005).
func orthonormalise(ctx context.Context, rows *mat.Dense, rank int) error {
	k, d := rows.Dims()
	unit := 0
	for i := range k {
		row := rows.RawRowView(i)
		for attempt := 0; ; attempt++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if i >= rank || attempt > 0 {
				clear(row)
				row[unit%d] = 1
				unit++
			}
			left := 1.0
			for range 2 {
				for e := range i {
					earlier := rows.RawRowView(e)
					f := dot(row, earlier)
					for j, v := range earlier {
						row[j] -= f * v
					}
				}
				left *= normalise(row)
			}
			// Some unit vector keeps at least 1/sqrt(d) of its length.
			if left > 0.5/math.Sqrt(float64(d)) {
				break
			}
		}
	}
	return nil
}

// normalise scales a vector to length 1 and returns the length it had.
func normalise(v []float64) float64 {
	// Scaled first, so that the squares neither overflow nor vanish.
	top := math.Abs(v[largest(v)])
	if top == 0 {
		return 0
	}
	s := 0.0
	for _, x := range v {
		s += (x / top) * (x / top)
	}
	length := math.Sqrt(s)
	for j := range v {
		v[j] = v[j] / top / length
	}
	return top * length
}

// largest returns the index of the first entry of largest magnitude.
func largest(v []float64) int {
	at := 0
	for j, x := range v {
		if math.Abs(x) > math.Abs(v[at]) {
			at = j
		}
	}
	return at
}

// fixSigns makes the entry of largest magnitude in each row positive
// (scikit-learn's svd_flip with u_based_decision=False).
func fixSigns(rows *mat.Dense) {
	k, _ := rows.Dims()
	for i := range k {
		row := rows.RawRowView(i)
		if row[largest(row)] < 0 {
			for j := range row {
				row[j] = -row[j]
			}
		}
	}
}
