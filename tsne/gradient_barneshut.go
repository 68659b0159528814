package tsne

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// barnesHut is the objective over the nearest neighbours, with the repulsion
// from a tree (van der Maaten 2014).
type barnesHut struct {
	kernel
	p           *Affinities
	theta       float64
	sumP, pLogP float64 // the sums of p and of p log p

	tree     tree
	partials []pairSums

	// of vector
	springs springs
	walks   []walk    // one for each worker
	forces  []float32 // repulsion, in the tree's order

	// of scalar
	near  attraction
	repel []float64
}

// newBarnesHut returns the objective for sparse joint probabilities.
func newBarnesHut(p *Affinities, k kernel, theta float64) *barnesHut {
	b := &barnesHut{kernel: k, p: p, theta: theta}
	for _, v := range p.Values {
		if v > 0 {
			b.sumP += v
			b.pLogP += v * logarithm(v)
		}
	}
	return b
}

// gradientBlock is how many points, neighbours on the Morton curve, are
// worked on at a time, so that they find the same cells in the cache. It is a
// multiple of lanes.
const gradientBlock = 64

func (b *barnesHut) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.tree.build(l, b.theta)
	b.partials = resize(b.partials, (l.n+gradientBlock-1)/gradientBlock)
	forces := b.scalar
	if b.vectorised(l) {
		forces = b.vector
	}
	return forces(ctx, l, exaggeration, grad, wantKL)
}

// vectorised reports whether the vector loops do for a layout: its tree must
// have cells that count as one point, for else nothing may be approximated, and
// neither the square of its width nor that of a q may leave float32.
func (b *barnesHut) vectorised(l layout) bool {
	width := max(b.tree.width[0], b.tree.width[1])
	return l.dims == 2 && b.dof == 1 && b.theta > 0 && width >= 1e-15 && width <= 1e8
}

// vector is gradient with the vector loops, in float32.
func (b *barnesHut) vector(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	b.springs.update(b.p, l, b.tree.origin, b.tree.order)
	b.tree.makeQuads()
	b.forces = resize(b.forces, len(grad))
	b.walks = resize(b.walks, parallel.Workers(l.n, gradientBlock))
	for w := range b.walks {
		b.walks[w].reset(&b.tree)
	}
	v, done := chosenVectors, ctx.Done()
	parallel.ForWorker(l.n, gradientBlock, func(worker, lo, hi int) {
		select {
		case <-done:
			return
		default:
		}
		var sums pairSums
		for s := lo; s < hi; s += lanes {
			sums.z += b.walks[worker].repel(v, s, min(s+lanes, hi), b.forces[2*s:])
		}
		v.attract(&b.springs, lo, hi)
		if wantKL {
			sums.pNegLogQ = v.cross(&b.springs, lo, hi)
		}
		b.partials[lo/gradientBlock] = sums
	})
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	z, kl := b.total()
	c, r := b.scale()*exaggeration, b.scale()/z
	parallel.For(l.n, 1024, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s, t := 2*b.springs.rank[i], 2*b.tree.rank[i]
			attract, repel := b.springs.forces[s:s+2], b.forces[t:t+2]
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
	b.near.update(b.p, l, b.tree.order)
	b.repel = resize(b.repel, len(grad))
	err := parallel.ForContext(ctx, n, gradientBlock, func(lo, hi int) {
		var sums pairSums
		for s := lo; s < hi; s++ {
			i := int(b.tree.order[s])
			repel, z := b.tree.repel(l.at(i), b.kernel)
			copy(b.repel[i*dims:(i+1)*dims], repel[:])
			sums.z += z - 1 // without the point itself
		}
		for s := lo; s < hi; s++ {
			columns, values := b.near.row(s)
			at := b.near.layout.at(s)
			attract := b.attract(columns, values, b.near.layout, at)
			i := int(b.near.order[s])
			copy(grad[i*dims:(i+1)*dims], attract[:])
			if wantKL {
				sums.pNegLogQ += b.cross(columns, values, b.near.layout, at)
			}
		}
		b.partials[lo/gradientBlock] = sums
	})
	if err != nil {
		return 0, err
	}
	z, kl := b.total()
	c := b.scale()
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

// attract returns the sum over the neighbours of p/(1 + d2/dof) (at - y_j).
func (k kernel) attract(columns []int32, values []float64, l layout, at [3]float64) (force [3]float64) {
	values = values[:len(columns)]
	if l.dims == 2 {
		x, y := at[0], at[1]
		scale := 1 / k.dof
		var fx, fy float64
		for e, j := range columns {
			p := l.y[2*j : 2*j+2 : 2*j+2]
			dx, dy := x-p[0], y-p[1]
			f := values[e] / (1 + (dx*dx+dy*dy)*scale)
			fx += f * dx
			fy += f * dy
		}
		return [3]float64{fx, fy}
	}
	for e, j := range columns {
		var d [3]float64
		d2 := 0.0
		for a := range l.dims {
			d[a] = at[a] - l.y[int(j)*l.dims+a]
			d2 += d[a] * d[a]
		}
		f := values[e] / (1 + d2/k.dof)
		for a := range l.dims {
			force[a] += f * d[a]
		}
	}
	return force
}

// cross returns the sum over the neighbours of p times -log q, unnormalised.
func (k kernel) cross(columns []int32, values []float64, l layout, at [3]float64) (sum float64) {
	for e, j := range columns {
		d2 := 0.0
		for a := range l.dims {
			d := at[a] - l.y[int(j)*l.dims+a]
			d2 += d * d
		}
		sum += values[e] * k.negLog(d2)
	}
	return sum
}
