package forces

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/scratch"
	"github.com/glimpse-go/glimpse/internal/student"
)

// Attraction is a sparse matrix and the points in the order of its rows.
type Attraction struct {
	rowOrder
	values []float64
	dims   int
	Points []float64 // in the order of the rows
}

// NewAttraction returns the attraction along the entries of m between points of dims
// coordinates, its rows in the given order, or in the points' own where that is nil.
func NewAttraction(ctx context.Context, m Source, order []int32, dims int) (*Attraction, error) {
	a := &Attraction{dims: dims}
	err := a.arrange(ctx, m, order, 1,
		func(entries int) { a.values = make([]float64, entries) },
		func(e int, v float64) { a.values[e] = v })
	return a, err
}

// Place takes over the positions in y, n points row by row.
func (a *Attraction) Place(y []float64) {
	a.Points = scratch.Resize(a.Points, len(y))
	for s, i := range a.Order {
		copy(a.Points[s*a.dims:(s+1)*a.dims], y[int(i)*a.dims:])
	}
}

// Row returns the columns and the values of row s.
func (a *Attraction) Row(s int) ([]int32, []float64) {
	lo, hi := a.rowStart[s], a.rowStart[s+1]
	return a.columns[lo:hi], a.values[lo:hi]
}

// At returns the point of row s, the coordinates beyond its dimensions 0.
func (a *Attraction) At(s int) (p [3]float64) {
	copy(p[:], a.Points[s*a.dims:(s+1)*a.dims])
	return p
}

// Attract returns the sum over the neighbours of p/(1 + d2/dof) (at - y_j).
func Attract(k student.Kernel, columns []int32, values, y []float64, dims int, at [3]float64) (force [3]float64) {
	values = values[:len(columns)]
	if dims == 2 {
		ax, ay := at[0], at[1]
		scale := 1 / k.DoF
		var fx, fy float64
		for e, j := range columns {
			p := y[2*j : 2*j+2 : 2*j+2]
			dx, dy := ax-p[0], ay-p[1]
			f := values[e] / (1 + (dx*dx+dy*dy)*scale)
			fx += f * dx
			fy += f * dy
		}
		return [3]float64{fx, fy}
	}
	for e, j := range columns {
		var d [3]float64
		d2 := 0.0
		for a := range dims {
			d[a] = at[a] - y[int(j)*dims+a]
			d2 += d[a] * d[a]
		}
		f := values[e] / (1 + d2/k.DoF)
		for a := range dims {
			force[a] += f * d[a]
		}
	}
	return force
}

// Cross returns the sum over the neighbours of p times -log q, unnormalised.
func Cross(k student.Kernel, columns []int32, values, y []float64, dims int, at [3]float64) (sum float64) {
	for e, j := range columns {
		d2 := 0.0
		for a := range dims {
			d := at[a] - y[int(j)*dims+a]
			d2 += d * d
		}
		sum += values[e] * k.NegLog(d2)
	}
	return sum
}
