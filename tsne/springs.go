package tsne

import "github.com/glimpse-go/glimpse/internal/parallel"

// springs is attraction in float32, for the vector loops in two dimensions
// with one degree of freedom. Assembly knows the layout.
type springs struct {
	points []float32 // two coordinates each, in the order of the rows
	forces []float32 // on them
	values []float32
	rowOrder
}

// update takes over the positions in l relative to origin, and now and then
// the order.
func (s *springs) update(p *Affinities, l layout, origin [3]float64, order []int32) {
	s.renew(p, order, lanes,
		func(entries int) { s.values = resize(s.values, entries) },
		func(at int, values []float64) {
			row := s.values[at : at+(len(values)+lanes-1)/lanes*lanes]
			for e, v := range values {
				row[e] = float32(v)
			}
			clear(row[len(values):])
		})
	s.points, s.forces = resize(s.points, 2*l.n), resize(s.forces, 2*l.n)
	parallel.For(l.n, 2048, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			i := int(s.order[r])
			s.points[2*r] = float32(l.y[2*i] - origin[0])
			s.points[2*r+1] = float32(l.y[2*i+1] - origin[1])
		}
	})
}
