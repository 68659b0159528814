// Package dispatch picks, of the versions of a loop for several instruction sets,
// the one that the whole program uses: that of the matrix products of internal/gemm,
// so that GLIMPSE_KERNEL forces them all. (Go 1.26's simd/archsimd would make such
// versions Go; it needs GOEXPERIMENT=simd, which a user of a package does not set.
// When that is no longer so, this is the door where they come in.)
package dispatch

import "github.com/glimpse-go/glimpse/internal/gemm"

// Choose returns the version of the chosen instruction set among those that this
// machine can run, or else the portable one. (gemm reports a name that is wrong.)
func Choose[V interface{ Name() string }](portable V, machine []V) V {
	name, err := gemm.Kernel()
	for _, v := range machine {
		if err == nil && v.Name() == name {
			return v
		}
	}
	return portable
}
