package pca

// rows4 adds scale[0] a[j] + scale[1] a[stride+j] + ... of four rows, n
// elements each and stride apart, to y[j], and returns the products of the
// rows with x: half of what a symmetric matrix does to a vector, and the other
// half, in one pass over it. y must not overlap the rows or x.
func rows4(n int, a []float64, stride int, x, y []float64, scale *[4]float64) (dots [4]float64) {
	if n == 0 {
		return dots
	}
	a0, a1, a2, a3 := a[:n], a[stride:][:n], a[2*stride:][:n], a[3*stride:][:n]
	x, y = x[:n], y[:n]
	j := 0
	if vectors {
		if j = n &^ 3; j > 0 {
			rows4AVX2(j, &a[0], stride, &x[0], &y[0], scale, &dots)
		}
	}
	for ; j < n; j++ {
		p, q, r, s, v := a0[j], a1[j], a2[j], a3[j], x[j]
		y[j] += scale[0]*p + scale[1]*q + (scale[2]*r + scale[3]*s)
		dots[0] += p * v
		dots[1] += q * v
		dots[2] += r * v
		dots[3] += s * v
	}
	return dots
}

// A rotation by an angle of at most 90 degrees turns two neighbouring rows a and
// b: (c a - s b, s a + c b). As three shears, of t = tan(angle/2) <= 1 and s, it
// takes three operations and not four: a -= t b, b += s a, a -= t b.
type rotation struct{ t, s float64 }

// width is how many columns of eigenvectors are turned together.
const width = 32

// turn applies rotations to the rows of an array of rows of width columns: the
// first to rows last and last+1, the next to last-1 and last, and so on up.
func turn(rows []float64, last int, rotations []rotation) {
	if len(rotations) == 0 {
		return
	}
	if vectors {
		_ = rows[(last+2)*width-1]
		_ = rows[(last-len(rotations)+1)*width]
		turnAVX2(&rows[last*width], &rotations[0], len(rotations))
		return
	}
	for i, r := range rotations {
		a := (*[width]float64)(rows[(last-i)*width:])
		b := (*[width]float64)(rows[(last-i+1)*width:])
		for j, x := range a {
			y := b[j]
			x -= r.t * y
			y += r.s * x
			a[j], b[j] = x-r.t*y, y
		}
	}
}
