package pca

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// tile is the side of one goroutine's piece of the product.
const tile = 64

// addProducts adds P P^T to the upper triangle of the m x m row-major matrix
// dst, where P is m x k with rows stride apart. Every element is summed in
// one order, whatever the number of goroutines. It returns ctx's error, with
// dst unfinished, when ctx ends.
func addProducts(ctx context.Context, dst []float64, m int, p []float64, k, stride int) error {
	blocks := (m + tile - 1) / tile
	return parallel.ForContext(ctx, blocks*blocks, 1, func(t, _ int) {
		i0, j0 := t/blocks*tile, t%blocks*tile
		if j0 < i0 {
			return // below the diagonal
		}
		i1, j1 := min(i0+tile, m), min(j0+tile, m)
		row := func(i int) []float64 { return p[i*stride : i*stride+k] }
		i := i0
		for ; i+2 <= i1; i += 2 {
			d0, d1 := dst[i*m:i*m+m], dst[(i+1)*m:(i+2)*m]
			a0, a1 := row(i), row(i+1)
			j := j0
			for ; j+4 <= j1; j += 4 {
				s := dots2x4(a0, a1, row(j), row(j+1), row(j+2), row(j+3))
				for q := range 4 {
					d0[j+q] += s[q]
					d1[j+q] += s[4+q]
				}
			}
			for ; j < j1; j++ {
				b := row(j)
				d0[j] += dot(a0, b)
				d1[j] += dot(a1, b)
			}
		}
		for ; i < i1; i++ {
			d, a := dst[i*m:i*m+m], row(i)
			for j := j0; j < j1; j++ {
				d[j] += dot(a, row(j))
			}
		}
	})
}

// dots2x4 returns the inner products of a0 and of a1 with each of b0 to b3:
// eight sums that stay in registers, for six loads.
func dots2x4(a0, a1, b0, b1, b2, b3 []float64) [8]float64 {
	n := len(a0)
	a1, b0, b1, b2, b3 = a1[:n], b0[:n], b1[:n], b2[:n], b3[:n]
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for i, x := range a0 {
		y := a1[i]
		p, q, r, s := b0[i], b1[i], b2[i], b3[i]
		s0 += x * p
		s1 += x * q
		s2 += x * r
		s3 += x * s
		s4 += y * p
		s5 += y * q
		s6 += y * r
		s7 += y * s
	}
	return [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
}

// dot returns the inner product of two vectors of one length.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	s := 0.0
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// dots1x4 returns the inner products of a with each of b0 to b3.
func dots1x4(a, b0, b1, b2, b3 []float64) (s0, s1, s2, s3 float64) {
	n := len(a)
	b0, b1, b2, b3 = b0[:n], b1[:n], b2[:n], b3[:n]
	for i, x := range a {
		s0 += x * b0[i]
		s1 += x * b1[i]
		s2 += x * b2[i]
		s3 += x * b3[i]
	}
	return s0, s1, s2, s3
}
