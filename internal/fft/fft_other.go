//go:build purego || !amd64

package fft

// machineKernels is empty: this build has the portable kernel alone.
func machineKernels() []*kernel { return nil }
