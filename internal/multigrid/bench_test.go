package multigrid

import (
	"math/rand/v2"
	"testing"
)

// Half of the pixels of an image are unknown, in squares.
func BenchmarkFill(b *testing.B) {
	const side = 128
	rng := rand.New(rand.NewPCG(1, 2))
	image, known := make([]float32, 3*side*side), make([]bool, side*side)
	for i := range image {
		image[i] = rng.Float32()
	}
	for p := range known {
		known[p] = (p/side/16+p%side/16)%2 == 0
	}
	solver, filled := New(side, side), make([]float32, len(image))
	for b.Loop() {
		copy(filled, image)
		if err := solver.Fill(b.Context(), filled, known); err != nil {
			b.Fatal(err)
		}
	}
}
