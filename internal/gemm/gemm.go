// Package gemm multiplies matrices.
//
// It is the one door to the kernels: the layers of the reference path, the
// nearest-neighbour search and the covariance all come through here (the
// compiled plan's convolutions have kernels of their own, in internal/conv).
// Every element of a product is summed in one fixed order, so results
// do not depend on how many goroutines share the work, nor on how many other
// rows and columns are computed with it.
//
// The innermost loops are in assembly (AVX-512, AVX2, NEON), picked when the
// program starts, with a portable kernel in Go that is alone under -tags
// purego. The environment variable GLIMPSE_KERNEL forces one of them. Kernels
// differ from one another in the last bits.
package gemm

import (
	"fmt"
	"sync"
	"unsafe"
)

// Float32 computes C = A B for row-major matrices: A is m x k with rows lda
// apart, B is k x n with rows ldb apart, C is m x n with rows ldc apart. C is
// overwritten, and must not overlap A or B. It returns an error when a slice is
// too short for its shape.
func Float32(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) error {
	return dense(chosen, m, n, k, a, lda, b, ldb, c, ldc, false, false)
}

// Float64 is Float32 for float64.
func Float64(m, n, k int, a []float64, lda int, b []float64, ldb int, c []float64, ldc int) error {
	return dense(chosen, m, n, k, a, lda, b, ldb, c, ldc, false, false)
}

// AddFloat64 computes C += A B: as Float64, but the product is added to what is
// in C.
func AddFloat64(m, n, k int, a []float64, lda int, b []float64, ldb int, c []float64, ldc int) error {
	return dense(chosen, m, n, k, a, lda, b, ldb, c, ldc, false, true)
}

// Float32NT computes C = A Bᵀ: as Float32, but B is n x k with rows ldb apart.
func Float32NT(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) error {
	return dense(chosen, m, n, k, a, lda, b, ldb, c, ldc, true, false)
}

// Float64NT computes C = A Bᵀ: as Float64, but B is n x k with rows ldb apart.
func Float64NT(m, n, k int, a []float64, lda int, b []float64, ldb int, c []float64, ldc int) error {
	return dense(chosen, m, n, k, a, lda, b, ldb, c, ldc, true, false)
}

// dense is Float32 and Float64 with the kernels of with; if nt, B is
// transposed, and if add, the product is added to C.
func dense[T Float](with kernelPair, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int, nt, add bool) error {
	if errChosen != nil {
		return errChosen
	}
	if err := check("A", len(a), m, k, lda); err != nil {
		return err
	}
	right, rows, cols := lines[T]{b, 1, ldb}, k, n
	if nt {
		right, rows, cols = lines[T]{b, ldb, 1}, n, k
	}
	if err := check("B", len(b), rows, cols, ldb); err != nil {
		return err
	}
	if err := check("C", len(c), m, n, ldc); err != nil {
		return err
	}
	multiplyLines(kernelFor[T](with), m, n, k, lines[T]{a, lda, 1}, right, c, ldc, add)
	return nil
}

// leftBytes bounds the packed part of A that a product holds at a time.
const leftBytes = 4 << 20

// multiplyLines packs A piece by piece and multiplies each. Pieces end where
// blocks of k end, so the sums are those of one piece. A piece has all rows if
// one block of k allows it, so that B is packed once, and then as many blocks
// as fit. With add, the product is added to C.
func multiplyLines[T Float](kern *kernel[T], m, n, k int, a, b lines[T], c []T, ldc int, add bool) {
	if m == 0 || n == 0 {
		return
	}
	var x T
	size := leftBytes / int(unsafe.Sizeof(x))
	block := blockOf(kern, k)
	height := min(ceil(m, kern.mr), max(1, size/(block*kern.mr))) * kern.mr
	width := max(1, size/(height*block)) * block

	pool := leftPool[T]()
	buffer, _ := pool.Get().(*[]T)
	if buffer == nil {
		buffer = new([]T)
	}
	defer pool.Put(buffer)
	for i := 0; i < m; i += height {
		for p := 0; p == 0 || p < k; p += width {
			rows, sums := min(height, m-i), min(width, k-p)
			left := newPackedA(kern, rows, sums, block, *buffer)
			*buffer = left.data
			left.fill(a.from(i, p))
			(&product[T]{a: left, n: n, b: b.from(0, p), c: c[i*ldc:], ldc: ldc, add: add || p > 0,
				ws: sharedWorkspace[T]()}).run()
		}
	}
}

// from returns the lines from line i and element p on.
func (s lines[T]) from(i, p int) lines[T] {
	return lines[T]{s.data[min(i*s.line+p*s.step, len(s.data)):], s.line, s.step}
}

// leftPool keeps the packed pieces of A.
func leftPool[T Float]() *sync.Pool {
	var x T
	if unsafe.Sizeof(x) == 4 {
		return &leftPool32
	}
	return &leftPool64
}

var leftPool32, leftPool64 sync.Pool

// check reports whether a row-major rows x cols matrix with the given stride
// fits in length elements.
func check(name string, length, rows, cols, stride int) error {
	if rows < 0 || cols < 0 || stride < cols {
		return fmt.Errorf("gemm: %s: bad shape %d x %d with stride %d", name, rows, cols, stride)
	}
	if rows > 0 && cols > 0 && length < (rows-1)*stride+cols {
		return fmt.Errorf("gemm: %s: %d elements are too few for %d x %d with stride %d", name, length, rows, cols, stride)
	}
	return nil
}
