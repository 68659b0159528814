//go:build purego || !amd64

package tsne

// machineFFTKernels is empty: this build has the portable kernel alone.
var machineFFTKernels []fftKernel
