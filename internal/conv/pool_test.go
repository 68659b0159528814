package conv

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// withEveryKernel runs a test of what takes the chosen kernel.
func withEveryKernel(t *testing.T, f func(t *testing.T)) {
	old := chosen
	defer func() { chosen = old }()
	for _, chosen = range kernels {
		t.Run(chosen.name, f)
	}
}

// pooled is how many windows there are over n pixels, rounded down, or up as PyTorch does.
func pooled(n, kernel, stride, padding int, up bool) int {
	span := n + 2*padding - kernel
	if out := span/stride + 1; !up || span%stride == 0 || out*stride >= n+padding {
		return out
	}
	return span/stride + 2
}

// TestAvgPool holds means under a window, and their gradients, to the definition in
// float64: a window's sum over what counts of it.
func TestAvgPool(t *testing.T) { withEveryKernel(t, testAvgPool) }

func testAvgPool(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for trial := range 200 {
		n, c, h, w := 1+r.IntN(3), 1+r.IntN(40), 1+r.IntN(12), 1+r.IntN(12)
		kernel, stride := 1+r.IntN(4), 1+r.IntN(3)
		padding, excludePad := r.IntN(kernel/2+1), trial%3 == 0
		if h+2*padding < kernel || w+2*padding < kernel {
			continue
		}
		oh, ow := pooled(h, kernel, stride, padding, trial%2 == 0), pooled(w, kernel, stride, padding, trial%2 == 0)
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
			for i := range dx.pixels() {
				dx.pixels()[i] = float32(math.NaN())
			}
			AvgPool(y, FromNCHW(x, n, c, h, w, 0, &mem), kernel, stride, padding, excludePad)
			AvgPoolGradient(dx, FromNCHW(dy, n, c, oh, ow, 0, &mem), kernel, stride, padding, excludePad)
			runtime.GOMAXPROCS(old)
			got, gradient := y.NCHW(), dx.NCHW()
			for i, v := range got {
				if !(math.Abs(float64(v)-want[i]) <= 3e-6) {
					t.Fatalf("kernel %d, stride %d, padding %d (excluded %v) on %d x %d: element %d is %v, want %v", kernel, stride, padding, excludePad, h, w, i, v, want[i])
				}
			}
			for i, v := range gradient {
				if !(math.Abs(float64(v)-back[i]) <= 3e-6) {
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

// TestMaxPool holds maxima under a window, and their gradients, to the definition: a
// gradient goes to the first of the largest, of which there are often several here. With 7
// channels the portable kernel pools.
func TestMaxPool(t *testing.T) { withEveryKernel(t, testMaxPool) }

func testMaxPool(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for trial := range 150 {
		n, c, h, w := 1+r.IntN(3), []int{7, 16, 20, 33, 80}[trial%5], 1+r.IntN(12), 1+r.IntN(12)
		kernel, stride := 1+r.IntN(4), 1+r.IntN(3)
		padding := r.IntN(kernel/2 + 1)
		if h+2*padding < kernel || w+2*padding < kernel {
			continue
		}
		oh, ow := pooled(h, kernel, stride, padding, trial%2 == 0), pooled(w, kernel, stride, padding, trial%2 == 0)
		x, dy := random(r, n*c*h*w), random(r, n*c*oh*ow)
		for i := range x {
			x[i] = float32(math.Round(4 * float64(x[i])))
		}
		want, back := make([]float32, len(dy)), make([]float64, len(x))
		for i := range want {
			plane, a, b := i/(oh*ow), i/ow%oh, i%ow
			want[i] = float32(math.Inf(-1))
			at := -1
			for u := range kernel {
				for v := range kernel {
					p, q := a*stride+u-padding, b*stride+v-padding
					if p < 0 || p >= h || q < 0 || q >= w {
						continue
					}
					if k := (plane*h+p)*w + q; x[k] > want[i] {
						want[i], at = x[k], k
					}
				}
			}
			back[at] += float64(dy[i])
		}
		var mem Memory
		y, dx := mem.Maps(n, oh, ow, c, 0), mem.Maps(n, h, w, c, 0)
		for i := range dx.pixels() {
			dx.pixels()[i] = float32(math.NaN())
		}
		maps := FromNCHW(x, n, c, h, w, 0, &mem)
		MaxPool(y, maps, kernel, stride, padding, &mem)
		MaxPoolGradient(dx, FromNCHW(dy, n, c, oh, ow, 0, &mem), y, maps, kernel, stride, padding)
		if !slices.Equal(y.NCHW(), want) {
			t.Fatalf("kernel %d, stride %d, padding %d on %d x %d x %d: other maxima", kernel, stride, padding, c, h, w)
		}
		for i, v := range dx.NCHW() {
			if !(math.Abs(float64(v)-back[i]) <= 3e-6) {
				t.Fatalf("kernel %d, stride %d, padding %d on %d x %d x %d: gradient %d is %v, want %v", kernel, stride, padding, c, h, w, i, v, back[i])
			}
		}
	}
}
