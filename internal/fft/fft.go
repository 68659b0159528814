// Package fft convolves real grids of one or two dimensions by Fourier transforms
// of its own: eight at a time, side by side in vectors.
package fft

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/dispatch"
)

// lanes is how many complex sequences are transformed at once, side by side:
// element e of all of them is 16 numbers, 8 real parts and then 8 imaginary
// ones, so that every step of the transform combines whole vectors.
const lanes = 8

// elementLen is the length of one element of all lanes.
const elementLen = 2 * lanes

// A dft is the discrete Fourier transform of one length,
//
//	X[k] = sum_j x[j] exp(-2 pi i j k / n),
//
// by Stockham's algorithm: passes of radix 4, 3 and 2 from one buffer to
// another, which leave the result in order. It may be used by many goroutines.
type dft struct {
	n      int
	passes []stage
}

// A stage splits each of stride interleaved sequences of length radix*m into
// radix sequences of length m.
type stage struct {
	radix, m, stride int
	// twiddles[2*(p*(radix-1)+j-1):] is exp(-2 pi i j p / (radix*m)), j > 0.
	twiddles []float64
}

// lengthFor returns the least length of at least n that a plan can have: a
// product of twos and threes.
func lengthFor(n int) int {
	best := math.MaxInt
	for three := 1; ; three *= 3 {
		size := three
		for size < n {
			size *= 2
		}
		best = min(best, size)
		if three >= n {
			return best
		}
	}
}

// newDFT returns the plan for a length that lengthFor returned.
func newDFT(n int) *dft {
	plan := &dft{n: n}
	stride := 1
	for left := n; left > 1; {
		radix := 2
		switch {
		case left%3 == 0:
			radix = 3
		case left%4 == 0:
			radix = 4
		}
		m := left / radix
		pass := stage{radix: radix, m: m, stride: stride}
		for p := range m {
			for j := 1; j < radix; j++ {
				sin, cos := math.Sincos(-2 * math.Pi * float64(j*p%left) / float64(left))
				pass.twiddles = append(pass.twiddles, cos, sin)
			}
		}
		plan.passes = append(plan.passes, pass)
		left, stride = m, stride*radix
	}
	return plan
}

// transform transforms the n elements of x in all lanes, and returns where the
// result is, x or scratch; the other is overwritten. With the real and the
// imaginary parts exchanged, before and after, it is the inverse times n.
func (plan *dft) transform(x, scratch []float64) []float64 {
	size := plan.n * elementLen
	x, scratch = x[:size], scratch[:size]
	for i := range plan.passes {
		pass := &plan.passes[i]
		chosen.pass(scratch, x, pass)
		x, scratch = scratch, x
	}
	return x
}

// A kernel is one instruction set's passes. The source and the destination
// hold radix*m*stride elements each.
type kernel struct {
	name                string
	pass2, pass3, pass4 func(dst, src, twiddles *float64, m, stride int)

	// turn is turn8 with steps in bytes.
	turn func(dst, a, b *float64, dstStep, aStep, bStep int, sign float64)
}

func (k *kernel) Name() string { return k.name }

// portable is the kernel in Go.
var portable = &kernel{name: "portable"}

var chosen = dispatch.Choose(portable, machineKernels())

// turn8 adds two blocks and transposes the sum: it sets dst[i*dstStep+j] to a[j*aStep+i] + sign*b[j*bStep+i], i and j in
// [0, lanes), each slice from the index at which it is given on: steps may be
// negative.
func (k *kernel) turn8(dst []float64, to, dstStep int, a []float64, atA, aStep int, b []float64, atB, bStep int, sign float64) {
	// The ends are looked at here, for assembly does not.
	const last = lanes - 1
	_, _ = dst[to+last], dst[to+last*dstStep+last]
	_, _ = a[atA+last], a[atA+last*aStep+last]
	_, _ = b[atB+last], b[atB+last*bStep+last]
	if k.turn != nil {
		k.turn(&dst[to], &a[atA], &b[atB], 8*dstStep, 8*aStep, 8*bStep, sign)
		return
	}
	for j := range lanes {
		x := (*[lanes]float64)(a[atA+j*aStep:])
		y := (*[lanes]float64)(b[atB+j*bStep:])
		for i := range lanes {
			dst[to+i*dstStep+j] = x[i] + sign*y[i]
		}
	}
}

// pass does one pass from src to dst.
func (k *kernel) pass(dst, src []float64, p *stage) {
	switch {
	case k.pass4 == nil && p.radix == 4:
		pass4(dst, src, p.twiddles, p.m, p.stride)
	case k.pass4 == nil && p.radix == 3:
		pass3(dst, src, p.twiddles, p.m, p.stride)
	case k.pass4 == nil:
		pass2(dst, src, p.twiddles, p.m, p.stride)
	case p.radix == 4:
		k.pass4(&dst[0], &src[0], &p.twiddles[0], p.m, p.stride)
	case p.radix == 3:
		k.pass3(&dst[0], &src[0], &p.twiddles[0], p.m, p.stride)
	default:
		k.pass2(&dst[0], &src[0], &p.twiddles[0], p.m, p.stride)
	}
}

// element returns all lanes of the i-th element.
func element(x []float64, i int) *[elementLen]float64 {
	return (*[elementLen]float64)(x[i*elementLen:])
}

// pass4 is the portable pass of radix 4.
func pass4(dst, src, twiddles []float64, m, stride int) {
	for p := range m {
		w := (*[6]float64)(twiddles[6*p:])
		for q := range stride {
			a, b := element(src, q+stride*p), element(src, q+stride*(p+m))
			c, d := element(src, q+stride*(p+2*m)), element(src, q+stride*(p+3*m))
			y0, y1 := element(dst, q+stride*4*p), element(dst, q+stride*(4*p+1))
			y2, y3 := element(dst, q+stride*(4*p+2)), element(dst, q+stride*(4*p+3))
			for l := range lanes {
				r, i := l, l+lanes
				sumR, sumI := a[r]+c[r], a[i]+c[i]
				diffR, diffI := a[r]-c[r], a[i]-c[i]
				oddR, oddI := b[r]+d[r], b[i]+d[i]
				turnR, turnI := b[r]-d[r], b[i]-d[i]
				y0[r], y0[i] = sumR+oddR, sumI+oddI
				y1[r], y1[i] = times(diffR+turnI, diffI-turnR, w[0], w[1])
				y2[r], y2[i] = times(sumR-oddR, sumI-oddI, w[2], w[3])
				y3[r], y3[i] = times(diffR-turnI, diffI+turnR, w[4], w[5])
			}
		}
	}
}

// pass3 is the portable pass of radix 3.
func pass3(dst, src, twiddles []float64, m, stride int) {
	for p := range m {
		w := (*[4]float64)(twiddles[4*p:])
		for q := range stride {
			a, b, c := element(src, q+stride*p), element(src, q+stride*(p+m)), element(src, q+stride*(p+2*m))
			y0, y1, y2 := element(dst, q+stride*3*p), element(dst, q+stride*(3*p+1)), element(dst, q+stride*(3*p+2))
			for l := range lanes {
				r, i := l, l+lanes
				sumR, sumI := b[r]+c[r], b[i]+c[i]
				turnR, turnI := (b[r]-c[r])*sine60, (b[i]-c[i])*sine60
				restR, restI := a[r]-sumR/2, a[i]-sumI/2
				y0[r], y0[i] = a[r]+sumR, a[i]+sumI
				y1[r], y1[i] = times(restR+turnI, restI-turnR, w[0], w[1])
				y2[r], y2[i] = times(restR-turnI, restI+turnR, w[2], w[3])
			}
		}
	}
}

// pass2 is the portable pass of radix 2.
func pass2(dst, src, twiddles []float64, m, stride int) {
	for p := range m {
		w := (*[2]float64)(twiddles[2*p:])
		for q := range stride {
			a, b := element(src, q+stride*p), element(src, q+stride*(p+m))
			y0, y1 := element(dst, q+stride*2*p), element(dst, q+stride*(2*p+1))
			for l := range lanes {
				r, i := l, l+lanes
				diffR, diffI := a[r]-b[r], a[i]-b[i]
				y0[r], y0[i] = a[r]+b[r], a[i]+b[i]
				y1[r], y1[i] = times(diffR, diffI, w[0], w[1])
			}
		}
	}
}

// sine60 is the sine of 60 degrees.
const sine60 = 0.866025403784438646763723170752936183

// times returns the product of two complex numbers.
func times(ar, ai, br, bi float64) (re, im float64) {
	return ar*br - ai*bi, ar*bi + ai*br
}
