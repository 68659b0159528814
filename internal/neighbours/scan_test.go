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
		for _, v := range append(machineScanners(), portable) {
			if got := v.scan(products, base, factor, limit); got != want {
				t.Fatalf("%s: %d of %d, want %d", v.name, got, n, want)
			}
		}
	}
}
