package pca

import (
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"
)

// A RawMatrixer32 is a matrix that holds its elements as float32 and hands them out: Fit
// and the others read its rows where they lie, with the precision that the package's
// description tells. It is to float32 what gonum's mat.RawMatrixer is to float64.
type RawMatrixer32 interface {
	mat.Matrix
	// RawMatrix32 returns the elements, which are not changed.
	RawMatrix32() blas32.General
}

// Dense32 is a matrix of float32, row by row: a way to hand features as a network makes
// them to this package and to tsne.
type Dense32 struct{ blas32.General }

// NewDense32 returns a matrix of r rows and c columns on data, row by row, not a copy. It
// is an error when r or c is below 1, or data has not r c elements.
func NewDense32(r, c int, data []float32) (Dense32, error) {
	if r < 1 || c < 1 || len(data)/r != c || len(data)%r != 0 {
		return Dense32{}, fmt.Errorf("pca: %d numbers for a matrix of %d x %d", len(data), r, c)
	}
	return Dense32{blas32.General{Rows: r, Cols: c, Stride: c, Data: data}}, nil
}

// Dims returns the numbers of rows and columns.
func (m Dense32) Dims() (r, c int) { return m.Rows, m.Cols }

// At returns the element of row i and column j. It panics when there is none.
func (m Dense32) At(i, j int) float64 {
	if uint(i) >= uint(m.Rows) {
		panic(mat.ErrRowAccess)
	}
	if uint(j) >= uint(m.Cols) {
		panic(mat.ErrColAccess)
	}
	return float64(m.Data[i*m.Stride+j])
}

// T returns the transpose, a view.
func (m Dense32) T() mat.Matrix { return mat.Transpose{Matrix: m} }

// RawMatrix32 returns the elements.
func (m Dense32) RawMatrix32() blas32.General { return m.General }
