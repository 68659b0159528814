package student

import "math"

// Log is math.Log that is also right below 2^-1022: there Go's math.Log
// on amd64 is up to 36 off (its assembly takes a subnormal number's exponent
// for a normal one's), and sums of exponentials do get that small.
func Log(x float64) float64 {
	if x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}
