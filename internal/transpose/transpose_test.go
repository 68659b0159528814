package transpose

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// loops are the one of this machine and the portable one.
var loops = map[string]func(*Runs){"portable": runsGo, "machine": (*Runs).Transpose}

// TestRuns transposes runs of any length with every loop; nothing else may be written.
func TestRuns(t *testing.T) {
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 16))
			for range 100 {
				p := Runs{Count: 4 * (1 + r.IntN(8)), Length: 4 + r.IntN(30)}
				p.Stride = p.Count + r.IntN(5)
				src, offsets := numbers[float32](300), make([]int, p.Count)
				for j := range offsets {
					offsets[j] = r.IntN(len(src) - p.Length + 1)
				}
				const guard = 40
				dst := make([]float32, p.Length*p.Stride+2*guard)
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

// TestMatrix transposes matrices of any shape; nothing else may be written.
func TestMatrix(t *testing.T) {
	matrix[float32](t)
	matrix[float64](t)
}

func matrix[T float32 | float64](t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for trial := range 200 {
		rows, cols := r.IntN(45), r.IntN(45)
		if trial%5 == 0 {
			rows, cols = r.IntN(130), r.IntN(200)
		}
		srcStride, dstStride := cols+r.IntN(3), rows+r.IntN(3)
		src := numbers[T](rows*srcStride + 1)
		dst := make([]T, cols*dstStride+40)
		want := slices.Clone(dst)
		for i := range rows {
			for j := range cols {
				want[j*dstStride+i] = src[i*srcStride+j]
			}
		}
		Matrix(dst, dstStride, src, srcStride, rows, cols)
		if !slices.Equal(dst, want) {
			t.Fatalf("%T, %d x %d, strides %d and %d: not transposed", src, rows, cols, srcStride, dstStride)
		}
	}
}

// numbers are n numbers from 1 on.
func numbers[T float32 | float64](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(i + 1)
	}
	return x
}

// BenchmarkMatrix lays 32 rows of 512 elements side by side, as packing does, and transposes a
// square whose rows are 2,048 and 4,096 bytes apart.
func BenchmarkMatrix(b *testing.B) {
	b.Run("32x512/float32", func(b *testing.B) { benchmark[float32](b, 32) })
	b.Run("32x512/float64", func(b *testing.B) { benchmark[float64](b, 32) })
	b.Run("512x512/float32", func(b *testing.B) { benchmark[float32](b, 512) })
	b.Run("512x512/float64", func(b *testing.B) { benchmark[float64](b, 512) })
}

func benchmark[T float32 | float64](b *testing.B, rows int) {
	src, dst := make([]T, rows*512), make([]T, rows*512)
	for b.Loop() {
		Matrix(dst, rows, src, 512, rows, 512)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*len(src)), "ns/element")
}
