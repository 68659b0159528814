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
	kernel student.Kernel
	theta  float64
	sums   rowSums // of all affinities

	tree     tree.Tree
	partials []pairSums

	// The affinities, in one of two forms: those of vector, or else, or for a layout
	// that does not suit it, of scalar.
	springs *forces.Springs
	near    *forces.Attraction

	// of vector
	walks  []tree.Walk // one for each worker
	forces []float32   // repulsion, in the tree's order

	// of scalar
	repel []float64
}

// newBarnesHut returns the objective for sparse joint probabilities and layouts of dims
// dimensions. In the order given, which may be nil, points of large affinities are near.
func newBarnesHut(ctx context.Context, p forces.Source, order []int32, dims int, k student.Kernel, theta float64) (*barnesHut, error) {
	b := &barnesHut{kernel: k, theta: theta}
	// At angle 0 nothing is approximated.
	return b, b.hold(ctx, p, order, dims, dims == 2 && k.DoF == 1 && theta > 0)
}

// hold reads the affinities, for the vector loops or not.
func (b *barnesHut) hold(ctx context.Context, p forces.Source, order []int32, dims int, vectors bool) (err error) {
	s := summed{p, make([]rowSums, p.Len())}
	if vectors {
		b.springs, err = forces.NewSprings(ctx, s, order)
	} else {
		b.near, err = forces.NewAttraction(ctx, s, order, dims)
	}
	for _, r := range s.rows {
		b.sums.p += r.p
		b.sums.pLogP += r.pLogP
	}
	return err
}

// rowSums is the sums of p and of p log p.
type rowSums struct{ p, pLogP float64 }

// summed is a matrix that keeps the sums of the rows that are read.
type summed struct {
	forces.Source
	rows []rowSums
}

// Each calls f with the entries of row i.
func (s summed) Each(i int, f func(j int32, p float64)) {
	var row rowSums
	s.Source.Each(i, func(j int32, p float64) {
		if p > 0 {
			row.p += p
			row.pLogP += p * student.Log(p)
		}
		f(j, p)
	})
	s.rows[i] = row
}

// attraction returns the affinities for scalar.
func (b *barnesHut) attraction() *forces.Attraction {
	if b.near == nil {
		b.near = b.springs.Attraction()
	}
	return b.near
}

// gradientBlock is how many points, neighbours on the Morton curve, are
// worked on at a time, so that they find the same cells in the cache. It is a
// multiple of tree.Lanes.
const gradientBlock = 64

func (b *barnesHut) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.tree.Build(l.n, l.dims, l.y, b.theta)
	b.partials = scratch.Resize(b.partials, (l.n+gradientBlock-1)/gradientBlock)
	gradient := b.scalar
	if b.vectorised() {
		gradient = b.vector
	}
	return gradient(ctx, l, exaggeration, grad, wantKL)
}

// vectorised reports whether the vector loops do for a layout: neither the square of
// its width nor that of a q may leave float32.
func (b *barnesHut) vectorised() bool {
	width := max(b.tree.Width[0], b.tree.Width[1])
	return b.springs != nil && b.theta > 0 && width >= 1e-15 && width <= 1e8
}

// vector is gradient with the vector loops, in float32.
func (b *barnesHut) vector(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.springs.Place(l.y, b.tree.Origin)
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
	near := b.attraction()
	near.Place(l.y)
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
			columns, values := near.Row(s)
			at := near.At(s)
			attract := forces.Attract(b.kernel, columns, values, near.Points, dims, at)
			i := int(near.Order[s])
			copy(grad[i*dims:(i+1)*dims], attract[:])
			if wantKL {
				sums.pNegLogQ += forces.Cross(b.kernel, columns, values, near.Points, dims, at)
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
	return z, b.sums.pLogP + pNegLogQ + b.sums.p*math.Log(z)
}
