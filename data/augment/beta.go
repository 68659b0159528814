package augment

import (
	"math"
	"math/rand/v2"
)

// beta draws from the distribution Beta(a, a): x / (x + y) of two from Gamma(a), by
// their logarithms, since for small a both may be too small for a float64.
func beta(r *rand.Rand, a float64) float64 {
	x, y := logGamma(r, a), logGamma(r, a)
	return 1 / (1 + math.Exp(y-x))
}

// logGamma draws the logarithm of a number from Gamma(a): Marsaglia and Tsang, A simple
// method for generating gamma variables (2000), for a+1 >= 1, and from there with
// Gamma(a) = Gamma(a+1) * U^(1/a).
func logGamma(r *rand.Rand, a float64) float64 {
	d := a + 1 - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - r.Float64(); math.Log(u) < 0.5*x*x+d*(1-v+math.Log(v)) {
			return math.Log(d*v) + math.Log(1-r.Float64())/a
		}
	}
}
