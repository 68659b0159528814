//go:build !purego

package gemm

func machineKernels() []kernelPair { return nil }
