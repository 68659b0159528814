package pca

import "github.com/glimpse-go/glimpse/internal/gemm"

// strip is about how many columns are centred together: few enough that their part of a
// block of rows is still in the second-level cache when it is read again.
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
	drift(from, sums, rows[j0:], stride, n)
	for j, f := range from {
		from[j] = f + sums[j]/float64(n)
	}
	for j := 0; j < w; j += width {
		centreColumns(panels.Panel((j0 + j) / width)[width:], width, rows[j0+j:], stride, n, from[j:min(j+width, w)], sums[j:])
	}
	for j, f := range from {
		mean[j] = pair{f, sums[j] / float64(n)}
	}
}

// drift adds the differences of n rows from from to sums.
func drift[T gemm.Float](from, sums []float64, rows []T, stride, n int) {
	w := len(from)
	sums = sums[:w]
	i := 0
	for ; i+4 <= n; i += 4 {
		j := 0
		if vectors {
			if j = w &^ 3; j > 0 {
				_ = rows[(i+3)*stride+j-1]
				switch at := any(&rows[i*stride]).(type) {
				case *float64:
					driftAVX2f64(j, at, stride, &from[0], &sums[0])
				case *float32:
					driftAVX2f32(j, at, stride, &from[0], &sums[0])
				}
			}
		}
		if j == w {
			continue
		}
		a, b := rows[i*stride:][:w], rows[(i+1)*stride:][:w]
		c, e := rows[(i+2)*stride:][:w], rows[(i+3)*stride:][:w]
		for ; j < w; j++ {
			f := from[j]
			sums[j] += (float64(a[j]) - f + (float64(b[j]) - f)) + (float64(c[j]) - f + (float64(e[j]) - f))
		}
	}
	for ; i < n; i++ {
		for j, v := range rows[i*stride:][:w] {
			sums[j] += float64(v) - from[j]
		}
	}
}

// centreColumns writes n rows less mean to dst, whose rows are dstStride apart, and sets
// sums to the sums of what it wrote, before that was rounded to T.
func centreColumns[T gemm.Float](dst []T, dstStride int, rows []T, stride, n int, mean, sums []float64) {
	w, j := len(mean), 0
	if vectors {
		for ; j+8 <= w; j += 8 {
			_, _, _ = rows[(n-1)*stride+j+7], dst[(n-1)*dstStride+j+7], sums[j+7]
			switch at := any(&rows[j]).(type) {
			case *float64:
				centreAVX2f64(any(&dst[j]).(*float64), dstStride, at, stride, n, &mean[j], &sums[j])
			case *float32:
				centreAVX2f32(any(&dst[j]).(*float32), dstStride, at, stride, n, &mean[j], &sums[j])
			}
		}
	}
	if j == w {
		return
	}
	mean, sums = mean[j:], sums[j:w]
	clear(sums)
	for i := range n {
		out := dst[i*dstStride+j:][:len(mean)]
		for c, v := range rows[i*stride+j:][:len(mean)] {
			left := float64(v) - mean[c]
			out[c] = T(left)
			sums[c] += left
		}
	}
}
