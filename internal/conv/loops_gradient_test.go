package conv

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMeanGradient holds the gradient by the means of maps, written and added, to the definition.
func TestMeanGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	var mem Memory
	for range 100 {
		n, c, h, w := 1+r.IntN(3), 1+r.IntN(70), 1+r.IntN(9), 1+r.IntN(9)
		dy, had := random(r, n*c), random(r, n*c*h*w)
		by := FromNCHW(dy, n, c, 1, 1, 0, &mem)
		dx := FromNCHW(had, n, c, h, w, 0, &mem)
		dx.MeanGradient(by, true)
		added := dx.NCHW()
		dx.MeanGradient(by, false)
		for i, got := range dx.NCHW() {
			want := float64(dy[i/(h*w)]) / float64(h*w)
			if d := math.Abs(float64(got) - want); d > 1e-6*math.Abs(want) {
				t.Fatalf("%dx%dx%dx%d: element %d is %v, want %v", n, c, h, w, i, got, want)
			}
			if sum := want + float64(had[i]); math.Abs(float64(added[i])-sum) > 1e-6*(math.Abs(want)+math.Abs(float64(had[i]))) {
				t.Fatalf("%dx%dx%dx%d: element %d becomes %v, want %v", n, c, h, w, i, added[i], sum)
			}
		}
	}
}

// TestMultiplyGradient holds the gradients by both factors of a product, one of which has a
// pixel for each map of the other, or as many, to the definition.
func TestMultiplyGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	var mem Memory
	for trial := range 100 {
		n, c, h, w := 1+r.IntN(3), 1+r.IntN(140), 1+r.IntN(12), 1+r.IntN(12)
		bh, bw := 1, 1
		if trial%4 == 0 {
			bh, bw = h, w
		}
		area, small := h*w, bh*bw
		a, b, dy := random(r, n*c*area), random(r, n*c*small), random(r, n*c*area)
		da, db := FromNCHW(a, n, c, h, w, 0, &mem), FromNCHW(b, n, c, bh, bw, 0, &mem)
		by := FromNCHW(dy, n, c, h, w, 0, &mem)
		ofA, ofB := FromNCHW(a, n, c, h, w, 0, &mem), FromNCHW(b, n, c, bh, bw, 0, &mem)
		da.MultiplyGradient(by, ofB)
		db.MultiplyGradient(by, ofA)
		want, size := make([]float64, len(b)), make([]float64, len(b))
		byA := da.NCHW()
		for i, d := range dy {
			k := i / area
			if small > 1 {
				k = i
			}
			if got, want := float64(byA[i]), float64(d)*float64(b[k]); math.Abs(got-want) > 1e-6*math.Abs(want) {
				t.Fatalf("%dx%dx%dx%d: element %d by the first factor is %v, want %v", n, c, h, w, i, got, want)
			}
			want[k] += float64(d) * float64(a[i])
			size[k] += math.Abs(float64(d) * float64(a[i]))
		}
		for k, got := range db.NCHW() {
			if math.Abs(float64(got)-want[k]) > 1e-6*size[k] {
				t.Fatalf("%dx%dx%dx%d: element %d by the second factor is %v, want %v", n, c, h, w, k, got, want[k])
			}
		}
	}
}
