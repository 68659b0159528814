package tsne

import (
	"context"
	"runtime"
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
	// Coincident is true when nothing tells the points apart, of which there are
	// two or more: all rows are equal, or of one direction for the cosine metric,
	// or all distances are 0. The layout is a cloud by chance then.
	Coincident bool
	// Method that computed the gradient: Exact, BarnesHut or FFT; after Auto,
	// BarnesHut also where FFT had the iterations of compact layouts.
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
	s.Watch(opt.Searching)
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
	g, err := newGiven(d, n, nil)
	if err != nil {
		return nil, err
	}
	return fit(ctx, g, nil, opt)
}

// collect gives memory back behind a stage that has let go of much of it, where there are many
// neighbours: the heap may grow to twice what lived at the last collection, and would for the
// rest of the run be let grow to twice what all stages take together.
func collect(neighbours int) {
	if neighbours > 1<<22 {
		runtime.GC()
	}
}

// fit is Fit after its checks.
func fit(ctx context.Context, src source, x mat.Matrix, opt Options) (*Result, error) {
	n := src.Len()
	r := &Result{Method: opt.Method, NeighbourSearch: SearchExact, opt: opt, src: src}
	r.Coincident = n > 1 && src.Coincident()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	k := opt.kernel()
	var obj objective
	begin := time.Now()
	lap := func(d *time.Duration) {
		now := time.Now()
		*d = now.Sub(begin)
		begin = now
	}
	if opt.Method == Exact {
		d2, err := src.Distances(ctx)
		if err != nil {
			return nil, err
		}
		lap(&r.NeighbourTime)
		p, err := denseAffinities(ctx, d2, n, opt.Perplexities)
		if err != nil {
			return nil, err
		}
		if obj, err = newAllPairs(ctx, p, n, k); err != nil {
			return nil, err
		}
	} else {
		indices, d2, by, err := search(ctx, src, opt.NeighbourSearch, opt.neighbours(n))
		if err != nil {
			return nil, err
		}
		r.NeighbourSearch = by
		collect(len(indices))
		lap(&r.NeighbourTime)
		p, err := newSparseJoint(ctx, indices, d2, n, opt.Perplexities)
		if err != nil {
			return nil, err
		}
		order, err := inOrder(ctx, src)
		if err != nil {
			return nil, err
		}
		switch {
		case opt.Method == FFT:
			obj, err = newInterpolated(ctx, p, order, opt.Components, k, opt.theta(), 0)
		case opt.auto && opt.Components == 2 && opt.theta() > 0:
			obj, err = newInterpolated(ctx, p, order, opt.Components, k, opt.theta(), autoCells)
		default:
			obj, err = newBarnesHut(ctx, p, order, opt.Components, k, opt.theta())
		}
		if err != nil {
			return nil, err
		}
		collect(n * opt.neighbours(n))
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
