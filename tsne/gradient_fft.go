package tsne

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// interpolated is the objective over the nearest neighbours, with the repulsion
// interpolated on a grid (Linderman et al. 2019), in one and two dimensions.
type interpolated struct {
	barnesHut // for its sums, and for layouts that are too thin for a grid
	grid      grid
}

// newInterpolated returns the objective for sparse joint probabilities. The
// angle theta is that of the tree that takes over where an outlier would make
// the grid too large.
func newInterpolated(p *Affinities, k kernel, theta float64) *interpolated {
	return &interpolated{barnesHut: *newBarnesHut(p, k, theta), grid: grid{kernel: k}}
}

func (f *interpolated) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	n, dims := l.n, l.dims
	if n == 0 || !f.grid.place(l) {
		return f.barnesHut.gradient(ctx, l, exaggeration, grad, wantKL)
	}
	if err := f.grid.build(ctx, l); err != nil {
		return 0, err
	}
	if f.near.age%reorderEvery == 0 {
		f.tree.arrange(l)
	}
	f.near.update(f.p, l, f.tree.order)
	f.repel = resize(f.repel, len(grad))
	f.partials = resize(f.partials, (n+gradientBlock-1)/gradientBlock)
	err := parallel.ForContext(ctx, n, gradientBlock, func(lo, hi int) {
		sums := pairSums{z: f.grid.repel(lo, hi, f.repel)}
		for s := lo; s < hi; s++ {
			columns, values := f.near.row(s)
			at := f.near.layout.at(s)
			attract := f.attract(columns, values, f.near.layout, at)
			i := int(f.near.order[s])
			copy(grad[i*dims:(i+1)*dims], attract[:])
			if wantKL {
				sums.pNegLogQ += f.cross(columns, values, f.near.layout, at)
			}
		}
		f.partials[lo/gradientBlock] = sums
	})
	if err != nil {
		return 0, err
	}
	var z, pNegLogQ float64
	for _, s := range f.partials {
		z += s.z
		pNegLogQ += s.pNegLogQ
	}
	// The potentials are less 1 for each pair; points and themselves do not
	// count.
	z = max(z+float64(n)*float64(n-1), epsilon)
	c := f.scale()
	for i, r := range f.repel {
		grad[i] = c * (exaggeration*grad[i] - r/z)
	}
	return f.pLogP + pNegLogQ + f.sumP*math.Log(z), nil
}
