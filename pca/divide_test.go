package pca

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// tridiagonals are the matrices that solvers of their eigenvalues are tried on (Demmel,
// Marques, Parlett and Vömel 2008): diagonals and off-diagonals of size n.
func tridiagonals(n int) map[string][2][]float64 {
	rng := rand.New(rand.NewPCG(9, 10))
	make := func(d, e func(i int) float64) [2][]float64 {
		m := [2][]float64{make([]float64, n), make([]float64, n)}
		for i := range n {
			m[0][i], m[1][i] = d(i), e(i)
		}
		return m
	}
	constant := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	normal := func(int) float64 { return rng.NormFloat64() }
	return map[string][2][]float64{
		"random":             make(normal, normal),
		"positive":           make(func(int) float64 { return 3 + rng.Float64() }, func(int) float64 { return rng.Float64() }),
		"1 2 1":              make(constant(-2), constant(1)),
		"Wilkinson":          make(func(i int) float64 { return math.Abs(float64(i) - float64(n-1)/2) }, constant(1)),
		"glued Wilkinson":    make(func(i int) float64 { return math.Abs(float64(i%21) - 10) }, func(i int) float64 { return map[bool]float64{true: 1e-9, false: 1}[i%21 == 20] }),
		"glued tightly":      make(func(i int) float64 { return math.Abs(float64(i%21) - 10) }, func(i int) float64 { return map[bool]float64{true: 1e-14, false: 1}[i%21 == 20] }),
		"Legendre":           make(constant(0), func(i int) float64 { k := float64(i + 1); return k / math.Sqrt(4*k*k-1) }),
		"graded":             make(func(i int) float64 { return math.Pow(10, -float64(i)/8) }, func(i int) float64 { return 0.3 * math.Pow(10, -float64(i)/8) }),
		"graded up":          make(func(i int) float64 { return math.Pow(10, -float64(n-i)/8) }, func(i int) float64 { return 0.3 * math.Pow(10, -float64(n-i)/8) }),
		"identity":           make(constant(1), constant(0)),
		"zeros":              make(constant(0), constant(0)),
		"diagonal":           make(normal, constant(0)),
		"some zeros":         make(normal, func(i int) float64 { return float64(i%3) * rng.NormFloat64() }),
		"constant":           make(constant(0), constant(1)),
		"identity, nearly":   make(constant(1), func(int) float64 { return 1e-14 * rng.NormFloat64() }),
		"weakly joined":      make(normal, func(int) float64 { return 1e-7 * rng.NormFloat64() }),
		"repeated":           make(func(i int) float64 { return float64(i % 4) }, func(i int) float64 { return 1e-3 * float64(i%2) }),
		"clustered":          make(func(i int) float64 { return 1 + 1e-12*float64(i) }, constant(1e-10)),
		"clusters":           make(func(i int) float64 { return float64(i%2) + 1e-9*rng.Float64() }, func(int) float64 { return 1e-6 * rng.NormFloat64() }),
		"one large":          make(func(i int) float64 { return map[bool]float64{true: 1, false: 1e-8}[i == n/3] }, constant(1e-9)),
		"negative joints":    make(normal, func(int) float64 { return -rng.Float64() }),
		"tiny joints, mixed": make(normal, func(i int) float64 { return math.Pow(10, -float64(i%20)) }),
	}
}

// Eigenvectors are orthonormal to rounding errors, whatever the matrix, and with the
// eigenvalues give it back.
func TestEigenTridiagonal(t *testing.T) {
	for _, n := range []int{1, 2, 3, leaf - 1, leaf, leaf + 1, leaf + 2, 65, 100, 210, 333} {
		worst, worstSkew := 0.0, 0.0
		for name, m := range tridiagonals(n) {
			t.Run(fmt.Sprint(n, " ", name), func(t *testing.T) {
				d, e := m[0], m[1]
				size := 0.0 // the largest sum of a row
				for i := range n {
					size = max(size, math.Abs(e[max(i-1, 0)])+math.Abs(d[i])+math.Abs(e[i]))
				}
				values, q, _, err := eigenTridiagonal(t.Context(), slices.Clone(d), slices.Clone(e))
				if err != nil {
					t.Fatal(err)
				}
				residual, skew := 0.0, 0.0
				for i := range n {
					row := q[i*n : (i+1)*n]
					for c, v := range row {
						sum := (d[c] - values[i]) * v
						if c > 0 {
							sum += e[c-1] * row[c-1]
						}
						if c < n-1 {
							sum += e[c] * row[c+1]
						}
						residual = max(residual, math.Abs(sum))
					}
					for j := range i + 1 {
						dot := 0.0
						for c, v := range row {
							dot += v * q[j*n+c]
						}
						if j == i {
							dot--
						}
						if !(math.Abs(dot) <= skew) {
							skew = math.Abs(dot)
						}
					}
				}
				if size > 0 {
					residual /= size
				}
				if !(residual < 2e-15) || !(skew < 1e-14) {
					t.Errorf("residual %.2g of the matrix, eigenvectors %.2g from orthonormal", residual, skew)
				}
				worst, worstSkew = max(worst, residual), max(worstSkew, skew)
			})
		}
		t.Logf("n %d: residuals up to %.2g of the matrix, eigenvectors up to %.2g from orthonormal", n, worst, worstSkew)
	}
}
