package tsne

import (
	"context"
	"math"
)

// A kernel is the Student t similarity of two points of the layout that are
// sqrt(d2) apart, as scikit-learn writes it:
//
//	q(d2) = (1 + d2/dof)^(-(dof+1)/2)
//
// The gradient of the KL divergence (van der Maaten 2009) is
//
//	dKL/dy_i = 2 (dof+1)/dof * sum_j (p_ij - q_ij/Z) / (1 + d2/dof) * (y_i - y_j)
//
// with Z the sum of all q. scikit-learn's gradient has q in place of
// 1/(1 + d2/dof), which is the same for one degree of freedom alone.
type kernel struct {
	dof float64
}

// at returns 1/(1 + d2/dof) and q(d2).
func (k kernel) at(d2 float64) (inv, q float64) {
	switch k.dof {
	case 1:
		inv = 1 / (1 + d2)
		return inv, inv
	case 2:
		inv = 1 / (1 + d2/2)
		return inv, inv * math.Sqrt(inv)
	}
	inv = 1 / (1 + d2/k.dof)
	return inv, math.Pow(inv, (k.dof+1)/2)
}

// negLog returns -log q(d2), finite wherever d2 is.
func (k kernel) negLog(d2 float64) float64 {
	return (k.dof + 1) / 2 * math.Log1p(d2/k.dof)
}

// scale returns the factor in front of the gradient's sum.
func (k kernel) scale() float64 { return 2 * (k.dof + 1) / k.dof }

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
