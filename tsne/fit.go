package tsne

import (
	"context"
	"time"

	"gonum.org/v1/gonum/mat"
)

// Result is a finished layout.
type Result struct {
	// Layout, n x Components, holds the points in the order of the input.
	Layout *mat.Dense
	// KL is the Kullback-Leibler divergence of Layout from the affinities,
	// without exaggeration, as the method in use computes it: Barnes-Hut sums
	// over the neighbours, with the tree's normaliser. (scikit-learn's
	// kl_divergence_ is that of the layout before the last update.) When a
	// large run is cancelled it is the last one computed, +Inf if none was.
	KL float64
	// Iterations is how many were done.
	Iterations int
	// Stop says why they ended.
	Stop StopReason
	// Method that computed the gradient: Exact, BarnesHut or FFT.
	Method Method
	// NeighbourSearch that found the neighbours: SearchExact or
	// SearchApproximate.
	NeighbourSearch NeighbourSearch
	// NeighbourTime, AffinityTime, StartTime and OptimiseTime are how long the
	// distances, the perplexity search, the start and the optimisation took.
	NeighbourTime, AffinityTime, StartTime, OptimiseTime time.Duration

	opt Options
	src source
}

// Fit lays out the rows of x, n x d, so that near ones are near, by t-SNE (van
// der Maaten and Hinton 2008; Barnes-Hut: van der Maaten 2014). The zero
// Options compute what scikit-learn's TSNE() does. Equal rows are allowed.
// Results are the same to the last bit for any GOMAXPROCS.
//
// It is an error when an element is NaN or infinite, when a perplexity is not
// below n, or when another option is out of range. When ctx ends during the
// optimisation, Fit returns the layout reached so far together with ctx's
// error; when it ends before, the result is nil. When the optimisation
// diverges the result is the last finite layout, and the error is not nil.
func Fit(ctx context.Context, x mat.Matrix, opt Options) (*Result, error) {
	n, _ := x.Dims()
	opt, err := opt.withDefaults(n)
	if err != nil {
		return nil, err
	}
	s, err := newSpace(x, opt.Metric)
	if err != nil {
		return nil, err
	}
	return fit(ctx, s, x, opt)
}

// FitDistances is Fit for a given n x n matrix of distances, which are squared
// as those of any metric are. They must be finite and not negative; the
// diagonal is not looked at. With no features to find components of, InitPCA
// means InitRandom.
func FitDistances(ctx context.Context, d mat.Matrix, opt Options) (*Result, error) {
	n, _ := d.Dims()
	opt, err := opt.withDefaults(n)
	if err != nil {
		return nil, err
	}
	g, err := newGiven(d, n, 0)
	if err != nil {
		return nil, err
	}
	return fit(ctx, g, nil, opt)
}

// A source gives the distances between points.
type source interface {
	size() int
	// neighbours returns the k nearest of each point, ascending by index, and
	// their squared distances.
	neighbours(ctx context.Context, k int) ([]int32, []float32, error)
	// search is neighbours by the given search, or by the only one there is,
	// and says by which.
	search(ctx context.Context, how NeighbourSearch, k int) (indices []int32, d2 []float32, by NeighbourSearch, err error)
	// distances returns all n x n squared distances.
	distances(ctx context.Context) ([]float32, error)
}

func (s *space) size() int { return s.n }

func (s *space) neighbours(ctx context.Context, k int) ([]int32, []float32, error) {
	return s.nearest(ctx, s, true, k)
}

func (s *space) search(ctx context.Context, how NeighbourSearch, k int) (indices []int32, d2 []float32, by NeighbourSearch, err error) {
	switch {
	case k == 0: // a single point
	case how == SearchApproximate:
		indices, d2, err = s.nearestApproximately(ctx, k)
	default:
		indices, d2, err = s.neighbours(ctx, k)
	}
	return indices, d2, how, err
}

// fit is Fit after its checks.
func fit(ctx context.Context, src source, x mat.Matrix, opt Options) (*Result, error) {
	n := src.size()
	r := &Result{Method: opt.Method, NeighbourSearch: SearchExact, opt: opt, src: src}
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	k := kernel{dof: opt.DegreesOfFreedom}
	var obj objective
	begin := time.Now()
	lap := func(d *time.Duration) {
		now := time.Now()
		*d = now.Sub(begin)
		begin = now
	}
	if opt.Method == Exact {
		d2, err := src.distances(ctx)
		if err != nil {
			return nil, err
		}
		lap(&r.NeighbourTime)
		p, err := denseAffinities(ctx, d2, n, opt.Perplexities)
		if err != nil {
			return nil, err
		}
		if obj, err = newExact(ctx, p, n, k); err != nil {
			return nil, err
		}
	} else {
		indices, d2, by, err := src.search(ctx, opt.NeighbourSearch, opt.neighbours(n))
		if err != nil {
			return nil, err
		}
		r.NeighbourSearch = by
		lap(&r.NeighbourTime)
		p, err := sparseAffinities(ctx, indices, d2, n, opt.Perplexities)
		if err != nil {
			return nil, err
		}
		if opt.Method == FFT {
			obj = newInterpolated(p, k, opt.theta())
		} else {
			obj = newBarnesHut(p, k, opt.theta())
		}
	}
	lap(&r.AffinityTime)

	l, err := start(ctx, x, n, opt)
	if err != nil {
		return nil, err
	}
	lap(&r.StartTime)
	r.Layout = mat.NewDense(n, l.dims, l.y)
	r.KL, r.Iterations, r.Stop, err = optimise(ctx, obj, l, opt)
	lap(&r.OptimiseTime)
	return r, err
}

// denseAffinities returns the n x n joint probabilities.
func denseAffinities(ctx context.Context, d2 []float32, n int, perplexities []float64) ([]float64, error) {
	p := make([]float64, n*n)
	if err := conditional(ctx, d2, n, true, perplexities, p); err != nil {
		return nil, err
	}
	return p, joint(ctx, p, n)
}

// sparseAffinities returns the joint probabilities over neighbours.
func sparseAffinities(ctx context.Context, indices []int32, d2 []float32, n int, perplexities []float64) (*Affinities, error) {
	p := make([]float64, len(d2))
	if err := conditional(ctx, d2, len(d2)/n, false, perplexities, p); err != nil {
		return nil, err
	}
	return symmetrise(indices, p, n), ctx.Err()
}

// NewAffinities returns the joint probabilities over the nearest neighbours
// that Fit with BarnesHut uses (scikit-learn's _joint_probabilities_nn). Only
// Perplexity, Perplexities, Metric and NeighbourSearch of opt matter.
func NewAffinities(ctx context.Context, x mat.Matrix, opt Options) (*Affinities, error) {
	n, _ := x.Dims()
	opt, err := opt.withDefaults(n)
	if err != nil {
		return nil, err
	}
	s, err := newSpace(x, opt.Metric)
	if err != nil {
		return nil, err
	}
	indices, d2, _, err := s.search(ctx, opt.NeighbourSearch, opt.neighbours(n))
	if err != nil {
		return nil, err
	}
	return sparseAffinities(ctx, indices, d2, n, opt.Perplexities)
}
