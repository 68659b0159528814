package tsne

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/forces"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/student"
)

// allPairs is the objective over all pairs (van der Maaten and Hinton 2008).
type allPairs struct {
	kernel   student.Kernel
	p        []float64 // n x n joint probabilities, zero on the diagonal
	sumP     float64   // their sum, 1 but for rounding and the floor
	pLogP    float64   // the sum of p log p
	partials []pairSums
	repel    []float64
}

// pairSums is what one row of pairs adds to the normaliser and to the
// divergence.
type pairSums struct{ z, pNegLogQ float64 }

// newAllPairs returns the objective for dense joint probabilities.
func newAllPairs(ctx context.Context, p []float64, n int, k student.Kernel) (*allPairs, error) {
	e := &allPairs{kernel: k, p: p, partials: make([]pairSums, n)}
	rows := make([][2]float64, n)
	err := parallel.ForContext(ctx, n, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var sum, entropy float64
			for _, v := range p[i*n : (i+1)*n] {
				if v > 0 {
					sum += v
					entropy += v * student.Log(v)
				}
			}
			rows[i] = [2]float64{sum, entropy}
		}
	})
	for _, r := range rows {
		e.sumP += r[0]
		e.pLogP += r[1]
	}
	return e, err
}

// gradient adds up attraction and repulsion of each row apart, since the
// normaliser is known only when all rows are done.
func (e *allPairs) gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (float64, error) {
	n, dims := l.n, l.dims
	if len(e.repel) != len(grad) {
		e.repel = make([]float64, len(grad))
	}
	grain := max(1, 1<<14/n)
	err := parallel.ForContext(ctx, n, grain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := e.p[i*n : (i+1)*n]
			at := l.at(i)
			var f forces.Forces
			// Two calls, to leave out the point itself: its q of 1 would
			// drown the others in a spread-out layout.
			for _, s := range [2][2]int{{0, i}, {i + 1, n}} {
				f.Add(e.kernel, row[s[0]:s[1]], l.y[s[0]*dims:s[1]*dims], dims, at)
			}
			sums := pairSums{z: f.Z}
			if wantKL {
				sums.pNegLogQ = forces.CrossAll(e.kernel, row, l.y, dims, at)
			}
			e.partials[i] = sums
			for a := range dims {
				grad[i*dims+a] = f.Attract[a]
				e.repel[i*dims+a] = f.Repel[a]
			}
		}
	})
	if err != nil {
		return 0, err
	}
	var z, pNegLogQ float64
	for _, s := range e.partials {
		z += s.z
		pNegLogQ += s.pNegLogQ
	}
	z = max(z, epsilon)
	c := factor(e.kernel)
	for i, r := range e.repel {
		grad[i] = c * (exaggeration*grad[i] - r/z)
	}
	return e.pLogP + pNegLogQ + e.sumP*math.Log(z), nil
}
