package forces

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// Springs is Attraction in float32, for the vector loops in two dimensions
// with one degree of freedom. Assembly knows the layout.
type Springs struct {
	points []float32 // two coordinates each, in the order of the rows
	Forces []float32 // on them
	values []float32
	rowOrder
}

// NewSprings returns the springs of the entries of m, its rows in the given order, or
// in the points' own where that is nil.
func NewSprings(ctx context.Context, m Source, order []int32) (*Springs, error) {
	s := &Springs{}
	err := s.arrange(ctx, m, order, lanes,
		func(entries int) { s.values = make([]float32, entries) },
		func(e int, v float64) { s.values[e] = float32(v) })
	return s, err
}

// Place takes over the positions in y, two coordinates each, relative to origin.
func (s *Springs) Place(y []float64, origin [3]float64) {
	s.points, s.Forces = scratch.Resize(s.points, len(y)), scratch.Resize(s.Forces, len(y))
	parallel.For(len(y)/2, 2048, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			i := int(s.Order[r])
			s.points[2*r] = float32(y[2*i] - origin[0])
			s.points[2*r+1] = float32(y[2*i+1] - origin[1])
		}
	})
}

// Attraction returns the springs as what layouts need whose coordinates leave float32.
func (s *Springs) Attraction() *Attraction {
	a := &Attraction{rowOrder: s.rowOrder, dims: 2, values: make([]float64, len(s.values))}
	for e, v := range s.values {
		a.values[e] = float64(v)
	}
	return a
}

// Attract sets the forces on rows lo to hi to the sums over their entries of p q
// times the vector from the other point.
func (s *Springs) Attract(lo, hi int) { chosen.attract(s, lo, hi) }

// Cross returns the sum over the entries of rows lo to hi of p times -log q.
func (s *Springs) Cross(lo, hi int) float64 { return chosen.cross(s, lo, hi) }

// attractGo is the portable attract.
func attractGo(s *Springs, lo, hi int) {
	for r := lo; r < hi; r++ {
		x, y := s.points[2*r], s.points[2*r+1]
		first, last := s.rowStart[r], s.rowStart[r+1]
		values := s.values[first:last]
		var fx, fy float32
		for e, j := range s.columns[first:last] {
			p := s.points[2*j : 2*j+2 : 2*j+2]
			dx, dy := x-p[0], y-p[1]
			f := values[e] / (1 + dx*dx + dy*dy)
			fx += f * dx
			fy += f * dy
		}
		s.Forces[2*r], s.Forces[2*r+1] = fx, fy
	}
}

// crossGo is the portable cross.
//
// With v = 1 + d2 = 2^e m, m in [sqrt(1/2), sqrt(2)), and t = (m-1)/(m+1),
// log v is e log 2 + 2 t (1 + t^2/3 + t^4/5 + t^6/7 + t^8/9): the next term is
// at most 2e-9 of the sum.
func crossGo(s *Springs, lo, hi int) (sum float64) {
	for r := lo; r < hi; r++ {
		x, y := s.points[2*r], s.points[2*r+1]
		first, last := s.rowStart[r], s.rowStart[r+1]
		values := s.values[first:last]
		var row float32
		for e, j := range s.columns[first:last] {
			p := s.points[2*j : 2*j+2 : 2*j+2]
			dx, dy := x-p[0], y-p[1]
			bits := math.Float32bits(1 + dx*dx + dy*dy)
			exponent := int32(bits-sqrtHalf) >> 23
			m := math.Float32frombits(bits - uint32(exponent)<<23)
			t := (m - 1) / (m + 1)
			t2 := t * t
			series := (((t2/9+1./7)*t2+1./5)*t2+1./3)*t2 + 1
			row += values[e] * (float32(exponent)*math.Ln2 + 2*t*series)
		}
		sum += float64(row)
	}
	return sum
}

// sqrtHalf is the bits of the float32 sqrt(1/2).
const sqrtHalf = 0x3f3504f3
