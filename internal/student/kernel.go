// Package student is the similarity of two points under Student's t
// distribution, and what sums of such need.
package student

import "math"

// A Kernel is the similarity of two points that are sqrt(d2) apart,
//
//	q(d2) = (1 + d2/dof)^(-power)
//
// where scikit-learn has a power of (dof+1)/2, which is Student's t distribution in one
// dimension, and openTSNE one of dof (Kobak et al. 2019). With one degree of freedom
// they are the same.
type Kernel struct {
	DoF float64 // degrees of freedom, above 0

	// Heavy means openTSNE's power: tails that are heavier below one degree of freedom
	// and lighter above.
	Heavy bool
}

// Power returns the kernel's power.
func (k Kernel) Power() float64 {
	if k.Heavy {
		return k.DoF
	}
	return (k.DoF + 1) / 2
}

// At returns 1/(1 + d2/dof) and q(d2).
func (k Kernel) At(d2 float64) (inv, q float64) {
	switch {
	case k.DoF == 1:
		inv = 1 / (1 + d2)
		return inv, inv
	case k == Kernel{DoF: 2}:
		inv = 1 / (1 + d2/2)
		return inv, inv * math.Sqrt(inv)
	}
	inv = 1 / (1 + d2/k.DoF)
	return inv, math.Pow(inv, k.Power())
}

// NegLog returns -log q(d2), finite wherever d2 is.
func (k Kernel) NegLog(d2 float64) float64 {
	return k.Power() * math.Log1p(d2/k.DoF)
}
