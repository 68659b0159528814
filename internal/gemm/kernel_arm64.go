//go:build !purego

package gemm

// machineKernels is NEON, which every arm64 processor has. Tiles of 8 rows by
// three vectors take 24 of 32 registers as sums.
func machineKernels() []kernelPair {
	return []kernelPair{{
		"neon",
		&kernel[float32]{"neon", 8, 12, 12, 256, 252, mulNEONf32, nil, storeNEONf32, addToNEONf32, copyRowsGo[float32]},
		&kernel[float64]{"neon", 8, 6, 6, 256, 126, mulNEONf64, nil, storeNEONf64, addStored(storeNEONf64), copyRowsGo[float64]},
	}}
}

//go:noescape
func mulNEONf32(k int, a, b, tile *float32, lanes int)

//go:noescape
func mulNEONf64(k int, a, b, tile *float64, lanes int)

func storeNEONf32(dst, add, tile *float32, stride, rows, cols int) {
	storeGo(12, dst, add, tile, stride, rows, cols)
}

func storeNEONf64(dst, add, tile *float64, stride, rows, cols int) {
	storeGo(6, dst, add, tile, stride, rows, cols)
}

func addToNEONf32(dst *float64, tile *float32, stride, rows, cols int) {
	addToGo(12, dst, tile, stride, rows, cols)
}
