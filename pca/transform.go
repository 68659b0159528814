package pca

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

// Transform returns the scores of x, n x d: the coordinates along the k
// components of each centred row, n x k, divided by the standard deviations
// when the model whitens. It is an error when x has not d columns or holds
// NaN or infinities. It stops with ctx's error soon after ctx ends.
func (m *Model) Transform(ctx context.Context, x mat.Matrix) (*mat.Dense, error) {
	k, d, err := m.dims()
	if err != nil {
		return nil, err
	}
	src, err := newSource(x)
	if err != nil {
		return nil, err
	}
	if src.d != d {
		return nil, fmt.Errorf("pca: data of %d columns do not fit a model of %d features", src.d, d)
	}
	scale := m.scale()
	z := mat.NewDense(src.n, k, nil)
	centred := make([]float64, src.step*d)
	components := m.Components.RawMatrix()
	err = src.blocks(ctx, func(lo, hi int, rows []float64, stride int) error {
		subtract(centred, rows, stride, m.Mean, hi-lo)
		out := z.RawMatrix().Data[lo*k : hi*k]
		return gemm.Float64NT(hi-lo, k, d, centred, d, components.Data, components.Stride, out, k)
	})
	if err != nil {
		return nil, err
	}
	for i := range src.n {
		row := z.RawRowView(i)
		floats.Div(row, scale)
		if c, _ := finite(row); c >= 0 {
			return nil, src.badScore(z)
		}
	}
	return z, nil
}

// badScore names the first element of the data that is not finite, or the
// first row whose scores overflow.
func (s *source) badScore(z *mat.Dense) error {
	for i := range s.n {
		for j := range s.d {
			if v := s.x.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("pca: row %d, column %d is %v", i, j, v)
			}
		}
		if c, v := finite(z.RawRowView(i)); c >= 0 {
			return fmt.Errorf("pca: row %d: its values are too large: component %d is %v", i, c, v)
		}
	}
	return errors.New("pca: data changed while they were read")
}

// InverseTransform returns the data, n x d, that have the scores z, n x k,
// and nothing outside the span of the components: of Transform's scores, the
// nearest approximation of the data that k components allow. It is an error
// when z has not k columns or holds NaN or infinities. It stops with ctx's error
// soon after ctx ends.
func (m *Model) InverseTransform(ctx context.Context, z mat.Matrix) (*mat.Dense, error) {
	k, d, err := m.dims()
	if err != nil {
		return nil, err
	}
	src, err := newSource(z)
	if err != nil {
		return nil, err
	}
	if src.d != k {
		return nil, fmt.Errorf("pca: scores of %d columns do not fit a model of %d components", src.d, k)
	}
	scale := m.scale()
	x := mat.NewDense(src.n, d, nil)
	scaled := make([]float64, src.step*k)
	components := m.Components.RawMatrix()
	err = src.blocks(ctx, func(lo, hi int, rows []float64, stride int) error {
		for i := range hi - lo {
			floats.MulTo(scaled[i*k:(i+1)*k], rows[i*stride:i*stride+k], scale)
		}
		out := x.RawMatrix().Data[lo*d : hi*d]
		if err := gemm.Float64(hi-lo, d, k, scaled, k, components.Data, components.Stride, out, d); err != nil {
			return err
		}
		for i := range hi - lo {
			floats.Add(out[i*d:(i+1)*d], m.Mean)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range src.n {
		if j, _ := finite(x.RawRowView(i)); j >= 0 {
			for c := range k {
				if v := z.At(i, c); math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, fmt.Errorf("pca: row %d, column %d is %v", i, c, v)
				}
			}
			return nil, fmt.Errorf("pca: row %d: its scores are too large: column %d of the data overflows", i, j)
		}
	}
	return x, nil
}

// scale returns what scores are divided by: ones, or when whitening the
// standard deviations, no smaller than scikit-learn's floor of 2^-52.
func (m *Model) scale() []float64 {
	s := make([]float64, len(m.ExplainedVariance))
	for i, v := range m.ExplainedVariance {
		s[i] = 1
		if m.Whiten {
			s[i] = max(math.Sqrt(v), epsilon)
		}
	}
	return s
}

// dims returns the shape of the components, or how a hand-made model is
// inconsistent.
func (m *Model) dims() (k, d int, err error) {
	if m.Components == nil || m.Components.IsEmpty() {
		return 0, 0, errors.New("pca: the model has no components")
	}
	k, d = m.Components.Dims()
	if len(m.Mean) != d || len(m.ExplainedVariance) != k {
		return 0, 0, fmt.Errorf("pca: the model has %d x %d components, but %d means and %d variances",
			k, d, len(m.Mean), len(m.ExplainedVariance))
	}
	return k, d, nil
}
