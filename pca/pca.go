// Package pca is principal component analysis (Pearson 1901, Hotelling 1933):
// the directions in which data vary most, by eigendecomposition.
//
// It computes what scikit-learn's sklearn.decomposition.PCA computes, signs
// included: the scores of two programs can be laid over each other. Data come
// as any gonum mat.Matrix, a sample a row. Results are the same bits at any
// GOMAXPROCS.
//
// All is computed in float64, but for the covariance of a matrix that holds
// float32 and says so ([RawMatrixer32], [Dense32]): it is read where it lies, in
// a third of the time. Means and differences from them are computed in float64,
// the differences are then rounded to float32, and sums of up to 512 products of
// theirs are in float32, the sum of those sums again in float64, like the
// eigendecomposition. The error is at most about 2^-20 of the largest variance,
// usually less than 2^-24, whatever the means; so are those of small variances,
// of which little is right below that. (scikit-learn and oneDAL compute all in
// float32, with errors of the means' squares.) Numbers whose squares float32
// cannot hold are computed with in float64. So are all where the solver is Gram,
// or the matrix does not say that it holds float32: a copy in a mat.Dense.
package pca

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Solver names the matrix whose eigenvectors are computed.
type Solver uint8

const (
	// Auto takes Covariance when d <= n and Gram when n < d.
	Auto Solver = iota
	// Covariance decomposes the d x d covariance of the features, in memory
	// that grows with d^2 and not with n (scikit-learn's "covariance_eigh").
	Covariance
	// Gram decomposes the n x n matrix of inner products of the centred
	// samples, in memory that grows with n^2 + n d.
	Gram
)

// Options choose what Fit keeps. The zero value keeps all min(n, d)
// components and does not whiten, as scikit-learn's PCA() does.
type Options struct {
	// Components is how many components to keep, at most min(n, d).
	// 0 keeps as many as Variance asks for, or all.
	Components int
	// Variance in (0, 1) keeps the smallest number of components whose
	// explained variance ratios add up to more than it (scikit-learn's
	// fractional n_components). 0 leaves the choice to Components; giving
	// both is an error.
	Variance float64
	// Whiten divides each score by its component's standard deviation, so
	// that the scores have unit variance.
	Whiten bool
	// Solver is the way to compute; the results differ by rounding only.
	Solver Solver
}

func (o Options) check() error {
	switch {
	case o.Components < 0:
		return fmt.Errorf("pca: %d components: want 0 (all) or more", o.Components)
	case !(o.Variance >= 0 && o.Variance < 1):
		return fmt.Errorf("pca: variance fraction %g: want 0 (unused) or a number in (0, 1)", o.Variance)
	case o.Components > 0 && o.Variance > 0:
		return fmt.Errorf("pca: both %d components and the variance fraction %g are asked for: give one", o.Components, o.Variance)
	case o.Solver > Gram:
		return fmt.Errorf("pca: unknown solver %d", o.Solver)
	}
	return nil
}

// Model is a fitted PCA of k components on d features. Its methods do not
// change it and may be called concurrently.
type Model struct {
	// Mean of each feature, length d.
	Mean []float64
	// Components are orthonormal rows, k x d, by decreasing variance. The
	// entry of largest magnitude in each is positive.
	Components *mat.Dense
	// ExplainedVariance is the variance of the samples along each component,
	// over n-1, length k.
	ExplainedVariance []float64
	// ExplainedVarianceRatio is ExplainedVariance over the variance of all
	// features together, length k; zeros when that is zero.
	ExplainedVarianceRatio []float64
	// SingularValues of the centred data, sqrt((n-1) ExplainedVariance).
	SingularValues []float64
	// NoiseVariance is the mean variance along the components not kept: the
	// maximum-likelihood noise of probabilistic PCA (Tipping and Bishop 1999,
	// eq. 8). 0 when min(n, d) are kept.
	NoiseVariance float64
	// Samples is the n of the fit.
	Samples int
	// Whiten says whether Transform scales scores to unit variance.
	Whiten bool
}

// Fit computes the principal components of x, n x d, a sample a row. It is an
// error when n < 2, when an element is NaN or infinite, or when more than
// min(n, d) components are asked for. Constant columns are fine: they carry
// no variance. It stops with ctx's error soon after ctx ends.
func Fit(ctx context.Context, x mat.Matrix, opt Options) (*Model, error) {
	src, err := newSource(x)
	if err != nil {
		return nil, err
	}
	n, d := src.n, src.d
	if err := opt.check(); err != nil {
		return nil, err
	}
	if n < 2 {
		return nil, tooFew(n)
	}
	if most := min(n, d); opt.Components > most {
		return nil, tooMany(opt.Components, n, d)
	}
	if opt.Solver == Gram || opt.Solver == Auto && n < d {
		return fitGram(ctx, src, opt)
	}
	m, err := src.moments(ctx)
	if err != nil {
		return nil, err
	}
	return m.fit(ctx, opt)
}

func tooFew(n int) error {
	return fmt.Errorf("pca: %d samples: a variance needs at least 2", n)
}

func tooMany(k, n, d int) error {
	return fmt.Errorf("pca: %d components of %d samples with %d features: there are at most min(n, d) = %d", k, n, d, min(n, d))
}

// wanted returns how many of the largest eigenvalues a fit needs to know, at
// most most.
func (o Options) wanted(most int) int {
	if o.Components > 0 {
		return o.Components
	}
	return most
}

// newModel fills in what follows from the variances in decreasing order, those
// along all components, most in number, or along as many as are wanted, and
// returns how many to keep. total is the variance of all features together, of
// use where not all variances are there. The caller sets Components.
func newModel(mean, variance []float64, total float64, most, samples int, opt Options) (*Model, int) {
	sum := 0.0
	for _, v := range variance {
		sum += v
	}
	if len(variance) == most {
		total = sum
	}
	ratio := make([]float64, len(variance))
	if total > 0 {
		for i, v := range variance {
			ratio[i] = min(v/total, 1)
		}
	}
	k := len(variance)
	switch {
	case opt.Components > 0:
		k = opt.Components
	case opt.Variance > 0:
		sum := 0.0
		for i, r := range ratio {
			if sum += r; sum > opt.Variance {
				k = i + 1
				break
			}
		}
	}
	m := &Model{
		Mean:                   mean,
		ExplainedVariance:      variance[:k:k],
		ExplainedVarianceRatio: ratio[:k:k],
		SingularValues:         make([]float64, k),
		Samples:                samples,
		Whiten:                 opt.Whiten,
	}
	for i, v := range m.ExplainedVariance {
		m.SingularValues[i] = math.Sqrt(v * float64(samples-1))
	}
	for _, v := range variance[k:] {
		m.NoiseVariance += v
	}
	if len(variance) < most {
		m.NoiseVariance = max(total-sum, 0)
	}
	m.NoiseVariance /= float64(max(most-k, 1))
	return m, k
}
