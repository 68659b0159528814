package neighbours

import (
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"
)

// lent is a matrix that hands out its float32 and nothing else.
type lent struct {
	mat.Matrix
	raw blas32.General
}

func (s lent) RawMatrix32() blas32.General { return s.raw }

// A matrix that holds float32 is read where it lies, with a stride.
func TestRowsOfFloat32(t *testing.T) {
	s := lent{mat.NewDense(2, 3, nil), blas32.General{Rows: 2, Cols: 3, Stride: 4, Data: []float32{1, 2, 3, -1, 4, 5, 6}}}
	v, n, d, err := Rows(s)
	if err != nil || n != 2 || d != 3 || !slices.Equal(v, []float64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("%d x %d: %v, error %v", n, d, v, err)
	}
	s.raw.Data = s.raw.Data[:6]
	if _, _, _, err := Rows(s); err == nil {
		t.Error("too few numbers were accepted")
	}
}
