package tsne

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/tree"
)

// TransformOptions says how to place new points. The zero value means the
// defaults of openTSNE 1.0's TSNEEmbedding.transform.
type TransformOptions struct {
	// Perplexity over the old points, below their number (5, or less where
	// there are too few).
	Perplexity float64
	// Iterations of the optimisation (250); negative: none, the points stay
	// at the mean of their neighbours, weighted by affinity.
	Iterations int
	// Exaggeration is what the affinities are multiplied by (1.5).
	Exaggeration float64
	// LearningRate multiplies the gradient, with its factor 4 (0.025).
	LearningRate float64
}

// Transform places the rows of x, m x d, into the layout, m x components. Each
// starts at the mean of its nearest old neighbours, weighted by affinity, and
// is then moved by gradient descent with all old points fixed; new points do
// not act on each other, so that a row's place does not depend on the others
// (openTSNE's transform: Policar, Strazar and Zupan 2023). After FitDistances,
// x holds the distances from each new point to each old one, m x n.
//
// When ctx ends the result is nil and the error ctx's. Transform does not
// change r, and may be called from many goroutines.
func (r *Result) Transform(ctx context.Context, x mat.Matrix, opt TransformOptions) (*mat.Dense, error) {
	n, dims := r.Layout.Dims()
	opt, err := opt.withDefaults(n)
	if err != nil {
		return nil, err
	}
	k := min(n, int(3*opt.Perplexity+1))
	var indices []int32
	var d2 []float32
	switch src := r.src.(type) {
	case *neighbours.Space:
		q, err := src.Queries(x)
		if err != nil {
			return nil, fmt.Errorf("tsne: %w", err)
		}
		indices, d2, err = src.Nearest(ctx, q, false, k)
		if err != nil {
			return nil, err
		}
	case *neighbours.Given:
		q, err := newGiven(x, n, src)
		if err != nil {
			return nil, err
		}
		indices, d2, err = q.Nearest(ctx, false, k)
		if err != nil {
			return nil, err
		}
	}
	p := make([]float64, len(d2))
	if err := conditional(ctx, d2, k, false, []float64{opt.Perplexity}, p); err != nil {
		return nil, err
	}

	old := layout{n: n, dims: dims, y: r.Layout.RawMatrix().Data}
	t := &tree.Tree{}
	theta := r.opt.theta()
	if r.Method == Exact {
		theta = 0
	}
	t.Build(old.n, old.dims, old.y, theta)
	m := len(d2) / k
	out := mat.NewDense(m, dims, nil)
	done := ctx.Done()
	parallel.For(m, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			select {
			case <-done:
				return
			default:
			}
			g := guest{r.opt.kernel(), t, old, indices[i*k : (i+1)*k], p[i*k : (i+1)*k]}
			g.place(ctx, opt, out.RawRowView(i))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// withDefaults returns the options for n old points with every default filled
// in, or says which is out of range.
func (o TransformOptions) withDefaults(n int) (TransformOptions, error) {
	if o.Perplexity == 0 {
		o.Perplexity = min(5, max(1, float64(n-1)/3))
		if n == 1 {
			o.Perplexity = 0.5
		}
	}
	if o.Iterations == 0 {
		o.Iterations = 250
	}
	if o.Exaggeration == 0 {
		o.Exaggeration = 1.5
	}
	if o.LearningRate == 0 {
		o.LearningRate = 0.1 / 4
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"Perplexity", o.Perplexity}, {"Exaggeration", o.Exaggeration}, {"LearningRate", o.LearningRate}} {
		if !(v.value > 0) || math.IsInf(v.value, 1) {
			return o, fmt.Errorf("tsne: %s is %v, want a positive number", v.name, v.value)
		}
	}
	if o.Perplexity >= float64(n) {
		return o, fmt.Errorf("tsne: Perplexity is %v, want one below the number of points in the layout, %d", o.Perplexity, n)
	}
	return o, nil
}

// A guest is a new point among old ones.
type guest struct {
	kernel     student.Kernel
	tree       *tree.Tree
	old        layout
	neighbours []int32
	p          []float64 // their affinities, which add up to 1
}

// maxGuestGradient is the longest gradient of a guest, lest it shoot off from
// an old point that it overlaps: openTSNE's 0.25, times the factor 4 that its
// gradients leave out.
const maxGuestGradient = 4 * 0.25

// place writes the guest's place to y.
func (g *guest) place(ctx context.Context, o TransformOptions, y []float64) {
	sum := 0.0
	for e, j := range g.neighbours {
		sum += g.p[e]
		for a := range y {
			y[a] += g.p[e] * g.old.y[int(j)*g.old.dims+a]
		}
	}
	if sum == 0 {
		// Too far from all for the perplexity search: the plain mean.
		for e, j := range g.neighbours {
			g.p[e] = 1 / float64(len(g.p))
			for a := range y {
				y[a] += g.p[e] * g.old.y[int(j)*g.old.dims+a]
			}
		}
		sum = 1
	}
	for a := range y {
		y[a] /= sum
	}

	l := layout{n: 1, dims: len(y), y: y}
	m := newMover(l, OpenTSNESchedule)
	m.fixed = true
	grad := make([]float64, len(y))
	for range o.Iterations {
		if ctx.Err() != nil {
			return
		}
		var at [3]float64
		copy(at[:], y)
		repel, z := g.tree.Repel(at, g.kernel)
		attract := forces.Attract(g.kernel, g.neighbours, g.p, g.old.y, g.old.dims, at)
		for a := range grad {
			grad[a] = factor(g.kernel) * (o.Exaggeration*attract[a] - repel[a]/max(z, epsilon))
		}
		if length := norm(grad); length > maxGuestGradient {
			for a := range grad {
				grad[a] *= maxGuestGradient / length
			}
		}
		if _, finite := m.step(l, grad, 0.8, o.LearningRate); !finite {
			return
		}
	}
}
