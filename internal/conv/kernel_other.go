//go:build purego || !(amd64 || arm64)

package conv

// machineKernels is empty: this build has the portable kernel alone.
func machineKernels() []*kernel { return nil }
