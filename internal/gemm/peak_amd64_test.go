//go:build !purego

package gemm

func peaks() []peak {
	var list []peak
	for _, k := range machineKernels() {
		switch k.name {
		case "avx512":
			list = append(list, peak{"float32/avx512", 2 * 16 * 16, peakAVX512f32}, peak{"float64/avx512", 2 * 8 * 16, peakAVX512f64})
		case "avx2":
			list = append(list, peak{"float32/avx2", 2 * 8 * 12, peakAVX2f32}, peak{"float64/avx2", 2 * 4 * 12, peakAVX2f64})
		}
	}
	return list
}
