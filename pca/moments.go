package pca

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
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
	n, d int
	step int // rows a block; with the row that joins two blocks, a round number
	x    mat.Matrix
	raw  blas64.General // the elements themselves, when x gives them
	buf  []float64      // a block of rows, when it does not
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
	}
	return s, nil
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
		for j := range s.d {
			s.buf[(i-lo)*s.d+j] = s.x.At(i, j)
		}
	}
	return s.buf, s.d
}

// blocks calls f on each block of rows in turn until ctx ends.
func (s *source) blocks(ctx context.Context, f func(lo, hi int, rows []float64, stride int) error) error {
	for lo := 0; lo < s.n; lo += s.step {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+s.step, s.n)
		rows, stride := s.block(lo, hi)
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

// moments are what a PCA needs to know of its samples: how many there were,
// their mean (length d) and the upper triangle of the d x d scatter matrix,
// the sum of (x-mean)(x-mean)^T.
type moments struct {
	n       int
	mean    []float64
	scatter []float64
}

// A pair is an unevaluated sum, whose low part holds what rounding took from
// the high one.
type pair struct{ high, low float64 }

// add returns p + v (Knuth's two-sum).
func (p pair) add(v float64) pair {
	v += p.low
	sum := p.high + v
	back := sum - p.high
	return pair{sum, p.high - (sum - back) + (v - back)}
}

// moments sums up all samples, a block at a time: of each the mean, then the
// scatter about it, and then it joins what went before (Chan, Golub and LeVeque
// 1983, eq. 2.1). The term delta delta^T n n_b/(n+n_b) is one more row of the
// block's product.
func (s *source) moments(ctx context.Context) (*moments, error) {
	d := s.d
	m := &moments{mean: make([]float64, d), scatter: make([]float64, d*d)}
	mean := make([]pair, d)
	rowBlock := make([]float64, (s.step+1)*d)
	err := s.blocks(ctx, func(lo, hi int, rows []float64, stride int) error {
		before, n := float64(lo), float64(hi-lo)
		weight := math.Sqrt(before / (before + n) * n)
		parallel.For(d, strip, func(j0, j1 int) {
			var block [strip]pair
			centre(&block, rowBlock[d:], d, rows, stride, hi-lo, j0, j1)
			for j := j0; j < j1; j++ {
				b := block[j-j0]
				if before == 0 {
					mean[j] = b
					continue
				}
				delta := b.high - mean[j].high + (b.low - mean[j].low)
				rowBlock[j] = weight * delta
				mean[j] = mean[j].add(delta * (n / (before + n)))
			}
		})
		for j, v := range mean {
			if m.mean[j] = v.high; math.IsNaN(v.high) || math.IsInf(v.high, 0) {
				return s.notFinite(j)
			}
		}
		return gemm.AddSyrk64(d, hi-lo+1, rowBlock, d, m.scatter, d)
	})
	if err != nil {
		return nil, err
	}
	m.n = s.n
	return m, m.check()
}

// strip is how many columns are centred together.
const strip = 64

// centre computes the mean of n values in each of the columns [j0, j1), at most
// strip, and writes the rows less their mean to dst. The mean is that of the
// differences from the first row, so that of a constant column it is that
// constant exactly and the differences are 0; its low part is the mean of what
// is left then.
func centre(mean *[strip]pair, dst []float64, dstStride int, rows []float64, stride, n, j0, j1 int) {
	var first, sums [strip]float64
	w := copy(first[:], rows[j0:j1])
	i := 1
	for ; i+4 <= n; i += 4 {
		a, b := rows[i*stride+j0:][:w], rows[(i+1)*stride+j0:][:w]
		c, e := rows[(i+2)*stride+j0:][:w], rows[(i+3)*stride+j0:][:w]
		for j, f := range first[:w] {
			sums[j] += (a[j] - f) + (b[j] - f) + ((c[j] - f) + (e[j] - f))
		}
	}
	for ; i < n; i++ {
		for j, v := range rows[i*stride+j0:][:w] {
			sums[j] += v - first[j]
		}
	}
	for j := range w {
		mean[j].high = first[j] + sums[j]/float64(n)
		first[j] = mean[j].high
	}
	clear(sums[:])
	for i := range n {
		out := dst[i*dstStride+j0:][:w]
		for j, v := range rows[i*stride+j0:][:w] {
			v -= first[j]
			out[j] = v
			sums[j] += v
		}
	}
	for j := range w {
		mean[j].low = sums[j] / float64(n)
	}
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

// check reports a variance that is not finite.
func (m *moments) check() error {
	d := len(m.mean)
	for j := range d {
		if v := m.scatter[j*d+j]; math.IsInf(v, 0) || math.IsNaN(v) {
			return overflow(j)
		}
	}
	return nil
}

// maxSamples is how many samples moments may be of: float64 counts no further by ones.
const maxSamples = min(1<<53, math.MaxInt)

// merge returns the moments of the samples of both (Chan, Golub and LeVeque 1983, eq. 2.1):
// with delta = mean_o - mean, scatter + scatter_o + delta delta^T n n_o/(n+n_o), which is
// written to into and may be o's own. m stays as it is. It is an error when there are too
// many samples, or a number overflows.
func (m *moments) merge(o *moments, into []float64) (*moments, error) {
	if m.n > maxSamples-o.n {
		return nil, fmt.Errorf("pca: %d samples and %d: there can be %d at most", m.n, o.n, maxSamples)
	}
	d := len(m.mean)
	na, nb := float64(m.n), float64(o.n)
	delta, mean := make([]float64, d), make([]float64, d)
	for j := range delta {
		delta[j] = o.mean[j] - m.mean[j]
		mean[j] = m.mean[j] + delta[j]*(nb/(na+nb))
	}
	weight := na / (na + nb) * nb
	overflows := make([]bool, d)
	parallel.For(d, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f := weight * delta[i]
			row := into[i*d : (i+1)*d]
			for j := i; j < d; j++ {
				row[j] = m.scatter[i*d+j] + (o.scatter[i*d+j] + f*delta[j])
			}
			at, _ := finite(row[i:])
			overflows[i] = at >= 0
		}
	})
	for j, v := range mean {
		if overflows[j] || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, overflow(j)
		}
	}
	return &moments{m.n + o.n, mean, into}, nil
}

// overflow is the error of a column whose sums are not finite.
func overflow(j int) error {
	return fmt.Errorf("pca: column %d: the values are too large: their variance overflows", j)
}
