package pca

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// eigenAll returns the eigenvalues of the n x n symmetric matrix whose upper
// triangle a holds, in decreasing order, and the eigenvectors as rows in that
// order. It overwrites a, whose largest entry must be near 1.
//
// The matrix is made tridiagonal, A = Q T Qᵀ; T is divided and conquered, T = U D Uᵀ;
// and the eigenvectors are Q U.
func eigenAll(ctx context.Context, a []float64, n int) ([]float64, *mat.Dense, error) {
	r, err := reduce(ctx, a, n)
	if err != nil {
		return nil, nil, err
	}
	d, rows, columns, err := eigenTridiagonal(ctx, r.d, r.e)
	if err != nil {
		return nil, nil, err
	}
	order := ascending(d)
	slices.Reverse(order)
	values := make([]float64, n)
	for i, from := range order {
		values[i] = d[from]
	}
	transpose(columns, rows, n, order)
	if err := r.apply(ctx, columns, n); err != nil {
		return nil, nil, err
	}
	transpose(rows, columns, n, nil)
	return values, mat.NewDense(n, n, rows), nil
}

// ascending returns the indices of values from the smallest to the largest, equal ones
// in their order.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case values[i] < values[j]:
			return -1
		case values[i] > values[j]:
			return 1
		}
		return 0
	})
	return order
}

// transpose writes row order[i] of an n x n matrix, or row i where order is nil, to column
// i of dst. A square of it goes by way of a small one, for columns of either matrix push
// each other out of the cache where n is a power of two.
func transpose(dst, rows []float64, n int, order []int) {
	const side = 8
	var tile [side * side]float64
	for i0 := 0; i0 < n; i0 += side {
		for j0 := 0; j0 < n; j0 += side {
			h, w := min(side, n-i0), min(side, n-j0)
			for i := range h {
				from := i0 + i
				if order != nil {
					from = order[from]
				}
				for j, v := range rows[from*n+j0:][:w] {
					tile[j*side+i] = v
				}
			}
			for j := range w {
				copy(dst[(j0+j)*n+i0:][:h], tile[j*side:])
			}
		}
	}
}
