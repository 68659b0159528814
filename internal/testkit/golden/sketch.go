package golden

import "math"

// Sketch keeps 66 numbers of more than 64, or all of fewer: 64 spread over them, their root
// mean square, and what they have in common with the numbers of Uniform(name),
//
//	x[7919 i mod n], sqrt(sum of x^2 / n), sum of x u / sqrt(n)
//
// An error of any element shows in the last, and all are of one order. The function of the
// same name in testdata/export/gen.py keeps the same.
func Sketch(name string, x []float32) []float32 {
	const most = 64
	n := len(x)
	if n <= most {
		return x
	}
	out := make([]float32, most, most+2)
	for i := range out {
		out[i] = x[7919*i%n]
	}
	var squares, common float64
	for i, u := range Uniform(name, n, 1) {
		squares += float64(x[i]) * float64(x[i])
		common += float64(x[i]) * float64(u)
	}
	return append(out, float32(math.Sqrt(squares/float64(n))), float32(common/math.Sqrt(float64(n))))
}
