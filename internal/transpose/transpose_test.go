package transpose

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRuns transposes runs of any length with every loop; nothing else may be written.
func TestRuns(t *testing.T) {
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 16))
			for range 100 {
				p := Runs{Count: 8 * (1 + r.IntN(4)), Length: 4 + r.IntN(30)}
				p.Stride = p.Count + r.IntN(5)
				src, offsets := random(r, 300), make([]int, p.Count)
				for j := range offsets {
					offsets[j] = r.IntN(len(src) - p.Length + 1)
				}
				const guard = 40
				dst := random(r, p.Length*p.Stride+2*guard)
				want := slices.Clone(dst)
				for k := range p.Length {
					for j, at := range offsets {
						want[guard+k*p.Stride+j] = src[at+k]
					}
				}
				p.Src, p.Offsets, p.Dst = &src[0], &offsets[0], &dst[guard]
				loop(&p)
				if !slices.Equal(dst, want) {
					t.Fatalf("%d runs of %d, stride %d: not side by side", p.Count, p.Length, p.Stride)
				}
			}
		})
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()
	}
	return x
}

// BenchmarkRuns packs 32 rows of 512 elements.
func BenchmarkRuns(b *testing.B) {
	for name, loop := range loops {
		b.Run(name, func(b *testing.B) {
			src, dst, offsets := make([]float32, 32*512), make([]float32, 32*512), make([]int, 32)
			for j := range offsets {
				offsets[j] = 512 * j
			}
			p := Runs{Src: &src[0], Offsets: &offsets[0], Count: 32, Length: 512, Dst: &dst[0], Stride: 32}
			for b.Loop() {
				loop(&p)
			}
		})
	}
}
