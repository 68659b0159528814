package tsne

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/student"
)

// The gradient of the KL divergence (van der Maaten 2009), with q the Student t
// similarity of two points ([student.Kernel]) and Z the sum of all q, is
//
//	dKL/dy_i = 4 power/dof * sum_j (p_ij - q_ij/Z) / (1 + d2/dof) * (y_i - y_j)
//
// scikit-learn's gradient has q in place of 1/(1 + d2/dof), which is the same
// for one degree of freedom alone.

// factor returns what stands in front of the gradient's sum.
func factor(k student.Kernel) float64 { return 4 * k.Power() / k.DoF }

// epsilon is float64's, the floor of the normaliser Z.
const epsilon = 0x1p-52

// layout is what moves: n points of dims coordinates each, row by row.
type layout struct {
	n, dims int
	y       []float64
}

// at returns the i-th point, the coordinates beyond its dimensions 0.
func (l layout) at(i int) (p [3]float64) {
	copy(p[:], l.y[i*l.dims:(i+1)*l.dims])
	return p
}

// An objective is the KL divergence of a layout from fixed affinities.
type objective interface {
	// gradient writes to grad, shaped like l.y, the gradient of the divergence
	// with the affinities times exaggeration. With wantKL it also returns the
	// divergence, without exaggeration. It returns ctx's error, and leaves grad
	// half written, when ctx ends first.
	gradient(ctx context.Context, l layout, exaggeration float64, grad []float64, wantKL bool) (kl float64, err error)
}
