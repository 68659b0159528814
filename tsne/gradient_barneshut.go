package tsne

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
	"github.com/glimpse-go/glimpse/internal/student"
	"github.com/glimpse-go/glimpse/internal/tree"
)

// barnesHut is the objective over the nearest neighbours, with the repulsion
// from a tree (van der Maaten 2014).
type barnesHut struct {
	kernel      student.Kernel
	p           forces.Matrix
	theta       float64
	sumP, pLogP float64 // the sums of p and of p log p

	tree     tree.Tree
	partials []pairSums

	// of vector
	springs forces.Springs
	walks   []tree.Walk // one for each worker
	forces  []float32   // repulsion, in the tree's order

	// of scalar
	near  forces.Attraction
	repel []float64
}

// newBarnesHut returns the objective for sparse joint probabilities.
func newBarnesHut(p *Affinities, k student.Kernel, theta float64) *barnesHut {
	b := &barnesHut{kernel: k, p: forces.Matrix(*p), theta: theta}
	for _, v := range p.Values {
		if v > 0 {
			b.sumP += v
			b.pLogP += v * student.Log(v)
		}
	}
	return b
}

// gradientBlock is how many points, neighbours on the Morton curve, are
// worked on at a time, so that they find the same cells in the cache. It is a
// multiple of tree.Lanes.
const gradientBlock = 64

func (b *barnesHut) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.tree.Build(l.n, l.dims, l.y, b.theta)
	b.partials = scratch.Resize(b.partials, (l.n+gradientBlock-1)/gradientBlock)
	gradient := b.scalar
	if b.vectorised(l) {
		gradient = b.vector
	}
	return gradient(ctx, l, exaggeration, grad, wantKL)
}

// vectorised reports whether the vector loops do for a layout: its tree must
// have cells that count as one point, for else nothing may be approximated, and
// neither the square of its width nor that of a q may leave float32.
func (b *barnesHut) vectorised(l layout) bool {
	width := max(b.tree.Width[0], b.tree.Width[1])
	return l.dims == 2 && b.kernel.DoF == 1 && b.theta > 0 && width >= 1e-15 && width <= 1e8
}

// vector is gradient with the vector loops, in float32.
func (b *barnesHut) vector(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.springs.Update(b.p, l.n, l.y, b.tree.Origin, b.tree.Order)
	b.tree.MakeQuads()
	b.forces = scratch.Resize(b.forces, len(grad))
	b.walks = scratch.Resize(b.walks, parallel.Workers(l.n, gradientBlock))
	for w := range b.walks {
		b.walks[w].Reset(&b.tree)
	}
	done := ctx.Done()
	parallel.ForWorker(l.n, gradientBlock, func(worker, lo, hi int) {
		select {
		case <-done:
			return
		default:
		}
		var sums pairSums
		for s := lo; s < hi; s += tree.Lanes {
			sums.z += b.walks[worker].Repel(s, min(s+tree.Lanes, hi), b.forces[2*s:])
		}
		b.springs.Attract(lo, hi)
		if wantKL {
			sums.pNegLogQ = b.springs.Cross(lo, hi)
		}
		b.partials[lo/gradientBlock] = sums
	})
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	z, kl := b.total()
	c, r := factor(b.kernel)*exaggeration, factor(b.kernel)/z
	parallel.For(l.n, 1024, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s, t := 2*b.springs.Rank[i], 2*b.tree.Rank[i]
			attract, repel := b.springs.Forces[s:s+2], b.forces[t:t+2]
			grad[2*i] = c*float64(attract[0]) - r*float64(repel[0])
			grad[2*i+1] = c*float64(attract[1]) - r*float64(repel[1])
		}
	})
	return kl, nil
}

// scalar is gradient point by point, in float64 but for cells that count as
// one point.
func (b *barnesHut) scalar(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	n, dims := l.n, l.dims
	b.near.Update(b.p, l.n, l.dims, l.y, b.tree.Order)
	b.repel = scratch.Resize(b.repel, len(grad))
	err := parallel.ForContext(ctx, n, gradientBlock, func(lo, hi int) {
		var sums pairSums
		for s := lo; s < hi; s++ {
			i := int(b.tree.Order[s])
			repel, z := b.tree.Repel(l.at(i), b.kernel)
			copy(b.repel[i*dims:(i+1)*dims], repel[:])
			sums.z += z - 1 // without the point itself
		}
		for s := lo; s < hi; s++ {
			columns, values := b.near.Row(s)
			at := b.near.At(s)
			attract := forces.Attract(b.kernel, columns, values, b.near.Points, dims, at)
			i := int(b.near.Order[s])
			copy(grad[i*dims:(i+1)*dims], attract[:])
			if wantKL {
				sums.pNegLogQ += forces.Cross(b.kernel, columns, values, b.near.Points, dims, at)
			}
		}
		b.partials[lo/gradientBlock] = sums
	})
	if err != nil {
		return 0, err
	}
	z, kl := b.total()
	c := factor(b.kernel)
	for i, r := range b.repel {
		grad[i] = c * (exaggeration*grad[i] - r/z)
	}
	return kl, nil
}

// total returns the normaliser and the divergence that the partial sums give.
func (b *barnesHut) total() (z, kl float64) {
	var pNegLogQ float64
	for _, s := range b.partials {
		z += s.z
		pNegLogQ += s.pNegLogQ
	}
	z = max(z, epsilon)
	return z, b.pLogP + pNegLogQ + b.sumP*math.Log(z)
}
