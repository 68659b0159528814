//go:build !purego

package pca

import (
	"golang.org/x/sys/cpu"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

// vectors says whether this machine has AVX2 and FMA, and GLIMPSE_KERNEL does
// not ask for portable code. AVX-512 gains nothing: the loops wait for memory.
var vectors = func() bool {
	name, err := gemm.Kernel()
	return err == nil && name != "portable" && cpu.X86.HasAVX2 && cpu.X86.HasFMA
}()

// rows4AVX2 is rows4 for n a multiple of 4, not 0.
//
//go:noescape
func rows4AVX2(n int, a *float64, stride int, x, y *float64, scale, dots *[4]float64)

// turnAVX2 is turn for n rotations, of which the first turns the row at rows
// and the one after it.
//
//go:noescape
func turnAVX2(rows *float64, rotations *rotation, n int)
