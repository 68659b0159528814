package multigrid

import "github.com/glimpse-go/glimpse/internal/dispatch"

// loops are the innermost ones, over the unknowns of a level, for one instruction set. Their
// results are the same to the bit, but where a compiler makes one operation of two.
type loops struct {
	name string

	// sweep solves one equation after another; sweepBack does so from the last one on, and
	// returns the largest change.
	sweep     func(l *level)
	sweepBack func(l *level) float64

	// restrict takes the residual to the coarser level. prolong adds what was found there,
	// and returns the largest change.
	restrict func(l, c *level)
	prolong  func(l, c *level) float64
}

// Name of the instruction set.
func (l loops) Name() string { return l.name }

// portable is always built. It is the only one under -tags purego and where there is no
// assembly for the processor.
var portable = loops{"portable", sweepGo, sweepBackGo, restrictGo, prolongGo}

var chosen = dispatch.Choose(portable, machine())

func sweepGo(l *level) {
	for k, p := range l.unknown {
		l.x[p] = l.solved(k, int(p))
	}
}

func sweepBackGo(l *level) (change float64) {
	for k := len(l.unknown) - 1; k >= 0; k-- {
		p := l.unknown[k]
		was, is := l.x[p], l.solved(k, int(p))
		l.x[p] = is
		was.plus(-1, is)
		change = max(change, was.largest())
	}
	return change
}

// solved is an unknown by its equation.
func (l *level) solved(k, p int) rgb {
	s, inverse := l.around(k, p), l.inverse[k]
	return rgb{r: s.r * inverse, g: s.g * inverse, b: s.b * inverse}
}

// around is b and what an unknown's neighbours add up to, each times its weight. Those to the
// left and right, one of which a sweep has only just computed, come last.
func (l *level) around(k, p int) rgb {
	v, b := l.x, &l.b[p]
	up, mid, down := v[p-l.stride-1:p-l.stride+2], v[p-1:p+2], v[p+l.stride-1:p+l.stride+2]
	if l.weights == nil {
		return rgb{
			r: (b.r + beside*(up[1].r+down[1].r) + across*(up[0].r+up[2].r+down[0].r+down[2].r)) + beside*(mid[0].r+mid[2].r),
			g: (b.g + beside*(up[1].g+down[1].g) + across*(up[0].g+up[2].g+down[0].g+down[2].g)) + beside*(mid[0].g+mid[2].g),
			b: (b.b + beside*(up[1].b+down[1].b) + across*(up[0].b+up[2].b+down[0].b+down[2].b)) + beside*(mid[0].b+mid[2].b),
		}
	}
	w := &l.weights[k]
	return rgb{
		r: (b.r + w[0]*up[0].r + w[1]*up[1].r + w[2]*up[2].r + w[6]*down[0].r + w[7]*down[1].r + w[8]*down[2].r) + (w[3]*mid[0].r + w[5]*mid[2].r),
		g: (b.g + w[0]*up[0].g + w[1]*up[1].g + w[2]*up[2].g + w[6]*down[0].g + w[7]*down[1].g + w[8]*down[2].g) + (w[3]*mid[0].g + w[5]*mid[2].g),
		b: (b.b + w[0]*up[0].b + w[1]*up[1].b + w[2]*up[2].b + w[6]*down[0].b + w[7]*down[1].b + w[8]*down[2].b) + (w[3]*mid[0].b + w[5]*mid[2].b),
	}
}

func restrictGo(l, c *level) {
	for k, p := range l.unknown {
		r := l.around(k, int(p))
		r.plus(-l.diagonal[k], l.x[p])
		from, at := &l.from[k], l.parent[k]
		upper, lower := c.b[at:at+2], c.b[int(at)+c.stride:int(at)+c.stride+2]
		upper[0].plus(from[0], r)
		upper[1].plus(from[1], r)
		lower[0].plus(from[2], r)
		lower[1].plus(from[3], r)
	}
}

func prolongGo(l, c *level) (change float64) {
	for k, p := range l.unknown {
		from, at := &l.from[k], l.parent[k]
		upper, lower := c.x[at:at+2], c.x[int(at)+c.stride:int(at)+c.stride+2]
		var d rgb
		d.plus(from[0], upper[0])
		d.plus(from[1], upper[1])
		d.plus(from[2], lower[0])
		d.plus(from[3], lower[1])
		l.x[p].plus(1, d)
		change = max(change, d.largest())
	}
	return change
}
