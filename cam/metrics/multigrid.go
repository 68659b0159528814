package metrics

import (
	"math"
	"slices"
)

// Multigrid solves the linear system A x = b of an image's unknown pixels: sweeps of Gauss
// and Seidel's method smooth the error, and what is smooth is found on a coarser level, of
// every other pixel of every other row, by the same means. An interpolation P takes a
// solution to the finer level, its transpose takes the residual to the coarser, whose matrix
// is P' A P. P follows from A, so that it knows where known pixels are near: Dendy, "Black
// box multigrid", Journal of Computational Physics 48, 1982.

// rgb is a pixel's channels: three systems with one matrix.
type rgb struct{ r, g, b float64 }

func (v *rgb) get(channel int) float64 {
	return [3]float64{v.r, v.g, v.b}[channel]
}

func (v *rgb) set(channel int, to float64) {
	*[]*float64{&v.r, &v.g, &v.b}[channel] = to
}

// level is the system over every 2^l'th pixel. Its planes have a border of zeros.
type level struct {
	width, height, stride int
	hole                  []bool       // whether a pixel is unknown
	unknown               []int32      // where those are in a plane
	diagonal, inverse     []float64    // of A, for each
	weights               [][9]float64 // what is around each counts so much, less A; nil for stencil
	x, b, r               []rgb        // solution, right-hand side, residual
	from                  [][4]float64 // P's row of each: up left, up right, down left, down right;
	parent                []int32      // and where the one up left is in the coarser plane
	number                []int32      // of an unknown
	open                  []int32      // how many to the left, with itself, are like one with nothing known around
}

func newLevel(height, width int) *level {
	size := (width + 2) * (height + 2)
	return &level{
		width: width, height: height, stride: width + 2,
		hole: make([]bool, size), number: make([]int32, size), open: make([]int32, size),
		x: make([]rgb, size), b: make([]rgb, size), r: make([]rgb, size),
	}
}

// The weights of neighbours, on the finest level.
const beside, across = 1.0 / 6, 1.0 / 12

var stencil = [9]float64{across, beside, across, beside, 0, beside, across, beside, across}

// reset forgets the unknowns.
func (l *level) reset() {
	l.unknown, l.diagonal, l.inverse, l.weights = l.unknown[:0], l.diagonal[:0], l.inverse[:0], l.weights[:0]
	clear(l.x)
	clear(l.r)
}

// add makes a pixel an unknown.
func (l *level) add(at int, diagonal float64) {
	l.number[at] = int32(len(l.unknown))
	l.unknown = append(l.unknown, int32(at))
	l.diagonal = append(l.diagonal, diagonal)
	l.inverse = append(l.inverse, 1/diagonal)
}

// finest sets up the equations of the pixels themselves.
func (l *level) finest() {
	l.reset()
	for y := 1; y <= l.height; y++ {
		ny := min(y, 2) + min(l.height+1-y, 2) - 2 // neighbours above and below
		for x := 1; x <= l.width; x++ {
			if at := y*l.stride + x; l.hole[at] {
				nx := min(x, 2) + min(l.width+1-x, 2) - 2
				l.open[at] = 0
				if nx*ny == 4 {
					l.open[at] = l.open[at-1] + 1
				}
				l.add(at, beside*float64(nx+ny)+across*float64(nx*ny))
			} else {
				l.open[at] = 0
			}
		}
	}
}

// weight is minus an element of A: of an unknown's row, by neighbour.
func (l *level) weight(k int32) *[9]float64 {
	if l.weights == nil {
		return &stencil
	}
	return &l.weights[k]
}

// coarsen sets up the coarser level.
func (l *level) coarsen(c *level) {
	l.interpolate(c)
	c.reset()
	var far *[9]float64 // P' A P where nothing is known around
	for j := 1; j <= c.height; j++ {
		for i := 1; i <= c.width; i++ {
			at := j*c.stride + i
			c.open[at] = 0
			if c.hole[at] = l.hole[(2*j-1)*l.stride+2*i-1]; !c.hole[at] {
				continue
			}
			var sum [9]float64
			surrounded := l.surrounded(2*j-1, 2*i-1)
			if surrounded && far != nil {
				sum = *far
			} else {
				sum = l.product(c, j, i)
			}
			if surrounded {
				far, c.open[at] = &sum, c.open[at-1]+1
			}
			c.add(at, sum[4])
			weights := [9]float64{}
			for d, a := range sum {
				weights[d] = -a
			}
			weights[4] = 0
			c.weights = append(c.weights, weights)
		}
	}
}

// surrounded tells whether all pixels are alike that count for a coarse pixel's row of A:
// its neighbours', what those are interpolated from, and what that depends on.
func (l *level) surrounded(y, x int) bool {
	const reach = 4
	if y <= reach || x <= reach || y > l.height-reach || x > l.width-reach {
		return false
	}
	for dy := -reach; dy <= reach; dy++ {
		if l.open[(y+dy)*l.stride+x+reach] <= 2*reach {
			return false
		}
	}
	return true
}

// interpolate sets up P. A pixel between two coarse ones follows from its equation where
// the solution does not change across; one amid four from its equation, whose other pixels
// are interpolated.
func (l *level) interpolate(c *level) {
	l.from = slices.Grow(l.from[:0], len(l.unknown))[:len(l.unknown)]
	l.parent = slices.Grow(l.parent[:0], len(l.unknown))[:len(l.unknown)]
	for pass := range 2 {
		for k, p := range l.unknown {
			y, x := int(p)/l.stride, int(p)%l.stride
			amid := y%2 == 0 && x%2 == 0
			if amid != (pass == 1) {
				continue
			}
			l.parent[k] = int32((y+1)/2*c.stride + (x+1)/2)
			w := l.near(k, int(p))
			switch {
			case amid:
				var to [4]float64
				for d, w := range w {
					gy, gx := y+d/3-1, x+d%3-1
					if w == 0 {
						continue
					}
					corner := ((gy+1)/2-y/2)*2 + (gx+1)/2 - x/2 // the one up left of the neighbour
					for e, v := range l.from[l.number[gy*l.stride+gx]] {
						if v != 0 {
							to[corner+e] += w * v * l.inverse[k]
						}
					}
				}
				l.from[k] = to
			case y%2 == 0: // between one above and one below
				rest := l.diagonal[k] - w[3] - w[5]
				l.from[k] = [4]float64{0: l.held(int(p)-l.stride) * (w[0] + w[1] + w[2]) / rest, 2: l.held(int(p)+l.stride) * (w[6] + w[7] + w[8]) / rest}
			case x%2 == 0:
				rest := l.diagonal[k] - w[1] - w[7]
				l.from[k] = [4]float64{l.held(int(p)-1) * (w[0] + w[3] + w[6]) / rest, l.held(int(p)+1) * (w[2] + w[5] + w[8]) / rest}
			default: // a coarse pixel itself
				l.from[k] = [4]float64{1}
			}
		}
	}
}

// held is 1 for an unknown, 0 for what is known.
func (l *level) held(p int) float64 {
	if l.hole[p] {
		return 1
	}
	return 0
}

// near returns the weights around an unknown, 0 of what is known.
func (l *level) near(k, p int) [9]float64 {
	w := *l.weight(int32(k))
	for d := range w {
		if !l.hole[p+(d/3-1)*l.stride+d%3-1] {
			w[d] = 0
		}
	}
	return w
}

// product is a coarse pixel's row of P' A P, by neighbour.
func (l *level) product(c *level, j, i int) (sum [9]float64) {
	for fy := max(2*j-2, 1); fy <= min(2*j, l.height); fy++ {
		for fx := max(2*i-2, 1); fx <= min(2*i, l.width); fx++ {
			f := fy*l.stride + fx
			if !l.hole[f] {
				continue
			}
			k := l.number[f]
			weights := l.weight(k)
			share := l.from[k][corner(fy, j)*2+corner(fx, i)]
			if share == 0 {
				continue
			}
			for d := range 9 {
				gy, gx := fy+d/3-1, fx+d%3-1
				g := gy*l.stride + gx
				if !l.hole[g] {
					continue
				}
				a := -weights[d] * share
				if d == 4 {
					a = l.diagonal[k] * share
				}
				from := &l.from[l.number[g]]
				to := ((gy+1)/2-j+1)*3 + (gx+1)/2 - i + 1 // the one up left
				sum[to] += a * from[0]
				if gx%2 == 0 {
					sum[to+1] += a * from[1]
				}
				if gy%2 == 0 {
					sum[to+3] += a * from[2]
					if gx%2 == 0 {
						sum[to+4] += a * from[3]
					}
				}
			}
		}
	}
	return sum
}

// corner is 1 where a coarse pixel is behind the finer one along an axis, else 0.
func corner(x, i int) int {
	if 2*i-1 > x {
		return 1
	}
	return 0
}

// around is b and what an unknown's neighbours add up to, each times its weight. Those to the
// left and right, one of which a sweep has only just computed, come last.
func (l *level) around(v []rgb, b *rgb, k, p int) rgb {
	up, mid, down := v[p-l.stride-1:p-l.stride+2], v[p-1:p+2], v[p+l.stride-1:p+l.stride+2]
	if l.weights == nil {
		return rgb{
			(b.r + beside*(up[1].r+down[1].r) + across*(up[0].r+up[2].r+down[0].r+down[2].r)) + beside*(mid[0].r+mid[2].r),
			(b.g + beside*(up[1].g+down[1].g) + across*(up[0].g+up[2].g+down[0].g+down[2].g)) + beside*(mid[0].g+mid[2].g),
			(b.b + beside*(up[1].b+down[1].b) + across*(up[0].b+up[2].b+down[0].b+down[2].b)) + beside*(mid[0].b+mid[2].b),
		}
	}
	w := &l.weights[k]
	return rgb{
		(b.r + w[0]*up[0].r + w[1]*up[1].r + w[2]*up[2].r + w[6]*down[0].r + w[7]*down[1].r + w[8]*down[2].r) + (w[3]*mid[0].r + w[5]*mid[2].r),
		(b.g + w[0]*up[0].g + w[1]*up[1].g + w[2]*up[2].g + w[6]*down[0].g + w[7]*down[1].g + w[8]*down[2].g) + (w[3]*mid[0].g + w[5]*mid[2].g),
		(b.b + w[0]*up[0].b + w[1]*up[1].b + w[2]*up[2].b + w[6]*down[0].b + w[7]*down[1].b + w[8]*down[2].b) + (w[3]*mid[0].b + w[5]*mid[2].b),
	}
}

// cycle improves the solution: a sweep, a correction by the coarser level, and a sweep back.
// On the finest level b is 0, and x holds what is known. It returns the largest
// change by the correction and the sweep back.
func (im *imputer) cycle(depth int) (change float64) {
	l := im.levels[depth]
	last := depth == len(im.levels)-1
	sweeps := 1
	if last { // which is small
		sweeps = 8
	}
	for range sweeps {
		for k, p := range l.unknown {
			l.relax(k, int(p))
		}
	}
	if !last {
		for k, p := range l.unknown {
			l.r[p] = l.around(l.x, &l.b[p], k, int(p))
			l.r[p].plus(-l.diagonal[k], l.x[p])
		}
		coarse := im.levels[depth+1]
		clear(coarse.x)
		l.restrict(coarse)
		im.cycle(depth + 1)
		change = l.prolong(coarse)
	}
	for k := len(l.unknown) - 1; k >= 0; k-- {
		p := l.unknown[k]
		was := l.x[p]
		l.relax(k, int(p))
		if depth == 0 { // on which the end depends
			was.plus(-1, l.x[p])
			change = max(change, was.largest())
		}
	}
	return change
}

// relax solves one equation.
func (l *level) relax(k, p int) {
	s, inverse := l.around(l.x, &l.b[p], k, p), l.inverse[k]
	l.x[p] = rgb{s.r * inverse, s.g * inverse, s.b * inverse}
}

// restrict takes the residual to the coarser level.
func (l *level) restrict(c *level) {
	clear(c.b)
	for k, p := range l.unknown {
		r, from, at := l.r[p], &l.from[k], l.parent[k]
		upper, lower := c.b[at:at+2], c.b[int(at)+c.stride:int(at)+c.stride+2]
		upper[0].plus(from[0], r)
		upper[1].plus(from[1], r)
		lower[0].plus(from[2], r)
		lower[1].plus(from[3], r)
	}
}

// prolong adds the coarser level's solution, and returns the largest change.
func (l *level) prolong(c *level) (most float64) {
	for k, p := range l.unknown {
		from, at := &l.from[k], l.parent[k]
		upper, lower := c.x[at:at+2], c.x[int(at)+c.stride:int(at)+c.stride+2]
		var d rgb
		d.plus(from[0], upper[0])
		d.plus(from[1], upper[1])
		d.plus(from[2], lower[0])
		d.plus(from[3], lower[1])
		l.x[p].plus(1, d)
		most = max(most, d.largest())
	}
	return most
}

// plus adds a multiple.
func (v *rgb) plus(a float64, w rgb) {
	v.r, v.g, v.b = v.r+a*w.r, v.g+a*w.g, v.b+a*w.b
}

// largest is the largest absolute value.
func (v *rgb) largest() float64 { return max(math.Abs(v.r), math.Abs(v.g), math.Abs(v.b)) }
