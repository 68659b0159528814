package neighbours

import (
	"context"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// cells are the points of a space parted into cells of almost equal size, each
// compact: the set is halved again and again across the direction in which it
// extends the most (a principal-axis tree; McNames 2001). Cells that follow
// one another are near one another. Points that are equal may be in several
// cells. Nothing depends on chance.
type cells struct {
	order []int32 // the points, cell by cell
	start []int32 // where each cell begins in order, and the end
	d     int

	approx []float32 // the float32 rows in that order
	base   []float64 // and what else a space holds
	norms  []float64

	centre     []float32 // the mean of each cell, row by row
	centreBase []float32 // its squared norm
}

// axisSample is how many points of a set its direction is found from, by
// axisSteps steps of the power method.
const (
	axisSample = 256
	axisSteps  = 4
)

// newCells parts the points of s into cells of at most size points.
func newCells(ctx context.Context, s *Space, size int) (*cells, error) {
	c, err := partition(ctx, s, size)
	if err != nil {
		return nil, err
	}
	c.gather(s)
	return c, ctx.Err()
}

// partition is newCells without what is copied of the points.
func partition(ctx context.Context, s *Space, size int) (*cells, error) {
	levels := 0
	for (s.n+1<<levels-1)>>levels > size {
		levels++
	}
	c := &cells{order: make([]int32, s.n), d: s.d}
	for i := range c.order {
		c.order[i] = int32(i)
	}
	keys := make([]uint64, s.n)
	moved := make([]int32, s.n)
	for level := range levels {
		err := parallel.ForContext(ctx, 1<<level, 1, func(part, _ int) {
			lo, hi := halved(s.n, level, part), halved(s.n, level, part+1)
			c.halve(s, c.order[lo:hi], keys[lo:hi], moved[lo:hi])
		})
		if err != nil {
			return nil, err
		}
	}
	for part := range 1<<levels + 1 {
		c.start = append(c.start, int32(halved(s.n, levels, part)))
	}
	return c, ctx.Err()
}

// halved returns where the given part of n points that are halved so many
// times begins.
func halved(n, levels, part int) int { return int(uint64(n) * uint64(part) >> levels) }

// halve puts first, of the given points, the half that lies lower along their
// principal axis; of those equally far along, in the order of their indices.
func (c *cells) halve(s *Space, points []int32, keys []uint64, moved []int32) {
	axis := principalAxis(s, points)
	for i, p := range points {
		keys[i] = uint64(sortable(dot32(axis, s.approx[int(p)*s.d:])))<<32 | uint64(i)
	}
	slices.Sort(keys)
	for i, k := range keys {
		moved[i] = points[uint32(k)]
	}
	copy(points, moved)
}

// principalAxis returns about the direction in which the points extend the
// most.
func principalAxis(s *Space, points []int32) []float32 {
	m := min(len(points), axisSample)
	row := func(i int) []float32 {
		p := int(points[i*len(points)/m])
		return s.approx[p*s.d : (p+1)*s.d]
	}
	mean := make([]float32, s.d)
	for i := range m {
		addScaled32(mean, 1/float32(m), row(i))
	}
	// The start is the point furthest from the mean.
	axis, diff := make([]float32, s.d), make([]float32, s.d)
	furthest := float32(0)
	for i := range m {
		copy(diff, row(i))
		addScaled32(diff, -1, mean)
		if length := dot32(diff, diff); length > furthest {
			furthest = length
			copy(axis, diff)
		}
	}
	next := make([]float32, s.d)
	for range axisSteps {
		scale := float32(1 / math.Sqrt(max(float64(dot32(axis, axis)), math.SmallestNonzeroFloat32)))
		for j, v := range axis {
			axis[j] = v * scale
		}
		clear(next)
		for i := range m {
			copy(diff, row(i))
			addScaled32(diff, -1, mean)
			addScaled32(next, dot32(axis, diff), diff)
		}
		axis, next = next, axis
	}
	return axis
}

// gather copies the points in their order, and finds the centres.
func (c *cells) gather(s *Space) {
	d := s.d
	c.approx = make([]float32, s.n*d)
	c.base, c.norms = make([]float64, s.n), make([]float64, s.n)
	count := len(c.start) - 1
	c.centre, c.centreBase = make([]float32, count*d), make([]float32, count)
	parallel.For(count, 1, func(cell, _ int) {
		lo, hi := int(c.start[cell]), int(c.start[cell+1])
		centre := c.centre[cell*d : (cell+1)*d]
		for i := lo; i < hi; i++ {
			p := int(c.order[i])
			row := s.approx[p*d : (p+1)*d]
			copy(c.approx[i*d:], row)
			c.base[i], c.norms[i] = s.base[p], s.norms[p]
			addScaled32(centre, 1/float32(hi-lo), row)
		}
		c.centreBase[cell] = dot32(centre, centre)
	})
}

// dot32 returns the product of a with the beginning of b, in a fixed order.
func dot32(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return s0 + s1 + (s2 + s3)
}

// addScaled32 adds scale*b to a.
func addScaled32(a []float32, scale float32, b []float32) {
	b = b[:len(a)]
	for i, v := range b {
		a[i] += scale * v
	}
}

// sortable returns a number that is ordered as v is, NaN last.
func sortable(v float32) uint32 {
	u := math.Float32bits(v)
	switch {
	case v != v:
		return math.MaxUint32
	case u>>31 == 1:
		return ^u
	}
	return u | 1<<31
}
