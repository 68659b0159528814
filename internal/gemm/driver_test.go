package gemm

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestSameBitsInAnyBatch multiplies some columns alone and among others, and
// some rows alone: every element must keep its bits, with every kernel.
func TestSameBitsInAnyBatch(t *testing.T) {
	defer func(old kernelPair) { chosen = old }(chosen)
	for _, chosen = range kernels {
		t.Run(chosen.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 16))
			m, n, k := 37, 130, 800
			a, b := random(r, m*k), random(r, n*k)
			multiply := func(i0, i1, j0, j1 int) []float32 {
				c := make([]float32, (i1-i0)*(j1-j0))
				if err := Float32NT(i1-i0, j1-j0, k, a[i0*k:], k, b[j0*k:], k, c, j1-j0); err != nil {
					t.Fatal(err)
				}
				return c
			}
			whole := multiply(0, m, 0, n)
			for _, procs := range []int{1, 2, 7} {
				old := runtime.GOMAXPROCS(procs)
				for range 20 {
					i0, j0 := r.IntN(m), r.IntN(n)
					i1, j1 := i0+1+r.IntN(m-i0), j0+1+r.IntN(n-j0)
					part := multiply(i0, i1, j0, j1)
					for i := i0; i < i1; i++ {
						if !slices.Equal(part[(i-i0)*(j1-j0):(i-i0+1)*(j1-j0)], whole[i*n+j0:i*n+j1]) {
							t.Fatalf("rows [%d, %d), columns [%d, %d), GOMAXPROCS=%d: other bits in row %d", i0, i1, j0, j1, procs, i)
						}
					}
				}
				runtime.GOMAXPROCS(old)
			}
		})
	}
}

// TestWorkspaceIsUsedAgain counts what a second product allocates: closures
// and goroutines, far less than any panel.
func TestWorkspaceIsUsedAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	m, n, k := 64, 512, 576
	a, b, c := random(r, m*k), random(r, k*n), make([]float32, m*n)
	left := newPackedA(kernelFor[float32](chosen), m, k, 0, nil)
	left.fill(lines[float32]{a, k, 1})
	p := product[float32]{a: left, n: n, b: lines[float32]{b, 1, n}, c: c, ldc: n, ws: new(workspace[float32])}
	const runs = 20
	var before, after runtime.MemStats
	p.run()
	runtime.ReadMemStats(&before)
	for range runs {
		p.run()
	}
	runtime.ReadMemStats(&after)
	// A worker that comes late to the first product finds no panel yet, so one
	// set of panels may still be new, but not one a product.
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > runs*16<<10 {
		t.Errorf("%d bytes in %d products", bytes, runs)
	}
}

// TestFloat64AndTransposed holds the other doors to the definition, over
// shapes that cut A into pieces of rows and of k.
func TestFloat64AndTransposed(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, s := range [][3]int{{0, 3, 4}, {3, 0, 4}, {3, 4, 0}, {1, 1, 1}, {33, 47, 500}, {200, 9, 3500}, {7, 130, 7000}} {
		m, n, k := s[0], s[1], s[2]
		a, bt := randomOf[float64](r, m*k), randomOf[float64](r, n*k)
		b := make([]float64, k*n)
		a32, b32, bt32 := make([]float32, m*k), make([]float32, k*n), make([]float32, n*k)
		for i, x := range a {
			a32[i] = float32(x)
		}
		for j := range n {
			for p := range k {
				b[p*n+j] = bt[j*k+p]
				b32[p*n+j], bt32[j*k+p] = float32(bt[j*k+p]), float32(bt[j*k+p])
			}
		}
		want := make([]float64, m*n)
		for i := range m {
			for j := range n {
				for p := range k {
					want[i*n+j] += a[i*k+p] * bt[j*k+p]
				}
			}
		}
		c, cnt := make([]float64, m*n), make([]float64, m*n)
		c32, cnt32 := make([]float32, m*n), make([]float32, m*n)
		for _, err := range []error{
			Float64(m, n, k, a, k, b, n, c, n), Float64NT(m, n, k, a, k, bt, k, cnt, n),
			Float32(m, n, k, a32, k, b32, n, c32, n), Float32NT(m, n, k, a32, k, bt32, k, cnt32, n),
		} {
			if err != nil {
				t.Fatalf("%v: %v", s, err)
			}
		}
		if !slices.Equal(c, cnt) || !slices.Equal(c32, cnt32) {
			t.Errorf("%v: the transposed product has other bits", s)
		}
		worst, worst32 := 0.0, 0.0
		for i := range want {
			worst = max(worst, math.Abs(c[i]-want[i])/float64(max(k, 1)))
			worst32 = max(worst32, math.Abs(float64(c32[i])-want[i])/float64(max(k, 1)))
		}
		t.Logf("%v: largest difference over k: %.2g, in float32 %.2g", s, worst, worst32)
		if worst > 0x1p-52 || worst32 > 0x1p-22 {
			t.Errorf("%v: largest difference over k: %g, in float32 %g", s, worst, worst32)
		}
	}
}
