package multigrid

import "slices"

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
			surrounded := l.surrounded(2*j-1, 2*i-1, 4)
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

// surrounded tells whether all pixels within reach are alike. Four pixels count for a coarse
// one's row of A: its neighbours', what those are interpolated from, and what that depends on.
func (l *level) surrounded(y, x, reach int) bool {
	if y <= reach || x <= reach || y > l.height-reach || x > l.width-reach {
		return false
	}
	for dy := -reach; dy <= reach; dy++ {
		if int(l.open[(y+dy)*l.stride+x+reach]) <= 2*reach {
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
	var far [4]*[4]float64 // where nothing is known around, by parities
	for pass := range 2 {
		for k, p := range l.unknown {
			y, x := int(p)/l.stride, int(p)%l.stride
			amid := y%2 == 0 && x%2 == 0
			if amid != (pass == 1) {
				continue
			}
			l.parent[k] = int32((y+1)/2*c.stride + (x+1)/2)
			surrounded, parities := l.surrounded(y, x, 2), y%2*2+x%2
			if surrounded && far[parities] != nil {
				l.from[k] = *far[parities]
				continue
			}
			l.from[k] = l.interpolated(k, y, x)
			if surrounded {
				far[parities] = &l.from[k]
			}
		}
	}
}

// interpolated is an unknown's row of P. That of one amid four follows those of its neighbours.
func (l *level) interpolated(k, y, x int) (to [4]float64) {
	w := l.near(k, y*l.stride+x)
	switch {
	case y%2 == 0 && x%2 == 0:
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
	case y%2 == 0: // between one above and one below
		rest := l.diagonal[k] - w[3] - w[5]
		to[0], to[2] = (w[0]+w[1]+w[2])/rest, (w[6]+w[7]+w[8])/rest
	case x%2 == 0:
		rest := l.diagonal[k] - w[1] - w[7]
		to[0], to[1] = (w[0]+w[3]+w[6])/rest, (w[2]+w[5]+w[8])/rest
	default: // a coarse pixel itself
		to[0] = 1
	}
	return to
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
