package pca

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"
)

// eigen returns eigenvalues of the n x n symmetric matrix whose upper triangle
// a holds, in decreasing order, negative ones set to 0, and the eigenvectors as
// rows: the k largest, or all n where those are no more work. It overwrites a.
//
// Rows of zeros, which constant features have, are left out: their eigenvectors
// are unit vectors, and they have no part in any other.
func eigen(ctx context.Context, a []float64, n, k int) ([]float64, *mat.Dense, error) {
	rows := nonzero(a, n)
	m := len(rows)
	if m == 0 {
		return make([]float64, n), spread(nil, rows, n), nil
	}
	if m < n {
		for i, from := range rows {
			for j, at := range rows[i:] {
				a[i*m+i+j] = a[from*n+at] // no later than it is read
			}
		}
	}
	exponent := normaliseMatrix(a, m)
	var values []float64
	var vectors *mat.Dense
	var err error
	found := false
	if worthwhile(m, k) {
		values, vectors, found, err = leading(ctx, a, m, k)
	}
	if err == nil && !found {
		values, vectors, err = eigenAll(ctx, a, m)
	}
	if err != nil {
		return nil, nil, err
	}
	for i, v := range values {
		// A covariance has no negative eigenvalues; rounding has.
		values[i] = math.Ldexp(max(v, 0), exponent)
	}
	if m < n && !found {
		return append(values, make([]float64, n-m)...), spread(vectors, rows, n), nil
	}
	return values, spread(vectors, rows, n), nil
}

// nonzero lists the rows of a symmetric matrix that are not zero, given its
// upper triangle.
func nonzero(a []float64, n int) []int {
	used := make([]bool, n)
	for i := range n {
		for j, v := range a[i*n+i : (i+1)*n] {
			if v != 0 {
				used[i], used[i+j] = true, true
			}
		}
	}
	rows := make([]int, 0, n)
	for i, u := range used {
		if u {
			rows = append(rows, i)
		}
	}
	return rows
}

// spread puts eigenvectors, which have elements for some of n columns, in their
// places. After all of those come the unit vectors of the other columns.
func spread(vectors *mat.Dense, columns []int, n int) *mat.Dense {
	if len(columns) == n {
		return vectors
	}
	k := 0
	if vectors != nil {
		k, _ = vectors.Dims()
	}
	rows := k
	if k == len(columns) {
		rows = n
	}
	out := mat.NewDense(rows, n, nil)
	for i := range k {
		from, to := vectors.RawRowView(i), out.RawRowView(i)
		for j, at := range columns {
			to[at] = from[j]
		}
	}
	next := k
	for at, i := 0, 0; at < n && next < rows; at++ {
		if i < len(columns) && columns[i] == at {
			i++
			continue
		}
		out.Set(next, at, 1)
		next++
	}
	return out
}

// normaliseMatrix scales the upper triangle of an n x n matrix so that its
// largest entry is in [1/2, 1), which keeps squares in range, by a power of two,
// so that nothing is rounded, and returns its exponent. The matrix is not zero.
func normaliseMatrix(a []float64, n int) (exponent int) {
	largest := 0.0
	for i := range n {
		for _, v := range a[i*n+i : (i+1)*n] {
			if v = math.Abs(v); v > largest {
				largest = v
			}
		}
	}
	_, exponent = math.Frexp(largest)
	// Two factors, for one may be out of range.
	half := -exponent / 2
	f, g := math.Ldexp(1, half), math.Ldexp(1, -exponent-half)
	for i := range n {
		row := a[i*n+i : (i+1)*n]
		for j, v := range row {
			row[j] = v * f * g
		}
	}
	return exponent
}
