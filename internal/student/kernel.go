// Package student is the similarity of two points under Student's t
// distribution, and what sums of such need.
package student

import "math"

// A Kernel is the similarity of two points that are sqrt(d2) apart, as
// scikit-learn writes it:
//
//	q(d2) = (1 + d2/dof)^(-(dof+1)/2)
type Kernel struct {
	DoF float64 // degrees of freedom, above 0
}

// At returns 1/(1 + d2/dof) and q(d2).
func (k Kernel) At(d2 float64) (inv, q float64) {
	switch k.DoF {
	case 1:
		inv = 1 / (1 + d2)
		return inv, inv
	case 2:
		inv = 1 / (1 + d2/2)
		return inv, inv * math.Sqrt(inv)
	}
	inv = 1 / (1 + d2/k.DoF)
	return inv, math.Pow(inv, (k.DoF+1)/2)
}

// NegLog returns -log q(d2), finite wherever d2 is.
func (k Kernel) NegLog(d2 float64) float64 {
	return (k.DoF + 1) / 2 * math.Log1p(d2/k.DoF)
}
