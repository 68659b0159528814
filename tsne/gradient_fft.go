package tsne

import (
	"context"

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
	if l.n == 0 || !f.grid.place(l) {
		return f.barnesHut.gradient(ctx, l, exaggeration, grad, wantKL)
	}
	if err := f.grid.build(ctx, l); err != nil {
		return 0, err
	}
	f.repel = resize(f.repel, len(grad))
	f.partials = resize(f.partials, (l.n+gradientBlock-1)/gradientBlock)
	attract := f.attractScalar
	if width := f.grid.width; l.dims == 2 && f.dof == 1 && width >= 1e-15 && width <= 1e15 {
		attract = f.attractVector
	}
	if err := attract(ctx, l, grad, wantKL); err != nil {
		return 0, err
	}
	// The potentials are less 1 for each pair; points and themselves do not
	// count.
	f.partials[0].z += float64(l.n) * float64(l.n-1)
	z, kl := f.total()
	c, r := f.scale()*exaggeration, f.scale()/z
	parallel.For(len(grad), 4096, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			grad[i] = c*grad[i] - r*f.repel[i]
		}
	})
	return kl, nil
}

// attractScalar writes the attraction to grad, the repulsion to repel and the
// sums to partials, in float64.
func (f *interpolated) attractScalar(ctx context.Context, l layout, grad []float64, wantKL bool) error {
	if f.near.due() {
		f.tree.arrange(l)
	}
	f.near.update(f.p, l, f.tree.order)
	return parallel.ForContext(ctx, l.n, gradientBlock, func(lo, hi int) {
		sums := pairSums{z: f.grid.repel(lo, hi, f.repel)}
		for s := lo; s < hi; s++ {
			columns, values := f.near.row(s)
			at := f.near.layout.at(s)
			attract := f.attract(columns, values, f.near.layout, at)
			i := int(f.near.order[s])
			copy(grad[i*l.dims:(i+1)*l.dims], attract[:])
			if wantKL {
				sums.pNegLogQ += f.cross(columns, values, f.near.layout, at)
			}
		}
		f.partials[lo/gradientBlock] = sums
	})
}

// attractVector is attractScalar with the attraction in float32, by the vector
// loops.
func (f *interpolated) attractVector(ctx context.Context, l layout, grad []float64, wantKL bool) error {
	if f.springs.due() {
		f.tree.arrange(l)
	}
	centre := [3]float64{f.grid.low[0] + f.grid.width/2, f.grid.low[1] + f.grid.width/2}
	f.springs.update(f.p, l, centre, f.tree.order)
	return parallel.ForContext(ctx, l.n, gradientBlock, func(lo, hi int) {
		sums := pairSums{z: f.grid.repel(lo, hi, f.repel)}
		chosenVectors.attract(&f.springs, lo, hi)
		if wantKL {
			sums.pNegLogQ = chosenVectors.cross(&f.springs, lo, hi)
		}
		for s := lo; s < hi; s++ {
			i := int(f.springs.order[s])
			grad[2*i], grad[2*i+1] = float64(f.springs.forces[2*s]), float64(f.springs.forces[2*s+1])
		}
		f.partials[lo/gradientBlock] = sums
	})
}
