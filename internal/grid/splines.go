package grid

import "math"

// splineOrder is how many nodes along an axis a point acts on.
const splineOrder = 6

// splineFilter returns the reciprocal square of the spectrum of a B-spline at
// the nodes, for the frequencies up to half of m: what makes the potential at
// a node that of a point there.
func splineFilter(m int) []float64 {
	f := make([]float64, m/2+1)
	for k := range f {
		c := math.Cos(2 * math.Pi * float64(k) / float64(m))
		b := (66 + 52*c + 2*(2*c*c-1)) / 120
		f[k] = 1 / (b * b)
	}
	return f
}

// splines returns the six B-splines of degree five over the cell that holds a
// point at t, in [0, 1], from its start, and their derivatives: from spline to
// spline of one degree less by Cox and de Boor's recursion.
func splines(t float64) (w, d [splineOrder]float64) {
	quartic(t, &d)
	quintic(t, &d, &w)
	slopes(&d)
	return w, d
}

// quartic sets the first five of o to the B-splines of degree four.
func quartic(t float64, o *[splineOrder]float64) {
	u := 1 - t
	b0, b2 := u*u/2, t*t/2
	b1 := 1 - b0 - b2
	const c = 1.0 / 3
	c0, c1, c2, c3 := c*u*b0, c*((t+2)*b0+(u+1)*b1), c*((t+1)*b1+(u+2)*b2), c*t*b2
	o[0], o[4] = u*c0/4, t*c3/4
	o[1] = ((t+3)*c0 + (u+1)*c1) / 4
	o[2] = ((t+2)*c1 + (u+2)*c2) / 4
	o[3] = ((t+1)*c2 + (u+3)*c3) / 4
}

// quintic sets w to the B-splines of degree five from those of degree four.
func quintic(t float64, o, w *[splineOrder]float64) {
	u := 1 - t
	const c = 1.0 / 5
	w[0], w[5] = c*u*o[0], c*t*o[4]
	w[1] = c * ((t+4)*o[0] + (u+1)*o[1])
	w[2] = c * ((t+3)*o[1] + (u+2)*o[2])
	w[3] = c * ((t+2)*o[2] + (u+3)*o[3])
	w[4] = c * ((t+1)*o[3] + (u+4)*o[4])
}

// slopes sets d to the derivatives of the B-splines of degree five, in place of
// those of degree four.
func slopes(d *[splineOrder]float64) {
	d[5] = d[4]
	d[4] = d[3] - d[4]
	d[3] = d[2] - d[3]
	d[2] = d[1] - d[2]
	d[1] = d[0] - d[1]
	d[0] = -d[0]
}
