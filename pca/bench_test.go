package pca

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkEigen decomposes matrices whose eigenvalues fall off: all
// eigenvectors by reduction and QL, and the first two by Lanczos.
func BenchmarkEigen(b *testing.B) {
	for _, n := range []int{128, 512, 1024} {
		rng := rand.New(rand.NewPCG(1, 2))
		values := make([]float64, n)
		for i := range values {
			values[i] = 1 / float64(i+1)
		}
		a, work := withSpectrum(values, rng), make([]float64, n*n)
		for _, k := range []int{2, n} {
			b.Run(fmt.Sprintf("%dx%d/%d", n, n, k), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					copy(work, a)
					if _, _, err := eigen(b.Context(), work, n, k); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
