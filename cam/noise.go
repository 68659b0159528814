package cam

import (
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// Noise writes the numbers of sample s of a method that averages over noise, of mean 0 and
// deviation 1: the same for every image, so that no answer depends on the batch.
type Noise func(s int, out []float32)

// Normal is normally distributed noise, the same for the same seed.
func Normal(seed uint64) Noise {
	return func(s int, out []float32) {
		r := rand.New(rand.NewPCG(seed, uint64(s)))
		for i := range out {
			out[i] = float32(r.NormFloat64())
		}
	}
}

// or returns the noise, or the default one.
func (n Noise) or() Noise {
	if n == nil {
		return Normal(0)
	}
	return n
}

// noisy returns what writes sample v of an image with noise; deviation is that for an
// image.
func (s *subject) noisy(samples int, noise Noise, deviation func(image []float32) float64) func(v perturb.Variant, x []float32) {
	noise = noise.or()
	size := len(s.Input.Data) / len(s.Classes)
	drawn := make([][]float32, samples)
	if samples*size <= noiseKept { // once for all images
		for i := range drawn {
			drawn[i] = make([]float32, size)
			noise(i, drawn[i])
		}
	}
	return func(v perturb.Variant, x []float32) {
		image := s.Image(v.Image)
		sigma := float32(deviation(image))
		of := drawn[v.Number]
		if of == nil {
			clear(x)
			noise(v.Number, x)
			of = x
		}
		for p, d := range of {
			x[p] = image[p] + sigma*d
		}
	}
}

// noiseKept is how many numbers of noise are kept for the next image; more are drawn again.
var noiseKept = 1 << 24
