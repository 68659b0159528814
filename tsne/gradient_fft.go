package tsne

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/grid"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
	"github.com/glimpse-go/glimpse/internal/student"
)

// interpolated is the objective over the nearest neighbours, with the repulsion
// interpolated on a grid (Linderman et al. 2019), in one and two dimensions.
type interpolated struct {
	barnesHut // for its sums, and for layouts that are too thin or wide for a grid
	grid      grid.Grid
}

// newInterpolated returns the objective for sparse joint probabilities; see
// newBarnesHut. The angle theta is that of the tree that takes over where an outlier
// would make the grid too large, or where it has more cells for each point than most,
// unless that is 0.
func newInterpolated(ctx context.Context, p forces.Source, order []int32, dims int, k student.Kernel, theta, most float64) (*interpolated, error) {
	f := &interpolated{barnesHut: barnesHut{kernel: k, theta: theta}, grid: grid.Grid{Kernel: k, Most: most}}
	return f, f.hold(ctx, p, order, dims, dims == 2 && k.DoF == 1)
}

func (f *interpolated) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	if l.n == 0 || !f.grid.Place(l.n, l.dims, l.y) {
		return f.barnesHut.gradient(ctx, l, exaggeration, grad, wantKL)
	}
	if err := f.grid.Build(ctx, l.y); err != nil {
		return 0, err
	}
	f.repel = scratch.Resize(f.repel, len(grad))
	f.partials = scratch.Resize(f.partials, (l.n+gradientBlock-1)/gradientBlock)
	attract := f.attractScalar
	if width := f.grid.Width; f.springs != nil && width >= 1e-15 && width <= 1e15 {
		attract = f.attractVector
	}
	if err := attract(ctx, l, grad, wantKL); err != nil {
		return 0, err
	}
	// The potentials are less 1 for each pair; points and themselves do not
	// count.
	f.partials[0].z += float64(l.n) * float64(l.n-1)
	z, kl := f.total()
	c, r := factor(f.kernel)*exaggeration, factor(f.kernel)/z
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
	near := f.attraction()
	near.Place(l.y)
	return parallel.ForContext(ctx, l.n, gradientBlock, func(lo, hi int) {
		sums := pairSums{z: f.grid.Repel(lo, hi, f.repel)}
		for s := lo; s < hi; s++ {
			columns, values := near.Row(s)
			at := near.At(s)
			attract := forces.Attract(f.kernel, columns, values, near.Points, l.dims, at)
			i := int(near.Order[s])
			copy(grad[i*l.dims:(i+1)*l.dims], attract[:])
			if wantKL {
				sums.pNegLogQ += forces.Cross(f.kernel, columns, values, near.Points, l.dims, at)
			}
		}
		f.partials[lo/gradientBlock] = sums
	})
}

// attractVector is attractScalar with the attraction in float32, by the vector
// loops.
func (f *interpolated) attractVector(ctx context.Context, l layout, grad []float64, wantKL bool) error {
	centre := [3]float64{f.grid.Low[0] + f.grid.Width/2, f.grid.Low[1] + f.grid.Width/2}
	f.springs.Place(l.y, centre)
	return parallel.ForContext(ctx, l.n, gradientBlock, func(lo, hi int) {
		sums := pairSums{z: f.grid.Repel(lo, hi, f.repel)}
		f.springs.Attract(lo, hi)
		if wantKL {
			sums.pNegLogQ = f.springs.Cross(lo, hi)
		}
		for s := lo; s < hi; s++ {
			i := int(f.springs.Order[s])
			grad[2*i], grad[2*i+1] = float64(f.springs.Forces[2*s]), float64(f.springs.Forces[2*s+1])
		}
		f.partials[lo/gradientBlock] = sums
	})
}
