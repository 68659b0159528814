package pca

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/transpose"
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
	for i, from := range order {
		copy(columns[i*n:(i+1)*n], rows[from*n:])
	}
	transpose.Matrix(rows, n, columns, n, n, n)
	if err := r.apply(ctx, rows, n); err != nil {
		return nil, nil, err
	}
	transpose.Matrix(columns, n, rows, n, n, n)
	return values, mat.NewDense(n, n, columns), nil
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
