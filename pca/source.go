package pca

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/singles"
)

// atOnce is about how many multiplications are done between two looks at a
// context: a tenth of a second on a slow core without vector instructions.
const atOnce = 1 << 27

// rowsAtOnce returns how many rows of a product, of so many multiplications
// each, are computed at once: few enough to stop soon, enough to be quick.
func rowsAtOnce(multiplications int) int {
	return min(max(atOnce/max(multiplications, 1), 32), 1024)
}

// source reads the rows of a matrix in blocks.
type source struct {
	n, d  int
	step  int // rows a block; with the row that joins two blocks, a round number
	x     mat.Matrix
	raw   blas64.General // the elements themselves, when x gives them,
	raw32 blas32.General // or these
	buf   []float64      // a block of rows, when raw is empty
}

func newSource(x mat.Matrix) (*source, error) {
	if x == nil {
		return nil, errors.New("pca: no data: the matrix is nil")
	}
	n, d := x.Dims()
	if n < 1 || d < 1 {
		return nil, fmt.Errorf("pca: no data: the matrix is %d x %d", n, d)
	}
	s := &source{n: n, d: d, step: min(n, rowsAtOnce(d*d)-1), x: x}
	if r, ok := x.(mat.RawMatrixer); ok {
		s.raw = r.RawMatrix()
		return s, nil
	}
	var err error
	if s.raw32, _, err = singles.Of(x); err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	return s, nil
}

// block32 returns rows [lo, hi) of a matrix that gives float32.
func (s *source) block32(lo, hi int) (rows []float32, stride int) {
	return s.raw32.Data[lo*s.raw32.Stride:], s.raw32.Stride
}

// block returns rows [lo, hi), row-major with the given stride, good until
// the next call.
func (s *source) block(lo, hi int) (rows []float64, stride int) {
	if s.raw.Data != nil {
		return s.raw.Data[lo*s.raw.Stride:], s.raw.Stride
	}
	if s.buf == nil {
		s.buf = make([]float64, s.step*s.d)
	}
	for i := lo; i < hi; i++ {
		out := s.buf[(i-lo)*s.d:][:s.d]
		if s.raw32.Data != nil {
			singles.Row(out, s.raw32, i)
			continue
		}
		for j := range out {
			out[j] = s.x.At(i, j)
		}
	}
	return s.buf, s.d
}

// blocks calls f on each block of rows in turn until ctx ends.
func (s *source) blocks(ctx context.Context, f func(lo, hi int, rows []float64, stride int) error) error {
	return blocksOf(ctx, s, s.block, f)
}

// blocksOf is blocks of what read returns.
func blocksOf[T gemm.Float](ctx context.Context, s *source, read func(lo, hi int) ([]T, int), f func(lo, hi int, rows []T, stride int) error) error {
	for lo := 0; lo < s.n; lo += s.step {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+s.step, s.n)
		rows, stride := read(lo, hi)
		if err := f(lo, hi, rows, stride); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// mean returns the mean of each column, as that of the differences from an
// earlier estimate, twice: first from the first row, so that the mean of a
// constant column is that constant exactly, then from the first result, so
// that the error of a long sum is one of the small differences' sum.
func (s *source) mean(ctx context.Context) ([]float64, error) {
	mean := make([]float64, s.d)
	first, _ := s.block(0, 1)
	copy(mean, first[:s.d])
	for range 2 {
		sums := make([]float64, s.d)
		err := s.blocks(ctx, func(lo, hi int, rows []float64, stride int) error {
			parallel.For(s.d, 64, func(j0, j1 int) {
				var part [64]float64
				for i := range hi - lo {
					for j, v := range rows[i*stride+j0 : i*stride+j1] {
						part[j] += v - mean[j0+j]
					}
				}
				for j := j0; j < j1; j++ {
					sums[j] += part[j-j0]
				}
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
		for j, v := range sums {
			mean[j] += v / float64(s.n)
		}
	}
	for j, v := range mean {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, s.notFinite(j)
		}
	}
	return mean, nil
}

// notFinite says why the sums over a column are not finite: the first row
// with an element that is not, or an overflow in column j.
func (s *source) notFinite(j int) error {
	for lo := 0; lo < s.n; lo += s.step {
		hi := min(lo+s.step, s.n)
		rows, stride := s.block(lo, hi)
		for i := range hi - lo {
			if c, v := finite(rows[i*stride : i*stride+s.d]); c >= 0 {
				return fmt.Errorf("pca: row %d, column %d is %v", lo+i, c, v)
			}
		}
	}
	return overflow(j)
}

// finite returns the index and value of the first NaN or infinity, or -1.
func finite(v []float64) (int, float64) {
	for j, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return j, x
		}
	}
	return -1, 0
}

// subtract writes n rows, stride apart, less the mean, to dst row by row.
func subtract(dst, rows []float64, stride int, mean []float64, n int) {
	d := len(mean)
	parallel.For(n, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			floats.SubTo(dst[i*d:(i+1)*d], rows[i*stride:i*stride+d], mean)
		}
	})
}
