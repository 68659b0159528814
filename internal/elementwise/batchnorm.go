package elementwise

import "math"

// What batch norm does in train mode: sums over rows in float64, whose squares lose
// nothing where a mean is large, and what is made of the rows with them. Rows are
// channels of pixels, and may be part of longer ones: each begins stride elements after
// the one before.

// sums is the arguments of Moments and Products.
type sums struct {
	sum, product *float64 // n each
	x            *float32
	dy, y        *float32 // dy is nil in Moments, y may be in Products
	centre       *float64 // n
	n, rows      int      // at least 1
	stride       int      // of x, dy and y, in bytes
	group        int      // rows that are read side by side
}

// group is how many rows of n are read side by side, their sums in registers: as many as
// lie close together. Memory is read ahead best where it is read in order, and gives less
// than half as much for 8 rows that are far apart.
func group(n int) int { return min(max(1, 256/n), 8) }

// Moments adds the sums of x - centre, and of its square, over so many rows as long as
// centre.
func Moments(sum, squares []float64, x []float32, centre []float64, stride, rows int) {
	chosen.addMoments(sum, squares, x, centre, stride, rows)
}

func (l *loops) addMoments(sum, squares []float64, x []float32, centre []float64, stride, rows int) {
	n := len(centre)
	if rows < 1 || n == 0 {
		return
	}
	l.moments(sums{
		sum: &sum[:n][0], product: &squares[:n][0], centre: &centre[0],
		x: Rows{x, stride}.first(n, rows), n: n, rows: rows, stride: 4 * stride, group: group(n),
	})
}

// Products adds the sums of dy, and of dy (x - centre), over so many rows as long as
// centre. First dy becomes 0 where y is at most 0, unless y is nil: the gradient by what
// was rectified.
func Products(sum, products []float64, dy, x, y []float32, centre []float64, stride, rows int) {
	chosen.addProducts(sum, products, dy, x, y, centre, stride, rows)
}

func (l *loops) addProducts(sum, products []float64, dy, x, y []float32, centre []float64, stride, rows int) {
	n := len(centre)
	if rows < 1 || n == 0 {
		return
	}
	a := sums{
		sum: &sum[:n][0], product: &products[:n][0], centre: &centre[0],
		x: Rows{x, stride}.first(n, rows), dy: Rows{dy, stride}.first(n, rows), n: n, rows: rows, stride: 4 * stride, group: group(n),
	}
	if y != nil {
		a.y = Rows{y, stride}.first(n, rows)
	}
	l.products(a)
}

// Norm is a factor and a summand for each channel, about a centre: what is left of a
// large mean once x and the centre are subtracted is exact, where scale x + shift would
// cancel. Factor is of a second input, and nil without one. They have the same length.
type Norm struct {
	Centre, Scale, Shift, Factor []float32
}

// norm is the arguments of Norm's Apply.
type norm struct {
	y, x, dy, add                *float32 // dy and add may be nil
	centre, scale, shift, factor *float32 // n each
	n, rows                      int      // at least 1
	floor                        float32
}

// Apply writes
//
//	y = (x - centre) scale + shift + dy factor + add
//
// to so many rows, one after the other, or 0 for what is less if asked to rectify (NaN
// stays). dy and add may be nil; y may be x, dy or add.
func (c *Norm) Apply(y, x, dy, add []float32, rows int, relu bool) {
	c.apply(chosen, y, x, dy, add, rows, relu)
}

func (c *Norm) apply(l *loops, y, x, dy, add []float32, rows int, relu bool) {
	n := len(c.Centre)
	if rows < 1 || n == 0 {
		return
	}
	a := norm{
		y: &y[:rows*n][0], x: &x[:rows*n][0],
		centre: &c.Centre[0], scale: &c.Scale[:n][0], shift: &c.Shift[:n][0],
		n: n, rows: rows, floor: float32(math.Inf(-1)),
	}
	if dy != nil {
		a.dy, a.factor = &dy[:rows*n][0], &c.Factor[:n][0]
	}
	if add != nil {
		a.add = &add[:rows*n][0]
	}
	if relu {
		a.floor = 0
	}
	l.norm(a)
}
