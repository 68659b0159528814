package gemm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/internal/pages"
)

// BenchmarkPeak runs nothing but fused multiply-adds in registers: what one
// core can do at most.
func BenchmarkPeak(b *testing.B) {
	for _, p := range peaks() {
		b.Run(p.name, func(b *testing.B) {
			fastest := time.Duration(1 << 62)
			for b.Loop() {
				start := time.Now()
				p.run(100_000)
				fastest = min(fastest, time.Since(start))
			}
			b.ReportMetric(100_000*float64(p.flop)/float64(fastest.Nanoseconds()), "maxGFLOP/s")
		})
	}
}

// BenchmarkKernel runs each kernel of this machine on panels in the
// first-level cache, wide and narrow.
func BenchmarkKernel(b *testing.B) {
	for _, kern := range kernels {
		benchmarkKernel(b, "float32/"+kern.name, kern.f32)
		benchmarkKernel(b, "float64/"+kern.name, kern.f64)
	}
}

func benchmarkKernel[T Float](b *testing.B, name string, kern *kernel[T]) {
	const k = 128
	x, y, tile := pages.Aligned[T](k*kern.mr), pages.Aligned[T](k*kern.nr), pages.Aligned[T](kern.mr*kern.nr)
	for _, lanes := range slices.Compact([]int{kern.nr, kern.narrow}) {
		b.Run(fmt.Sprintf("%s/%dx%d", name, kern.mr, lanes), func(b *testing.B) {
			fastest := time.Duration(1 << 62)
			for b.Loop() {
				start := time.Now()
				for range 100 {
					kern.mul(k, &x[0], &y[0], &tile[0], lanes)
				}
				fastest = min(fastest, time.Since(start))
			}
			b.ReportMetric(float64(2*100*k*kern.mr*lanes)/float64(fastest.Nanoseconds()), "maxGFLOP/s")
		})
	}
}

// BenchmarkPackA packs a left matrix, BenchmarkFloat32's first stage.
func BenchmarkPackA(b *testing.B) {
	const m, k = 512, 4608
	x := make([]float32, m*k)
	b.SetBytes(4 * m * k)
	a := newPackedA(kernelFor[float32](chosen), m, k, 0, nil)
	for b.Loop() {
		a.fill(lines[float32]{x, k, 1})
	}
}

// A peak is a loop of flop operations a turn.
type peak struct {
	name string
	flop int
	run  func(turns int)
}

// BenchmarkFloat32 multiplies squares, with A packed on the way.
func BenchmarkFloat32(b *testing.B) { benchmarkSquares(b, Float32) }

// BenchmarkFloat64 multiplies squares, with A packed on the way.
func BenchmarkFloat64(b *testing.B) { benchmarkSquares(b, Float64) }

// BenchmarkFloat32NT multiplies squares, the right one transposed.
func BenchmarkFloat32NT(b *testing.B) { benchmarkSquares(b, Float32NT) }

func benchmarkSquares[T Float](b *testing.B, f func(m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int) error) {
	for _, n := range []int{512, 1024, 2048} {
		x, y, z := make([]T, n*n), make([]T, n*n), make([]T, n*n)
		fill(x)
		fill(y)
		eachThreads(b, fmt.Sprint(n), 2*float64(n)*float64(n)*float64(n), func() error { return f(n, n, n, x, n, y, n, z, n) })
	}
}

// BenchmarkSyrk is a covariance: 10,000 points of 512 coordinates, in blocks of 512.
func BenchmarkSyrk(b *testing.B) {
	b.Run("float64", benchmarkSyrk[float64])
	b.Run("float32", benchmarkSyrk[float32])
}

func benchmarkSyrk[T Float](b *testing.B) {
	const n, k, block = 512, 10_000, 512
	p, err := NewPanels[T](n, block)
	if err != nil {
		b.Fatal(err)
	}
	c := make([]float64, n*n)
	fill(p.data)
	eachThreads(b, "512x10000", float64(n)*(n+1)*k, func() error {
		for k0 := 0; k0 < k; k0 += block {
			if err := p.AddSyrk(min(block, k-k0), c, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkResNet18 multiplies the shapes of ResNet18's convolutions on a
// 3 x 128 x 128 image, as the reference path does.
func BenchmarkResNet18(b *testing.B) {
	for _, s := range [][3]int{{64, 147, 4096}, {64, 576, 1024}, {128, 1152, 256}, {256, 2304, 64}, {512, 4608, 16}} {
		m, k, n := s[0], s[1], s[2]
		x, y, z := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		fill(x)
		fill(y)
		eachThreads(b, fmt.Sprintf("%dx%dx%d", m, k, n), float64(2*m*n*k), func() error { return Float32(m, n, k, x, k, y, n, z, n) })
	}
}

// eachThreads measures f, of flop operations, on one thread and on two. Other
// programs disturb the mean, so the fastest run is reported beside it.
func eachThreads(b *testing.B, name string, flop float64, f func() error) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			b.ReportAllocs()
			fastest := time.Duration(1 << 62)
			for b.Loop() {
				start := time.Now()
				if err := f(); err != nil {
					b.Fatal(err)
				}
				fastest = min(fastest, time.Since(start))
			}
			b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			b.ReportMetric(flop/float64(fastest.Nanoseconds()), "maxGFLOP/s")
		})
	}
}

func fill[T Float](x []T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range x {
		x[i] = T(r.Float64() - 0.5)
	}
}
