package pca

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

// portably runs f with the portable loops alone.
func portably(f func()) {
	defer func(old bool) { vectors = old }(vectors)
	vectors = false
	f()
}

// The loops in assembly do what the portable ones do, to the last bit, and write nothing
// else.
func TestCentreLoops(t *testing.T) {
	t.Run("float64", centreLoops[float64])
	t.Run("float32", centreLoops[float32])
}

func centreLoops[T gemm.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for w := 1; w < 36; w++ {
		for _, n := range []int{1, 3, 4, 5, 8, 11} {
			stride, to := w+rng.IntN(3), w+rng.IntN(3)
			rows, from := make([]T, n*stride+w), make([]float64, w)
			for i := range rows {
				rows[i] = T(rng.NormFloat64() + 3)
			}
			for j := range from {
				from[j] = rng.NormFloat64()
			}
			run := func() (moved []T, drifts []float64, left []T, sums []float64) {
				moved, drifts = make([]T, n*to+w), slices.Clone(from)
				drift(moved, to, rows, stride, n, from, drifts)
				left, sums = slices.Clone(rows), make([]float64, w+1)
				sums[w] = 7
				subtractMean(left, stride, n, from, sums)
				return moved, drifts, left, sums
			}
			moved, drifts, left, sums := run()
			portably(func() {
				moved2, drifts2, left2, sums2 := run()
				if !slices.Equal(moved, moved2) || !slices.Equal(drifts, drifts2) || !slices.Equal(left, left2) || !slices.Equal(sums, sums2) {
					t.Fatalf("%d rows of %d: not what the portable loops do", n, w)
				}
			})
			for i := range n {
				for j := range w {
					v := rows[i*stride+j]
					if moved[i*to+j] != v || left[i*stride+j] != T(float64(v)-from[j]) {
						t.Fatalf("%d rows of %d: row %d, column %d: wrong", n, w, i, j)
					}
				}
				if !slices.Equal(left[i*stride+w:(i+1)*stride], rows[i*stride+w:(i+1)*stride]) {
					t.Fatalf("%d rows of %d: wrote past row %d", n, w, i)
				}
			}
			for j := range w {
				sum := 0.0
				for i := range n {
					sum += float64(rows[i*stride+j]) - from[j]
				}
				if d := sums[j] - sum; !(d*d < 1e-28*float64(n)) {
					t.Fatalf("%d rows of %d: sum %d is %g off", n, w, j, d)
				}
				if d := drifts[j] - from[j] - sum; !(d*d < 1e-28*float64(n)) {
					t.Fatalf("%d rows of %d: drift %d is %g off", n, w, j, d)
				}
			}
		}
	}
}

// The mean's two parts together are nearer to the mean than one float64 can be.
func TestCentreMean(t *testing.T) {
	const n, d = 500, 3
	rng := rand.New(rand.NewPCG(13, 14))
	panels, err := gemm.NewPanels[float64](d, n+1)
	if err != nil {
		t.Fatal(err)
	}
	rows, mean := make([]float64, n*d), make([]pair, d)
	for i := range rows {
		rows[i] = 1000*rng.Float64() + 1e6
	}
	centre(mean, panels, rows, d, n, 0, d)
	for j, m := range mean {
		sum := new(big.Float).SetPrec(200)
		for i := range n {
			sum.Add(sum, big.NewFloat(rows[i*d+j]))
		}
		sum.Quo(sum, big.NewFloat(n))
		sum.Sub(sum, big.NewFloat(m.high))
		left, _ := sum.Sub(sum, big.NewFloat(m.low)).Float64()
		if !(math.Abs(left) < 1e-6*epsilon*m.high) {
			t.Errorf("column %d: mean %v + %v is %g off", j, m.high, m.low, left)
		}
	}
}

// BenchmarkCentre centres a block of 511 rows of 512 numbers.
func BenchmarkCentre(b *testing.B) {
	b.Run("float64", benchmarkCentre[float64])
	b.Run("float32", benchmarkCentre[float32])
}

func benchmarkCentre[T gemm.Float](b *testing.B) {
	const n, d = 511, 512
	panels, err := gemm.NewPanels[T](d, n+1)
	if err != nil {
		b.Fatal(err)
	}
	rows, mean := make([]T, n*d), make([]pair, d)
	for i := range rows {
		rows[i] = T(i % 1000)
	}
	w := panels.Width() * ceil(strip, panels.Width())
	for _, loops := range []string{"fastest", "portable"} {
		b.Run(loops, func(b *testing.B) {
			b.SetBytes(int64(n*d) * int64(map[bool]int{true: 8, false: 4}[any(rows[0]) == any(float64(0))]))
			run := func() {
				for b.Loop() {
					for j := 0; j < d; j += w {
						centre(mean[j:min(j+w, d)], panels, rows, d, n, j, min(j+w, d))
					}
				}
			}
			if loops == "portable" {
				portably(run)
			} else {
				run()
			}
		})
	}
}
