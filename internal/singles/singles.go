// Package singles reads matrices that hold float32 (pca.RawMatrixer32) where they lie,
// which is many times as fast as to ask for their elements one by one.
package singles

import (
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"
)

// Of returns the elements of a matrix of float32, and whether x is one. It is an error when
// what the matrix hands out are not its dimensions, or too few elements.
func Of(x mat.Matrix) (g blas32.General, ok bool, err error) {
	r, ok := x.(interface{ RawMatrix32() blas32.General })
	if !ok {
		return g, false, nil
	}
	n, d := x.Dims()
	g = r.RawMatrix32()
	if g.Rows != n || g.Cols != d || g.Stride < d || len(g.Data) < (n-1)*g.Stride+d {
		return g, true, fmt.Errorf("a %d x %d matrix gives %d float32 for %d x %d with stride %d", n, d, len(g.Data), g.Rows, g.Cols, g.Stride)
	}
	return g, true, nil
}

// Row copies row i to dst, of g.Cols elements.
func Row(dst []float64, g blas32.General, i int) {
	for j, v := range g.Data[i*g.Stride:][:g.Cols] {
		dst[j] = float64(v)
	}
}
