package pca

import (
	"context"
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

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

// moments sums up all samples: of a matrix that gives float32 with products in float32,
// unless they would leave its range.
func (s *source) moments(ctx context.Context) (*moments, error) {
	if s.raw32.Data != nil {
		m, err := sumUp(ctx, s, s.block32)
		if err != nil || m.inRange32() {
			return m, err
		}
	}
	m, err := sumUp(ctx, s, s.block)
	if err != nil {
		return nil, err
	}
	return m, m.check()
}

// sumUp sums up all samples, a block at a time: of each the mean, then the
// scatter about it, and then it joins what went before (Chan, Golub and LeVeque
// 1983, eq. 2.1). The term delta delta^T n n_b/(n+n_b) is one more row of the
// block's product.
func sumUp[T gemm.Float](ctx context.Context, s *source, read func(lo, hi int) ([]T, int)) (*moments, error) {
	d := s.d
	m := &moments{n: s.n, mean: make([]float64, d), scatter: make([]float64, d*d)}
	mean, block := make([]pair, d), make([]pair, d)
	panels, err := gemm.NewPanels[T](d, s.step+1)
	if err != nil {
		return nil, err
	}
	width := panels.Width()
	err = blocksOf(ctx, s, read, func(lo, hi int, rows []T, stride int) error {
		before, n := float64(lo), float64(hi-lo)
		weight := math.Sqrt(before / (before + n) * n)
		parallel.For(panels.Count(), ceil(strip, width), func(p0, p1 int) {
			j0, j1 := p0*width, min(p1*width, d)
			centre(block[j0:j1], panels, rows, stride, hi-lo, j0, j1)
			for j := j0; j < j1; j++ {
				b := block[j]
				if before == 0 {
					mean[j] = b
					continue
				}
				delta := b.high - mean[j].high + (b.low - mean[j].low)
				panels.Panel(j / width)[j%width] = T(weight * delta)
				mean[j] = mean[j].add(delta * (n / (before + n)))
			}
		})
		for j, v := range mean {
			if m.mean[j] = v.high; math.IsNaN(v.high) || math.IsInf(v.high, 0) {
				return s.notFinite(j)
			}
		}
		return panels.AddSyrk(hi-lo+1, m.scatter, d)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// inRange32 says whether sums of products in float32 are as exact as its 24 bits allow:
// whether no product was too large for it, and those that were too small, below 2^-126,
// are nothing beside the largest sum.
func (m *moments) inRange32() bool {
	d := len(m.mean)
	largest := 0.0
	for j := range d {
		v := m.scatter[j*d+j]
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
		largest = max(largest, v)
	}
	return largest > 0x1p-70*float64(m.n)
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
