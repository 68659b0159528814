package neighbours

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every scan must stop where a loop in float64 does, at any length, at equality
// and at NaN. The numbers are small integers, so that nothing is rounded.
func TestScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	nan := float32(math.NaN())
	for trial := range 3000 {
		n := r.IntN(70)
		products, base := make([]float32, n), make([]float32, n)
		for i := range products {
			products[i], base[i] = float32(r.IntN(100)), float32(1000+r.IntN(100))
			if trial%10 == 0 && r.IntN(50) == 0 {
				products[i] = nan
			}
		}
		factor := float32(-1 - trial%2)
		limit := float32(800 + r.IntN(250))
		want := n
		for i := range products {
			if !(float64(base[i])+float64(factor)*float64(products[i]) > float64(limit)) {
				want = i
				break
			}
		}
		for _, v := range append(machineLoops(), portable) {
			if got := v.scan(products, base, factor, limit); got != want {
				t.Fatalf("%s: %d of %d, want %d", v.name, got, n, want)
			}
		}
	}
}

// Four rows at a time are measured to the bit of one, at any dimension.
func TestSquares(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, v := range machineLoops() {
		for trial := range 300 {
			d := 1 + r.IntN(70)
			a, wide, narrow := make([]float64, d), make([]float64, 10*d), make([]float32, 10*d)
			for i := range a {
				a[i] = r.NormFloat64()
			}
			for i := range wide {
				wide[i] = r.NormFloat64()
				narrow[i] = float32(wide[i])
			}
			at := [4]int{d * r.IntN(10), d * r.IntN(10), d * r.IntN(10), d * r.IntN(10)}
			got32, got64 := fourSquared(v.squares32, a, narrow, &at), fourSquared(v.squares64, a, wide, &at)
			for e, from := range at {
				if want := squaredEuclidean(a, narrow[from:from+d]); got32[e] != want {
					t.Fatalf("%s, trial %d, float32, %d dimensions, row %d: %v, want %v", v.name, trial, d, e, got32[e], want)
				}
				if want := squaredEuclidean(a, wide[from:from+d]); got64[e] != want {
					t.Fatalf("%s, trial %d, float64, %d dimensions, row %d: %v, want %v", v.name, trial, d, e, got64[e], want)
				}
			}
		}
	}
}

// BenchmarkMeasure takes the distances of 100 points of 512 coordinates.
func BenchmarkMeasure(b *testing.B) {
	s := benchSpace(b, 1000, 512)
	found := make([]candidate, 100)
	for i := range found {
		found[i].index = int32(i * 7 % 1000)
	}
	row := s.row(3, nil)
	for b.Loop() {
		s.measure(row, found, nil)
	}
}
