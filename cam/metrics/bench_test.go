package metrics

import (
	"math/rand/v2"
	"testing"
)

// Half of the pixels of an image are unknown, in squares.
func BenchmarkImpute(b *testing.B) {
	const side = 128
	rng := rand.New(rand.NewPCG(1, 2))
	image, known := make([]float32, 3*side*side), make([]bool, side*side)
	for i := range image {
		image[i] = rng.Float32()
	}
	for p := range known {
		known[p] = (p/side/16+p%side/16)%2 == 0
	}
	for b.Loop() {
		if _, err := Impute(b.Context(), image, known, 3, side, side); err != nil {
			b.Fatal(err)
		}
	}
}
