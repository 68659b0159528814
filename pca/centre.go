package pca

import "github.com/glimpse-go/glimpse/internal/gemm"

// strip is about how many columns are centred together: their part of a block of rows,
// copied next to each other, stays in the second-level cache until it is read again.
// (Where it lies in the matrix, rows 4,096 bytes apart would push each other out.)
const strip = 64

// centre computes the mean of n rows, stride apart, in each of the columns [j0, j1), and
// writes the rows less their mean to panels, whose row 0 stays free. j0 is the first
// column of a panel, and j1 of another, or the number of columns.
//
// The mean is that of the differences from the first row, so that of a constant column it
// is that constant exactly and the differences are 0; its low part is the mean of what is
// left then. All sums are in float64; of float32, what is written is rounded to float32.
func centre[T gemm.Float](mean []pair, panels *gemm.Panels[T], rows []T, stride, n, j0, j1 int) {
	w, width := j1-j0, panels.Width()
	numbers := make([]float64, 2*w)
	from, sums := numbers[:w], numbers[w:]
	for j := range from {
		from[j] = float64(rows[j0+j])
	}
	const together = 8 // rows, of all panels
	for i := 0; i < n; i += together {
		for j := 0; j < w; j += width {
			end := min(j+width, w)
			drift(panels.Panel((j0 + j) / width)[(1+i)*width:], width, rows[i*stride+j0+j:], stride, min(together, n-i), from[j:end], sums[j:end])
		}
	}
	for j, f := range from {
		from[j] = f + sums[j]/float64(n)
	}
	for j := 0; j < w; j += width {
		end := min(j+width, w)
		subtractMean(panels.Panel((j0 + j) / width)[width:], width, n, from[j:end], sums[j:end])
	}
	for j, f := range from {
		mean[j] = pair{f, sums[j] / float64(n)}
	}
}

// drift copies n rows, as long as from, to dst, whose rows are dstStride apart, and adds
// their differences from from to sums.
func drift[T gemm.Float](dst []T, dstStride int, rows []T, stride, n int, from, sums []float64) {
	w := len(from)
	sums = sums[:w]
	i := 0
	for ; i+4 <= n; i += 4 {
		j := 0
		if vectors {
			if j = w &^ 3; j > 0 {
				_, _ = rows[(i+3)*stride+j-1], dst[(i+3)*dstStride+j-1]
				switch at := any(&rows[i*stride]).(type) {
				case *float64:
					driftAVX2f64(j, any(&dst[i*dstStride]).(*float64), dstStride, at, stride, &from[0], &sums[0])
				case *float32:
					driftAVX2f32(j, any(&dst[i*dstStride]).(*float32), dstStride, at, stride, &from[0], &sums[0])
				}
			}
		}
		if j == w {
			continue
		}
		a, b := rows[i*stride:][:w], rows[(i+1)*stride:][:w]
		c, e := rows[(i+2)*stride:][:w], rows[(i+3)*stride:][:w]
		for r, row := range [][]T{a, b, c, e} {
			copy(dst[(i+r)*dstStride+j:], row[j:])
		}
		for ; j < w; j++ {
			f := from[j]
			sums[j] += (float64(a[j]) - f + (float64(b[j]) - f)) + (float64(c[j]) - f + (float64(e[j]) - f))
		}
	}
	for ; i < n; i++ {
		copy(dst[i*dstStride:], rows[i*stride:][:w])
		for j, v := range rows[i*stride:][:w] {
			sums[j] += float64(v) - from[j]
		}
	}
}

// subtractMean subtracts mean from n rows, stride apart, and sets sums to the sums of what
// is left, before that is rounded to T.
func subtractMean[T gemm.Float](rows []T, stride, n int, mean, sums []float64) {
	w, j := len(mean), 0
	if vectors {
		for ; j+8 <= w; j += 8 {
			_, _ = rows[(n-1)*stride+j+7], sums[j+7]
			switch at := any(&rows[j]).(type) {
			case *float64:
				centreAVX2f64(at, stride, n, &mean[j], &sums[j])
			case *float32:
				centreAVX2f32(at, stride, n, &mean[j], &sums[j])
			}
		}
	}
	if j == w {
		return
	}
	mean, sums = mean[j:], sums[j:w]
	clear(sums)
	for i := range n {
		row := rows[i*stride+j:][:len(mean)]
		for c, v := range row {
			left := float64(v) - mean[c]
			row[c] = T(left)
			sums[c] += left
		}
	}
}
