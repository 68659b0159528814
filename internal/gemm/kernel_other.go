//go:build purego || !(amd64 || arm64)

package gemm

// machineKernels is empty: this build has the portable kernel alone.
func machineKernels() []kernelPair { return nil }
