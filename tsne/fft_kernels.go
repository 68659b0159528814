package tsne

import "github.com/glimpse-go/glimpse/internal/gemm"

// fftPortable is the kernel in Go.
var fftPortable = fftKernel{name: "portable"}

// fftKernels is the kernel of the instruction set that the matrix products use,
// or the portable one.
var fftKernels = chooseFFTKernel()

func chooseFFTKernel() *fftKernel {
	name, err := gemm.Kernel()
	if err == nil {
		for i, k := range machineFFTKernels {
			if k.name == name {
				return &machineFFTKernels[i]
			}
		}
	}
	return &fftPortable
}
