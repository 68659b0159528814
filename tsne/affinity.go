package tsne

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/student"
)

// The constants of scikit-learn's _binary_search_perplexity. The first two are
// C floats there.
const (
	perplexityTolerance = float64(float32(1e-5))
	emptySum            = float64(float32(1e-8)) // what a sum of zero becomes
	bisections          = 100
)

// A gaussian is the conditional probabilities of one point at one perplexity:
// exp(-beta d2) / sum for a squared distance d2.
type gaussian struct{ beta, sum float64 }

// mixture returns the mean probability at a squared distance.
func mixture(g []gaussian, d2 float32) (p float64) {
	for _, one := range g {
		p += math.Exp(-float64(d2)*one.beta) / one.sum
	}
	return p / float64(len(g))
}

// bisect finds the precision beta for which the probabilities
//
//	p_j = exp(-beta d2_j) / sum_k exp(-beta d2_k)
//
// over the squared distances d2 have the given perplexity (the exponential of
// their entropy), and writes them to p. The element self, if not negative, is
// left out: its p is 0. The steps are those of scikit-learn's
// _binary_search_perplexity, to the last rounding but that of exp and log: beta
// starts at 1, doubles or halves until bracketed, and is then bisected. Nor is
// the least distance taken off the others, which would spare it the subnormal
// numbers of a beta d2 near 740, whose few bits make its entropy inexact.
func bisect(d2 []float32, self int, perplexity float64, p []float64) gaussian {
	target := math.Log(float64(float32(perplexity))) // a C float there
	lo, hi := math.Inf(-1), math.Inf(1)
	beta := 1.0
	var tried gaussian
	for range bisections {
		sum := 0.0
		for j, d := range d2 {
			p[j] = 0
			if j != self {
				p[j] = math.Exp(-float64(d) * beta)
				sum += p[j]
			}
		}
		if sum == 0 {
			sum = emptySum
		}
		tried = gaussian{beta, sum}
		mean := 0.0
		for j, d := range d2 {
			p[j] /= sum
			mean += float64(d) * p[j]
		}
		diff := student.Log(sum) + beta*mean - target
		if math.Abs(diff) <= perplexityTolerance {
			return tried
		}
		if diff > 0 {
			lo = beta
			if math.IsInf(hi, 1) {
				beta *= 2
			} else {
				beta = (beta + hi) / 2
			}
		} else {
			hi = beta
			if math.IsInf(lo, -1) {
				beta /= 2
			} else {
				beta = (beta + lo) / 2
			}
		}
	}
	return tried
}

// conditional writes to p, for rows of k squared distances each, the mean over
// the perplexities of the conditional probabilities. With self, row i leaves
// out column i.
func conditional(ctx context.Context, d2 []float32, k int, self bool, perplexities []float64, p []float64) error {
	return eachRow(ctx, d2, k, self, perplexities, func(i int, _ []gaussian, row []float64) { copy(p[i*k:], row) })
}

// eachRow calls f with the Gaussians of each row and its part of conditional's p, both
// valid during the call alone, from several goroutines.
func eachRow(ctx context.Context, d2 []float32, k int, self bool, perplexities []float64, f func(i int, g []gaussian, p []float64)) error {
	if k == 0 {
		return ctx.Err()
	}
	n := len(d2) / k
	grain := max(1, 1<<12/k)
	type scratch struct {
		g      []gaussian
		p, one []float64
	}
	workers := make([]scratch, parallel.Workers(n, grain))
	done := ctx.Done()
	parallel.ForWorker(n, grain, func(worker, lo, hi int) {
		w := &workers[worker]
		if w.p == nil {
			*w = scratch{make([]gaussian, len(perplexities)), make([]float64, k), make([]float64, k)}
		}
		for i := lo; i < hi; i++ {
			select {
			case <-done:
				return
			default:
			}
			row := d2[i*k : (i+1)*k]
			skip := -1
			if self {
				skip = i
			}
			clear(w.p)
			for e, perplexity := range perplexities {
				w.g[e] = bisect(row, skip, perplexity, w.one)
				for j, v := range w.one {
					w.p[j] += v
				}
			}
			for j := range w.p {
				w.p[j] /= float64(len(perplexities))
			}
			f(i, w.g, w.p)
		}
	})
	return ctx.Err()
}

// joint turns the n x n conditional probabilities in p into the joint ones,
// (p + p^T) / sum, no smaller than 2^-52 off the diagonal, as scikit-learn's
// _joint_probabilities.
func joint(ctx context.Context, p []float64, n int) error {
	sums := make([]float64, n)
	err := parallel.ForContext(ctx, n, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			for _, v := range p[i*n : (i+1)*n] {
				sums[i] += v
			}
		}
	})
	if err != nil {
		return err
	}
	total := 0.0
	for _, s := range sums {
		total += 2 * s
	}
	total = max(total, epsilon)
	// Tiles of 64 x 64 keep both triangles in the cache.
	const tile = 64
	tiles := (n + tile - 1) / tile
	err = parallel.ForContext(ctx, tiles, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			for j0 := t * tile; j0 < n; j0 += tile {
				for i := t * tile; i < min((t+1)*tile, n); i++ {
					for j := max(j0, i+1); j < min(j0+tile, n); j++ {
						v := max((p[i*n+j]+p[j*n+i])/total, epsilon)
						p[i*n+j], p[j*n+i] = v, v
					}
				}
			}
		}
	})
	for i := range n {
		p[i*n+i] = 0
	}
	return err
}

// denseAffinities returns the n x n joint probabilities.
func denseAffinities(ctx context.Context, d2 []float32, n int, perplexities []float64) ([]float64, error) {
	p := make([]float64, n*n)
	if err := conditional(ctx, d2, n, true, perplexities, p); err != nil {
		return nil, err
	}
	return p, joint(ctx, p, n)
}

// NewAffinities returns the joint probabilities over the nearest neighbours
// that Fit with BarnesHut uses (scikit-learn's _joint_probabilities_nn). Only
// Perplexity, Perplexities, Metric, NeighbourSearch and Searching of opt matter.
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
	s.Watch(opt.Searching)
	indices, d2, _, err := search(ctx, s, opt.NeighbourSearch, opt.neighbours(n))
	if err != nil {
		return nil, err
	}
	p, err := newSparseJoint(ctx, indices, d2, n, opt.Perplexities)
	if err != nil {
		return nil, err
	}
	return p.affinities(ctx)
}
