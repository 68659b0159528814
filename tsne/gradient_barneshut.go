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
	near     attraction
	partials []pairSums
	repel    []float64
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
// worked on at a time, so that they find the same cells in the cache.
const gradientBlock = 64

func (b *barnesHut) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	n, dims := l.n, l.dims
	b.tree.build(l, b.theta)
	b.near.update(b.p, l, b.tree.order)
	b.repel = resize(b.repel, len(grad))
	b.partials = resize(b.partials, (n+gradientBlock-1)/gradientBlock)
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
	var z, pNegLogQ float64
	for _, s := range b.partials {
		z += s.z
		pNegLogQ += s.pNegLogQ
	}
	z = max(z, epsilon)
	c := b.scale()
	for i, r := range b.repel {
		grad[i] = c * (exaggeration*grad[i] - r/z)
	}
	return b.pLogP + pNegLogQ + b.sumP*math.Log(z), nil
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
