package pca

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

// fit decomposes the covariance.
func (m *moments) fit(ctx context.Context, opt Options) (*Model, error) {
	d := len(m.mean)
	cov := slices.Clone(m.scatter)
	for i := range cov {
		cov[i] /= float64(m.n - 1)
	}
	total := trace(cov, d)
	// With fewer samples than features the rest are zeros up to rounding.
	most := min(d, m.n)
	values, vectors, err := eigen(ctx, cov, d, opt.wanted(most))
	if err != nil {
		return nil, err
	}
	model, k := newModel(slices.Clone(m.mean), values[:min(len(values), most)], total, most, m.n, opt)
	model.Components = vectors
	if rows, _ := vectors.Dims(); k < rows {
		model.Components = mat.DenseCopyOf(vectors.Slice(0, k, 0, d))
	}
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
	err = src.blocks(ctx, func(lo, hi int, rows []float64, stride int) error {
		subtract(x[lo*d:], rows, stride, mean, hi-lo)
		return nil
	})
	if err != nil {
		return nil, err
	}
	gram := make([]float64, n*n)
	for lo, step := 0, rowsAtOnce(n*d); lo < n; lo += step { // the upper triangle, and a little more
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := gemm.Float64NT(min(step, n-lo), n-lo, d, x[lo*d:], d, x[lo*d:], d, gram[lo*n+lo:], n); err != nil {
			return nil, err
		}
	}
	for i := range n {
		if j, _ := finite(gram[i*n+i : (i+1)*n]); j >= 0 {
			return nil, src.notFinite(largest(x[i*d : (i+1)*d]))
		}
	}
	most, scale := min(n, d), 1/float64(n-1)
	total := trace(gram, n) * scale
	values, u, err := eigen(ctx, gram, n, opt.wanted(most))
	if err != nil {
		return nil, err
	}
	floor := values[0] * float64(max(n, d)) * epsilon
	values = values[:min(len(values), most)]
	variance := make([]float64, len(values))
	rank := 0
	for i, v := range values {
		variance[i] = v * scale
		if v > floor {
			rank = i + 1
		}
	}
	model, k := newModel(mean, variance, total, most, n, opt)
	components := mat.NewDense(k, d, nil)
	used := min(rank, k)
	for lo, step := 0, rowsAtOnce(n*d); lo < used; lo += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		from, to := u.RawMatrix().Data[lo*n:], components.RawMatrix().Data[lo*d:]
		if err := gemm.Float64(min(step, used-lo), d, n, from, n, x, d, to, d); err != nil {
			return nil, err
		}
	}
	for i := range used {
		normalise(components.RawRowView(i))
	}
	if err := orthonormalise(ctx, components, used); err != nil {
		return nil, err
	}
	model.Components = components
	fixSigns(components)
	return model, nil
}

// trace returns the sum of the diagonal of an n x n matrix.
func trace(a []float64, n int) float64 {
	sum := 0.0
	for i := range n {
		sum += a[i*n+i]
	}
	return sum
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
					floats.AddScaled(row, -floats.Dot(row, earlier), earlier)
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
