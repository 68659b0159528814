package multigrid

import "math"

// rgb is a pixel's channels: three systems with one matrix. What is behind them, and 0, makes
// it the size of a vector register.
type rgb struct{ r, g, b, _ float64 }

func (v *rgb) at(channel int) *float64 {
	switch channel {
	case 0:
		return &v.r
	case 1:
		return &v.g
	}
	return &v.b
}

// plus adds a multiple.
func (v *rgb) plus(a float64, w rgb) {
	v.r, v.g, v.b = v.r+a*w.r, v.g+a*w.g, v.b+a*w.b
}

// largest is the largest absolute value.
func (v *rgb) largest() float64 { return max(math.Abs(v.r), math.Abs(v.g), math.Abs(v.b)) }

// level is the system over every 2^l'th pixel. Its planes have a border of zeros. Assembly
// knows the layout.
type level struct {
	width, height, stride int
	hole                  []bool       // whether a pixel is unknown
	unknown               []int32      // where those are in a plane
	diagonal, inverse     []float64    // of A, for each
	weights               [][9]float64 // what is around each counts so much, less A; nil for stencil
	x, b                  []rgb        // solution, right-hand side
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
		x: make([]rgb, size), b: make([]rgb, size),
	}
}

// The weights of neighbours, on the finest level.
const beside, across = 1.0 / 6, 1.0 / 12

var stencil = [9]float64{across, beside, across, beside, 0, beside, across, beside, across}

// reset forgets the unknowns.
func (l *level) reset() {
	l.unknown, l.diagonal, l.inverse, l.weights = l.unknown[:0], l.diagonal[:0], l.inverse[:0], l.weights[:0]
	clear(l.x)
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
