package pca

import (
	"errors"
	"math"
)

// A secular equation is that of the eigenvalues of diag(d) + ρ z zᵀ, ρ > 0, with d
// increasing and no z_j = 0 (Golub 1973; Bunch, Nielsen and Sorensen 1978, eq. 7):
//
//	f(λ) = 1/ρ + Σ_j z_j² / (d_j - λ) = 0
//
// f increases between its poles from -∞ to ∞, so that root i lies between d_i and
// d_(i+1), and the last between the last d and that plus ρ |z|².
type secular struct {
	d, squares []float64 // d_j and z_j²
	rho        float64
}

// unit is the unit roundoff of float64.
const unit = epsilon / 2

// A sample is f and what it is made of at a point between d_i and d_(i+1): ψ, the sum up to
// term i, below 0, and φ, the sum of the others, with their derivatives.
type sample struct {
	f, psiSlope, phiSlope float64
	error                 float64 // bound on f's rounding error, over unit
}

// at evaluates f at the origin plus tau, where shifted[j] is d_j less the origin. Terms
// are added from the far ones, which are small, to the near ones, and error is the running
// error bound of that (as in LAPACK's dlaed4): of each partial sum an addition's rounding,
// of each term eight, and what rounding tau itself makes of f.
func (s *secular) at(shifted []float64, i int, tau float64) sample {
	var psi, psiSlope, phi, phiSlope, partial float64
	squares := s.squares[:len(shifted)]
	for j, d := range shifted[:i+1] {
		r := 1 / (d - tau)
		t := squares[j] * r
		psi += t
		psiSlope += t * r
		partial -= psi
	}
	for j := len(shifted) - 1; j > i; j-- {
		r := 1 / (shifted[j] - tau)
		t := squares[j] * r
		phi += t
		phiSlope += t * r
		partial += phi
	}
	inverse := 1 / s.rho
	return sample{
		f: inverse + psi + phi, psiSlope: psiSlope, phiSlope: phiSlope,
		error: 8*(phi-psi) + partial + 2*inverse + math.Abs(tau)*(psiSlope+phiSlope),
	}
}

// root finds root i and sets deltas[j] to d_j less it, each to almost all its digits:
// the unknown is the distance to the nearer pole, the origin, so that nothing cancels.
// scratch has length len(d).
//
// A step replaces ψ by r + s/(d_i - λ) and φ by R + S/(d_(i+1) - λ), with their values and
// slopes at the point, and goes to the root of that (Bunch, Nielsen and Sorensen 1978,
// section 3), which converges quadratically; where it would leave what is known to hold
// the root, it halves that instead.
func (s *secular) root(i int, deltas, scratch []float64) (float64, error) {
	d, k := s.d, len(s.d)
	origin, lo, hi := i, 0.0, 0.0
	last := i == k-1
	if last {
		for _, v := range s.squares {
			hi += v
		}
		hi *= s.rho
	} else {
		hi = d[i+1] - d[i]
	}
	tau := hi / 2
	shift := func() {
		for j, v := range d {
			scratch[j] = v - d[origin]
		}
	}
	shift()
	here := s.at(scratch, i, tau)
	if !last && here.f < 0 { // the root is in the right half
		origin, lo, hi, tau = i+1, -tau, 0, -tau
		shift()
	}
	const most = 200 // four or five are usual
	for count := 0; ; count++ {
		// The bound is seldom reached: an eighth of it takes hardly more steps.
		if math.Abs(here.f) <= unit/8*here.error {
			break
		}
		if here.f < 0 {
			lo = tau
		} else {
			hi = tau
		}
		next := tau + s.step(scratch, i, tau, here)
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		if next == tau || next == lo || next == hi {
			break // there is no number between
		}
		if count == most {
			return 0, errors.New("pca: the eigendecomposition did not converge")
		}
		tau = next
		here = s.at(scratch, i, tau)
	}
	for j, v := range scratch {
		deltas[j] = v - tau
	}
	return d[origin] + tau, nil
}

// step returns how far it is from tau to the root of the function that stands for f there.
func (s *secular) step(shifted []float64, i int, tau float64, here sample) float64 {
	left := shifted[i] - tau
	if i == len(shifted)-1 {
		// f + ψ'Δ (Δ/(Δ-η) - 1) = 0 with Δ = d_i - λ and no φ.
		return left * here.f / (here.f - here.psiSlope*left)
	}
	// c η² - a η + b = 0, for the step η.
	right := shifted[i+1] - tau
	a := (left+right)*here.f - left*right*(here.psiSlope+here.phiSlope)
	b := left * right * here.f
	c := here.f - left*here.psiSlope - right*here.phiSlope
	root := math.Sqrt(max(a*a-4*b*c, 0))
	if a <= 0 {
		return (a - root) / (2 * c)
	}
	return 2 * b / (a + root)
}
