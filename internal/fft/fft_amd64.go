//go:build !purego

package fft

import "golang.org/x/sys/cpu"

// machineKernels lists the kernels in assembly that this processor can run.
func machineKernels() (list []*kernel) {
	if cpu.X86.HasAVX512F {
		list = append(list, &kernel{"avx512", fftPass2AVX512, fftPass3AVX512, fftPass4AVX512, fftTurnAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, &kernel{"avx2", fftPass2AVX2, fftPass3AVX2, fftPass4AVX2, fftTurnAVX2})
	}
	return list
}

//go:noescape
func fftPass2AVX512(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftPass3AVX512(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftPass4AVX512(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftPass2AVX2(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftPass3AVX2(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftPass4AVX2(dst, src, twiddles *float64, m, stride int)

//go:noescape
func fftTurnAVX512(dst, a, b *float64, dstStep, aStep, bStep int, sign float64)

//go:noescape
func fftTurnAVX2(dst, a, b *float64, dstStep, aStep, bStep int, sign float64)
