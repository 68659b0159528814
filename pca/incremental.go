package pca

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Incremental fits a PCA to data that come in pieces. It keeps the number of
// samples, their mean and their scatter matrix, so memory grows with d^2
// alone and the result is that of one Fit on all the data, up to rounding
// (unlike scikit-learn's IncrementalPCA, which truncates as it goes). Parts of
// the data can be added to several Incrementals, on several goroutines or one
// after another, or in several processes ([Incremental.MarshalBinary]), and merged. The zero
// value is ready to use; an Incremental is not safe for concurrent use.
type Incremental struct {
	m *moments
}

// Samples returns how many samples were added.
func (inc *Incremental) Samples() int {
	if inc.m == nil {
		return 0
	}
	return inc.m.n
}

// Add takes in the samples of x, n x d, n at least 1. The first call fixes d.
// It is an error when d changes, an element is NaN or infinite (the row
// named is that of x) or the variance overflows, and then nothing has been added. It
// stops with ctx's error, nothing added, soon after ctx ends.
func (inc *Incremental) Add(ctx context.Context, x mat.Matrix) error {
	src, err := newSource(x)
	if err != nil {
		return err
	}
	if err := inc.sameFeatures(src.d); err != nil {
		return err
	}
	m, err := src.moments(ctx)
	if err != nil {
		return err
	}
	if inc.m != nil {
		if m, err = inc.m.merge(m, m.scatter); err != nil {
			return err
		}
	}
	inc.m = m
	return nil
}

// Merge takes in all samples of other, which stays as it is. It is an error
// when the two have different numbers of features, more than 2^53 samples together, or
// values so far apart that their variance overflows, and then nothing has been added.
func (inc *Incremental) Merge(other *Incremental) error {
	if other == nil || other.m == nil {
		return nil
	}
	o := other.m
	if err := inc.sameFeatures(len(o.mean)); err != nil {
		return err
	}
	if inc.m == nil {
		inc.m = &moments{o.n, slices.Clone(o.mean), slices.Clone(o.scatter)}
		return nil
	}
	m, err := inc.m.merge(o, make([]float64, len(o.scatter)))
	if err != nil {
		return err
	}
	inc.m = m
	return nil
}

func (inc *Incremental) sameFeatures(d int) error {
	if inc.m != nil && len(inc.m.mean) != d {
		return fmt.Errorf("pca: data of %d columns after data of %d", d, len(inc.m.mean))
	}
	return nil
}

// Fit computes the principal components of all samples so far, of which there
// must be 2. More may be added afterwards. The solver Gram, which needs the
// samples themselves, is an error. It stops with ctx's error soon after ctx ends.
func (inc *Incremental) Fit(ctx context.Context, opt Options) (*Model, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	if opt.Solver == Gram {
		return nil, errors.New("pca: an incremental fit keeps no samples: the Gram solver cannot be used")
	}
	n := inc.Samples()
	if n < 2 {
		return nil, tooFew(n)
	}
	if d := len(inc.m.mean); opt.Components > min(n, d) {
		return nil, tooMany(opt.Components, n, d)
	}
	return inc.m.fit(ctx, opt)
}
