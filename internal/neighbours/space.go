// Package neighbours finds the nearest neighbours of points among many: exactly, by
// blocked matrix products in float32 whose error bounds tell which pairs float64 has
// to decide ([Space.Nearest]), or approximately, among the points of near cells
// ([Space.NearestApproximately]). Rows of a matrix go in, indices and distances come
// out. Distances that are known beforehand can be searched as well ([Given]).
// Results are the same bits at any GOMAXPROCS.
package neighbours

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A Metric names the distance between two points.
type Metric string

// The metrics.
const (
	Euclidean Metric = "euclidean"
	Cosine    Metric = "cosine" // 1 - x.y / (|x| |y|); 1 when a point is zero
)

// A Space holds points and the distance between them, in the two forms that
// the neighbour search needs: their coordinates, from which float64 decides, and a
// float32 form, whose matrix products say quickly which pairs are worth deciding.
//
// For the Euclidean metric the float32 form is of the points minus their mean,
// and approximate squared distances are |a|^2 + |b|^2 - 2 a.b; for the cosine
// metric it is of the points divided by their norms, and approximate distances
// are 1/2 + 1/2 - a.b. Coordinates that are float32 numbers, of points whose mean is
// not far from the origin, are their own float32 form.
type Space struct {
	coordinates
	metric Metric
	approx []float32 // n x d
	base   []float64 // |a|^2, or 1/2
	norms  []float64 // |a|
	cross  float64   // 2, or 1
	slack  float64   // |error of an approximation| <= slack |a| |b| + tiny

	shift       []float64 // the mean that approx has lost
	scale       int       // the coordinates were multiplied by 2^scale
	approxScale float64   // a power of two that approx was multiplied by
	plain       bool      // approx is the coordinates, rounded to float32

	progress func(done, total int)
}

// Watch has f called while a search goes on, one call at a time, with how many points have
// found their neighbours, of how many. It may be nil.
func (s *Space) Watch(f func(done, total int)) { s.progress = f }

// tiny bounds the error that underflow makes in an approximate distance, in
// which the largest coordinate is about 1.
const tiny = 1e-35

// farAway is what a query's float32 coordinates are limited to, where those of
// the points themselves are at most 1.
const farAway = 1e15

// Rows returns the elements of x row by row, or says which is not finite.
func Rows(x mat.Matrix) (v []float64, n, d int, err error) {
	c, _, err := read(x, false)
	return c.wide, c.n, c.d, err
}

// exponent returns the power of two that brings a magnitude into [1/2, 1), or 0 for
// 0. It may be larger than that of any number, as subnormal numbers need it.
func exponent(largest float64) int {
	if largest == 0 {
		return 0
	}
	_, exp := math.Frexp(largest)
	return -exp
}

// scaleBy multiplies x by 2^exp.
func scaleBy(exp int, x []float64) {
	for ; exp > 1000; exp -= 1000 {
		floats.Scale(0x1p1000, x)
	}
	for ; exp < -1000; exp += 1000 {
		floats.Scale(0x1p-1000, x)
	}
	floats.Scale(math.Ldexp(1, exp), x)
}

// unusual reports whether numbers whose largest needs this exponent have squared
// distances that leave float32.
func unusual(exp int) bool { return exp < -40 || exp > 40 }

// Tame multiplies x by a power of two, whose exponent it returns, when its magnitude
// is so unusual that squared distances would leave float32.
func Tame(x []float64) int {
	exp := exponent(floats.Norm(x, math.Inf(1)))
	if !unusual(exp) {
		return 0
	}
	scaleBy(exp, x)
	return exp
}

// Tamed returns x, or a view of it that is multiplied as Tame does. It is an error when x
// does not give what it says it does.
func Tamed(x mat.Matrix) (mat.Matrix, error) {
	n, d := x.Dims()
	to, err := reader(x)
	if err != nil {
		return nil, err
	}
	largest, row := 0.0, make([]float64, d)
	for i := range n {
		to(row, i)
		largest = max(largest, floats.Norm(row, math.Inf(1)))
	}
	if exp := exponent(largest); unusual(exp) {
		return scaled{x, exp}, nil
	}
	return x, nil
}

// scaled is a matrix times 2^exp.
type scaled struct {
	mat.Matrix
	exp int
}

func (s scaled) At(i, j int) float64 { return math.Ldexp(s.Matrix.At(i, j), s.exp) }

// New returns the space of the rows of x.
func New(x mat.Matrix, metric Metric) (*Space, error) {
	c, largest, err := read(x, metric == Euclidean)
	if err != nil {
		return nil, err
	}
	n, d := c.n, c.d
	s := &Space{coordinates: c, metric: metric}
	s.slack = float64(d+8) * 0x1p-24
	if metric == Cosine {
		s.cross, s.approxScale = 1, 1
		s.prepare()
		return s, nil
	}
	s.cross = 2
	s.slack *= 2
	if exp := exponent(largest); unusual(exp) {
		s.scale = exp
		scaleBy(exp, s.wide)
	}
	s.shift = make([]float64, d)
	squares, memory := 0.0, make([]float64, d)
	for i := range n {
		row := s.row(i, memory)
		floats.AddScaled(s.shift, 1/float64(n), row)
		squares += floats.Dot(row, row) / float64(n)
	}
	if s.narrow != nil && floats.Dot(s.shift, s.shift) <= plainShift*squares {
		clear(s.shift)
		s.plain, s.approxScale = true, 1
	}
	s.prepare()
	return s, nil
}

// plainShift is how much of the points' mean squared norm that of their mean may be
// for the coordinates to be their own float32 form. The bounds of approximate distances,
// in proportion to |a| |b|, are then up to four times as wide as without the mean.
const plainShift = 0.75

// Queries returns the rows of x in the form of s, so that their distances to
// the points of s can be taken.
func (s *Space) Queries(x mat.Matrix) (*Space, error) {
	c, _, err := read(x, s.metric == Euclidean && s.scale == 0)
	if err != nil {
		return nil, err
	}
	if c.d != s.d {
		return nil, fmt.Errorf("the input has %d columns, want %d as in the fit", c.d, s.d)
	}
	q := *s
	q.coordinates = c
	if s.metric == Euclidean && s.scale != 0 {
		scaleBy(s.scale, q.wide)
	}
	q.prepare()
	return &q, nil
}

// prepare fills in the float32 form.
func (s *Space) prepare() {
	s.base = make([]float64, s.n)
	s.norms = make([]float64, s.n)
	memory := make([]float64, s.d)
	if s.plain && s.narrow != nil { // and so none of a query's is as much as farAway
		s.approx = s.narrow
		for i := range s.n {
			row := s.row(i, memory)
			s.base[i] = floats.Dot(row, row)
			s.norms[i] = math.Sqrt(s.base[i])
		}
		return
	}
	s.approx = make([]float32, s.n*s.d)
	if s.metric == Cosine {
		for i := range s.n {
			row := s.row(i, nil)
			scaleBy(exponent(floats.Norm(row, math.Inf(1))), row)
			if length := floats.Norm(row, 2); length > 0 {
				floats.Scale(1/length, row)
			}
			for j, v := range row {
				s.approx[i*s.d+j] = float32(v)
			}
			s.base[i], s.norms[i] = 0.5, 1
		}
		return
	}
	if s.approxScale == 0 {
		largest := 0.0
		for i := range s.n {
			largest = max(largest, floats.Distance(s.row(i, memory), s.shift, math.Inf(1)))
		}
		s.approxScale = math.Ldexp(1, exponent(largest))
	}
	for i := range s.n {
		far := false
		for j, v := range s.row(i, memory) {
			a := (v - s.shift[j]) * s.approxScale
			if math.Abs(a) > farAway {
				a, far = math.Copysign(farAway, a), true
			}
			s.approx[i*s.d+j] = float32(a)
			s.base[i] += a * a
		}
		s.norms[i] = math.Sqrt(s.base[i])
		if far {
			s.norms[i] = 1e200 // nothing is known from the products
		}
	}
}

// Len returns the number of points.
func (s *Space) Len() int { return s.n }

// Dims returns the number of coordinates of a point.
func (s *Space) Dims() int { return s.d }

// Row returns the coordinates of point i, which must not be changed.
func (s *Space) Row(i int) []float64 { return s.row(i, nil) }
