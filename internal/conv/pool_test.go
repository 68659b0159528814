package conv

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestAvgPool holds means under a window, and their gradients, to the definition in
// float64: a window's sum over what counts of it.
func TestAvgPool(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for trial := range 200 {
		n, c, h, w := 1+r.IntN(3), 1+r.IntN(40), 1+r.IntN(12), 1+r.IntN(12)
		kernel, stride := 1+r.IntN(4), 1+r.IntN(3)
		padding, excludePad := r.IntN(kernel/2+1), trial%3 == 0
		if h+2*padding < kernel || w+2*padding < kernel {
			continue
		}
		size := func(n int) int {
			out := (n+2*padding-kernel)/stride + 1
			if trial%2 == 0 && (n+2*padding-kernel)%stride > 0 && out*stride < n+padding { // rounded up, as PyTorch
				out++
			}
			return out
		}
		oh, ow := size(h), size(w)
		x, dy := random(r, n*c*h*w), random(r, n*c*oh*ow)
		want, back := make([]float64, len(dy)), make([]float64, len(x))
		for i := range dy {
			plane, a, b := i/(oh*ow), i/ow%oh, i%ow
			var inside []int
			count := 0
			for u := range kernel {
				for v := range kernel {
					p, q := a*stride+u-padding, b*stride+v-padding
					if p >= 0 && p < h && q >= 0 && q < w {
						inside = append(inside, (plane*h+p)*w+q)
						count++
					} else if p < h+padding && q < w+padding && !excludePad {
						count++
					}
				}
			}
			for _, k := range inside {
				want[i] += float64(x[k]) / float64(count)
				back[k] += float64(dy[i]) / float64(count)
			}
		}
		var mem Memory
		var first []float32
		for _, procs := range []int{1, 3} {
			old := runtime.GOMAXPROCS(procs)
			y, dx := mem.Maps(n, oh, ow, c, 0), mem.Maps(n, h, w, c, 0)
			AvgPool(y, FromNCHW(x, n, c, h, w, 0, &mem), kernel, stride, padding, excludePad)
			AvgPoolGradient(dx, FromNCHW(dy, n, c, oh, ow, 0, &mem), kernel, stride, padding, excludePad)
			runtime.GOMAXPROCS(old)
			got, gradient := y.NCHW(), dx.NCHW()
			for i, v := range got {
				if math.Abs(float64(v)-want[i]) > 3e-6 {
					t.Fatalf("kernel %d, stride %d, padding %d (excluded %v) on %d x %d: element %d is %v, want %v", kernel, stride, padding, excludePad, h, w, i, v, want[i])
				}
			}
			for i, v := range gradient {
				if math.Abs(float64(v)-back[i]) > 3e-6 {
					t.Fatalf("kernel %d, stride %d, padding %d (excluded %v) on %d x %d: gradient %d is %v, want %v", kernel, stride, padding, excludePad, h, w, i, v, back[i])
				}
			}
			if all := append(got, gradient...); first == nil {
				first = all
			} else if !slices.Equal(first, all) {
				t.Fatal("other bits with 3 goroutines")
			}
		}
	}
}
