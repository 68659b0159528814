package gemm

import "testing"

// Packing against its definition: step p of lane i of dst is element k0+p of line i0+i, or 0
// past the last line; whichever way the lines lie, in every block of depth, for panels
// narrower and wider than a kernel's.
func TestPack(t *testing.T) {
	for _, pair := range kernels {
		packs(t, pair.name, kernelFor[float32](pair))
		packs(t, pair.name, kernelFor[float64](pair))
	}
}

func packs[T Float](t *testing.T, name string, kern *kernel[T]) {
	const lanes, k = 70, 150
	for _, s := range []lines[T]{{line: k + 3, step: 1}, {line: 1, step: lanes + 5}} {
		s.data = make([]T, (lanes+5)*(k+3))
		for i := range s.data {
			s.data[i] = T(i + 1)
		}
		for _, width := range []int{1, kern.mr, kern.nr, kern.nr + 1, kern.nr + 16} {
			for _, r := range [][4]int{{0, k, 0, width}, {7, k, 3, 3 + width}, {1, 67, 1, 1 + width}, {7, 30, 0, width - width/3}, {49, 50, 5, 6}, {20, 20, 0, width}, {0, k, 4, 4}} {
				k0, k1, i0, i1 := r[0], r[1], r[2], min(r[3], lanes, r[2]+width)
				dst := make([]T, width*(k1-k0))
				for i := range dst {
					dst[i] = -1
				}
				s.pack(kern, dst, width, k0, k1, i0, i1)
				for at, got := range dst {
					p, lane := at/width, at%width
					var want T
					if i0+lane < i1 {
						want = s.data[(i0+lane)*s.line+(k0+p)*s.step]
					}
					if got != want {
						t.Fatalf("%s, lines of step %d, width %d, elements [%d, %d) of lines [%d, %d): element %d of lane %d is %v, want %v",
							name, s.step, width, k0, k1, i0, i1, p, lane, got, want)
					}
				}
			}
		}
	}
}
