// Package transpose lays runs of memory side by side, as the packing of matrices needs it
// ([github.com/glimpse-go/glimpse/internal/gemm], [github.com/glimpse-go/glimpse/internal/conv]).
package transpose

import "unsafe"

// Runs is a transposition: element k of the runs, which begin at Src[Offsets[j]], lie side by
// side,
//
//	Dst[k*Stride + j] = Src[Offsets[j] + k], j < Count, k < Length.
type Runs struct {
	Src     *float32
	Offsets *int // in elements
	Count   int  // a multiple of 4, of 8 for AVX2
	Length  int  // at least 4
	Dst     *float32
	Stride  int
}

// Go takes four runs at a time.
func Go(t *Runs) {
	offsets, dst := unsafe.Slice(t.Offsets, t.Count), unsafe.Slice(t.Dst, (t.Length-1)*t.Stride+t.Count)
	for j := 0; j < t.Count; j += 4 {
		run := func(j int) []float32 {
			return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.Src), 4*offsets[j])), t.Length)
		}
		a, b, c, d := run(j), run(j+1), run(j+2), run(j+3)
		for k := range a {
			to := (*[4]float32)(dst[k*t.Stride+j:])
			to[0], to[1], to[2], to[3] = a[k], b[k], c[k], d[k]
		}
	}
}
