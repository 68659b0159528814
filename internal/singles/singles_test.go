package singles

import (
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"
)

// matrix is 2 x 3, and hands out general.
type matrix struct {
	mat.Matrix
	general blas32.General
}

func (m matrix) RawMatrix32() blas32.General { return m.general }

func TestOf(t *testing.T) {
	dense := mat.NewDense(2, 3, nil)
	if _, ok, err := Of(dense); ok || err != nil {
		t.Errorf("a matrix of float64: %v, %v", ok, err)
	}
	for _, c := range []struct {
		rows, cols, stride, length int
		good                       bool
	}{
		{2, 3, 3, 6, true}, {2, 3, 4, 7, true}, {2, 3, 4, 6, false}, {2, 3, 3, 5, false}, {2, 3, 2, 9, false}, {1, 3, 3, 6, false}, {2, 2, 3, 6, false},
	} {
		data := make([]float32, c.length)
		for i := range data {
			data[i] = float32(i)
		}
		g, ok, err := Of(matrix{dense, blas32.General{Rows: c.rows, Cols: c.cols, Stride: c.stride, Data: data}})
		if !ok || (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "a 2 x 3 matrix gives ") {
			t.Errorf("%+v: %v, %v", c, ok, err)
		}
		if !c.good {
			continue
		}
		row := make([]float64, 3)
		Row(row, g, 1)
		if at := float64(c.stride); !slices.Equal(row, []float64{at, at + 1, at + 2}) {
			t.Errorf("%+v: row 1 is %v", c, row)
		}
	}
}
