//go:build !purego

package gemm

import "golang.org/x/sys/cpu"

// machineKernels lists the kernels in assembly that this processor can run.
//
// Tiles: with AVX-512, 8 rows by two vectors take 16 of 32 registers as sums.
// That hides the latency of fused multiply-add (4 cycles, at most 2 a cycle)
// and, unlike taller tiles, divides every layer of ResNet18. With AVX2, 6 rows
// by two vectors are the most that fit in 16 registers.
func machineKernels() []kernelPair {
	var list []kernelPair
	if cpu.X86.HasAVX512F {
		list = append(list, kernelPair{
			"avx512",
			&kernel[float32]{"avx512", 8, 32, 16, 512, 256, mulAVX512f32, mulStepAVX512f32, storeAVX512f32, addToAVX512f32, copyRowsAVX512f32},
			&kernel[float64]{"avx512", 8, 16, 8, 512, 128, mulAVX512f64, mulStepAVX512f64, storeAVX512f64, addStored(storeAVX512f64), copyRowsAVX512f64},
		})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, kernelPair{
			"avx2",
			&kernel[float32]{"avx2", 6, 16, 8, 384, 256, mulAVX2f32, nil, storeAVX2f32, addToAVX2f32, copyRowsAVX2f32},
			&kernel[float64]{"avx2", 6, 8, 4, 384, 128, mulAVX2f64, nil, storeAVX2f64, addStored(storeAVX2f64), copyRowsAVX2f64},
		})
	}
	return list
}

//go:noescape
func mulAVX512f32(k int, a, b, tile *float32, lanes int)

//go:noescape
func mulAVX512f64(k int, a, b, tile *float64, lanes int)

//go:noescape
func mulStepAVX512f32(k int, a *float32, step int, b, tile *float32)

//go:noescape
func mulStepAVX512f64(k int, a *float64, step int, b, tile *float64)

//go:noescape
func storeAVX512f32(dst, add, tile *float32, stride, rows, cols int)

//go:noescape
func storeAVX512f64(dst, add, tile *float64, stride, rows, cols int)

//go:noescape
func copyRowsAVX512f32(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)

//go:noescape
func copyRowsAVX512f64(dst *float64, dstStride int, src *float64, srcStride, rows, cols int)

//go:noescape
func mulAVX2f32(k int, a, b, tile *float32, lanes int)

//go:noescape
func mulAVX2f64(k int, a, b, tile *float64, lanes int)

//go:noescape
func storeAVX2f32(dst, add, tile *float32, stride, rows, cols int)

//go:noescape
func storeAVX2f64(dst, add, tile *float64, stride, rows, cols int)

//go:noescape
func copyRowsAVX2f32(dst *float32, dstStride int, src *float32, srcStride, rows, cols int)

//go:noescape
func copyRowsAVX2f64(dst *float64, dstStride int, src *float64, srcStride, rows, cols int)

// widenAVX512f32 adds whole rows of a tile to those of dst.
//
//go:noescape
func widenAVX512f32(dst *float64, tile *float32, stride, rows int)

//go:noescape
func widenAVX2f32(dst *float64, tile *float32, stride, rows int)

func addToAVX512f32(dst *float64, tile *float32, stride, rows, cols int) {
	if cols < 32 {
		addToGo(32, dst, tile, stride, rows, cols)
		return
	}
	widenAVX512f32(dst, tile, stride, rows)
}

func addToAVX2f32(dst *float64, tile *float32, stride, rows, cols int) {
	if cols < 16 {
		addToGo(16, dst, tile, stride, rows, cols)
		return
	}
	widenAVX2f32(dst, tile, stride, rows)
}
