// Package transpose lays rows of memory side by side. The packing of matrices needs it, in
// internal/gemm and internal/conv, and whoever reads a product by its columns. Nothing is
// computed, so that GLIMPSE_KERNEL has no say: the loop is the fastest that the processor has.
package transpose

import "unsafe"

// Runs is a transposition: element k of the runs, which begin at Src[Offsets[j]], lie side by
// side,
//
//	Dst[k*Stride + j] = Src[Offsets[j] + k], j < Count, k < Length.
type Runs struct {
	Src     *float32
	Offsets *int // in elements
	Count   int  // a multiple of 4; of 8 for the fastest loop
	Length  int  // at least 4
	Dst     *float32
	Stride  int
}

// runsGo takes four runs at a time.
func runsGo(t *Runs) {
	offsets, dst := unsafe.Slice(t.Offsets, t.Count), unsafe.Slice(t.Dst, (t.Length-1)*t.Stride+t.Count)
	for j := 0; j < t.Count; j += 4 {
		run := func(j int) []float32 {
			return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.Src), 4*offsets[j])), t.Length)
		}
		four(dst[j:], t.Stride, run(j), run(j+1), run(j+2), run(j+3))
	}
}

// four lays four runs side by side.
func four[T float32 | float64](dst []T, stride int, a, b, c, d []T) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	for k := range a {
		to := (*[4]T)(dst[k*stride:])
		to[0], to[1], to[2], to[3] = a[k], b[k], c[k], d[k]
	}
}

// Matrix transposes a rows x cols matrix,
//
//	dst[j*dstStride + i] = src[i*srcStride + j], i < rows, j < cols,
//
// in tiles that the first-level cache holds: rows of dst that lie a power of two apart push
// each other out of it.
func Matrix[T float32 | float64](dst []T, dstStride int, src []T, srcStride, rows, cols int) {
	const high = 32
	wide := 64
	if dstStride > 64 {
		wide = 8
	}
	for j := 0; j < cols; j += wide {
		for i := 0; i < rows; i += high {
			tile(dst[j*dstStride+i:], dstStride, src[i*srcStride+j:], srcStride, min(high, rows-i), min(wide, cols-j))
		}
	}
}

// tile is Matrix for at most 32 rows.
func tile[T float32 | float64](dst []T, dstStride int, src []T, srcStride, rows, cols int) {
	i := 0
	if from, ok := any(src).([]float32); ok && cols >= 4 && rows >= 8 {
		i = rows &^ 7
		var offsets [32]int
		for r := range i {
			offsets[r] = r * srcStride
		}
		to := any(dst).([]float32)
		(&Runs{Src: &from[0], Offsets: &offsets[0], Count: i, Length: cols, Dst: &to[0], Stride: dstStride}).Transpose()
	}
	row := func(i int) []T { return src[i*srcStride:][:cols] }
	for ; i+4 <= rows; i += 4 {
		four(dst[i:], dstStride, row(i), row(i+1), row(i+2), row(i+3))
	}
	for ; i < rows; i++ {
		for j, v := range row(i) {
			dst[j*dstStride+i] = v
		}
	}
}
