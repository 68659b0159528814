//go:build !purego

package pca

// driftAVX2f64 is drift of 4 rows and w columns, a multiple of 4, not 0.
//
//go:noescape
func driftAVX2f64(w int, dst *float64, dstStride int, rows *float64, stride int, from, sums *float64)

//go:noescape
func driftAVX2f32(w int, dst *float32, dstStride int, rows *float32, stride int, from, sums *float64)

// centreAVX2f64 is subtractMean of 8 columns and n rows, not 0.
//
//go:noescape
func centreAVX2f64(rows *float64, stride, n int, mean, sums *float64)

//go:noescape
func centreAVX2f32(rows *float32, stride, n int, mean, sums *float64)
