// Package gemm multiplies matrices.
//
// It is the one door to the kernels: the network's convolutions and linear
// layers, the nearest-neighbour search and the covariance all come through
// here. Every element of a product is summed in one fixed order, so results
// do not depend on how many goroutines share the work.
package gemm

import (
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Float32 computes C = A B for row-major matrices: A is m x k with rows lda
// apart, B is k x n with rows ldb apart, C is m x n with rows ldc apart. C is
// overwritten. It returns an error when a slice is too short for its shape.
func Float32(m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) error {
	if err := check("A", len(a), m, k, lda); err != nil {
		return err
	}
	if err := check("B", len(b), k, n, ldb); err != nil {
		return err
	}
	if err := check("C", len(c), m, n, ldc); err != nil {
		return err
	}
	if m == 0 || n == 0 {
		return nil
	}
	rowBlocks := (m + blockRows - 1) / blockRows
	colBlocks := (n + blockCols - 1) / blockCols
	parallel.For(rowBlocks*colBlocks, 1, func(lo, hi int) {
		panel := make([]float32, k*tileCols)
		for t := lo; t < hi; t++ {
			i0, j0 := t%rowBlocks*blockRows, t/rowBlocks*blockCols
			i1, j1 := min(i0+blockRows, m), min(j0+blockCols, n)
			for j := j0; j < j1; j += tileCols {
				cols := min(tileCols, j1-j)
				packColumns(panel, b[j:], ldb, k, cols)
				for i := i0; i < i1; i += tileRows {
					rows := min(tileRows, i1-i)
					multiplyTile(rows, cols, k, a[i*lda:], lda, panel, c[i*ldc+j:], ldc)
				}
			}
		}
	})
	return nil
}

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

const (
	tileRows, tileCols   = 4, 4    // one micro-kernel's accumulators
	blockRows, blockCols = 64, 128 // one goroutine's piece of work
)

// packColumns copies cols columns of B into a k x tileCols panel, padded with
// zeros, so that the kernel reads one contiguous stream.
func packColumns(panel, b []float32, ldb, k, cols int) {
	for p := range k {
		row := panel[p*tileCols : p*tileCols+tileCols]
		copy(row, b[p*ldb:p*ldb+cols])
		clear(row[cols:])
	}
}

// multiplyTile computes a rows x cols tile of C from rows of A and a packed
// panel of B.
func multiplyTile(rows, cols, k int, a []float32, lda int, panel, c []float32, ldc int) {
	var acc [tileRows][tileCols]float32
	for r := 0; r < rows; r++ {
		var s0, s1, s2, s3 float32
		row := a[r*lda : r*lda+k]
		p := panel[:len(row)*tileCols]
		for i, x := range row {
			b := p[i*tileCols : i*tileCols+tileCols : i*tileCols+tileCols]
			s0 += x * b[0]
			s1 += x * b[1]
			s2 += x * b[2]
			s3 += x * b[3]
		}
		acc[r] = [tileCols]float32{s0, s1, s2, s3}
	}
	for r := range rows {
		copy(c[r*ldc:r*ldc+cols], acc[r][:cols])
	}
}
