package gemm

// AddSyrk64 adds AᵀA to the upper triangle of C, diagonal included, for a
// row-major matrix A of k rows, lda apart, and n columns; C is n x n with rows
// ldc apart. What it leaves below the diagonal is of no use. It returns an
// error when a slice is too short for its shape.
func AddSyrk64(n, k int, a []float64, lda int, c []float64, ldc int) error {
	if errChosen != nil {
		return errChosen
	}
	if err := check("A", len(a), k, n, lda); err != nil {
		return err
	}
	if err := check("C", len(c), n, n, ldc); err != nil {
		return err
	}
	if k > 0 {
		lines := lines[float64]{a, 1, lda}
		multiplyLines(kernelFor[float64](chosen), n, n, k, lines, lines, c, ldc, true, true)
	}
	return nil
}
