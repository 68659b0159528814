package gemm

import (
	"fmt"
	"os"
	"strings"
)

// Float is the element type of a product.
type Float interface{ float32 | float64 }

// A kernel is one instruction set's innermost loops, for one element type.
// Panels are k-major: a panel of A holds mr rows, a[p*mr+i], and a panel of B
// holds nr columns, b[p*nr+j]; lanes past the matrix's edge are zero.
type kernel[T Float] struct {
	name   string
	mr, nr int // rows and columns of a tile
	narrow int // columns of a panel that is short of nr, if they suffice
	kc     int // largest number of summands between two stores
	nc     int // columns of B that stay in the second-level cache

	// mul sets tile[i*nr+j] to the sum over p < k of a[p*mr+i]*b[p*lanes+j],
	// in that order. lanes is nr or narrow.
	mul func(k int, a, b, tile *T, lanes int)

	// mulStep is mul of a whole panel of B, for rows of A's panel that lie step apart:
	// a[p*step+i]. It is nil where a panel of B has not as many columns as some of A.
	mulStep func(k int, a *T, step int, b, tile *T)

	// store writes the first rows x cols elements of a tile to dst, whose rows
	// lie stride apart: tile, plus add (laid out as dst, nil for none, may be
	// dst).
	store func(dst, add, tile *T, stride, rows, cols int)

	// addTo adds the first rows x cols elements of a tile to dst, whose rows lie
	// stride apart.
	addTo func(dst *float64, tile *T, stride, rows, cols int)

	// copyRows copies rows runs of cols <= nr elements between strides.
	copyRows func(dst *T, dstStride int, src *T, srcStride, rows, cols int)
}

// A kernelPair is one instruction set for both element types.
type kernelPair struct {
	name string
	f32  *kernel[float32]
	f64  *kernel[float64]
}

// kernels lists what this machine can run, the fastest first; the portable
// kernel is always last.
var kernels = append(machineKernels(), portable)

// KernelVariable names the environment variable that forces a kernel: avx512,
// avx2, neon or portable.
const KernelVariable = "GLIMPSE_KERNEL"

var chosen, errChosen = chooseKernel(os.Getenv(KernelVariable))

// chooseKernel returns the named kernel, or the fastest for an empty name.
func chooseKernel(name string) (kernelPair, error) {
	if name == "" {
		return kernels[0], nil
	}
	var have []string
	for _, k := range kernels {
		if k.name == name {
			return k, nil
		}
		have = append(have, k.name)
	}
	return portable, fmt.Errorf("gemm: %s=%s: this machine and build have %s", KernelVariable, name, strings.Join(have, ", "))
}

// Kernel names the kernel in use: avx512, avx2, neon or portable. The error
// says that GLIMPSE_KERNEL asks for one that is not there; every product
// returns the same error.
func Kernel() (string, error) { return chosen.name, errChosen }

// kernelFor returns the chosen kernel for an element type.
func kernelFor[T Float](p kernelPair) *kernel[T] {
	if k, ok := any(p.f32).(*kernel[T]); ok {
		return k
	}
	return any(p.f64).(*kernel[T])
}
