package neighbours

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// Given is distances that the caller computed, from each of rows points to
// each of n, row by row.
type Given struct {
	rows, n int
	d       []float64
	scale   int // d was multiplied by 2^scale
}

// offDiagonal is a matrix whose diagonal is 0.
type offDiagonal struct{ mat.Matrix }

func (o offDiagonal) At(i, j int) float64 {
	if i == j {
		return 0
	}
	return o.Matrix.At(i, j)
}

// NewGiven checks and copies a matrix of distances to n points. They are scaled as
// those of like are, or as they need when it is nil: then they are distances between the
// n points, whose diagonal is not looked at.
func NewGiven(d mat.Matrix, n int, like *Given) (*Given, error) {
	if like == nil {
		d = offDiagonal{d}
	}
	v, rows, columns, err := Rows(d)
	if err != nil {
		return nil, err
	}
	if columns != n {
		return nil, fmt.Errorf("the distances are %d x %d, want %d columns", rows, columns, n)
	}
	for i, e := range v {
		if e < 0 {
			return nil, fmt.Errorf("the distance in row %d, column %d is %v, want none below 0", i/n, i%n, e)
		}
	}
	g := &Given{rows: rows, n: n, d: v}
	if like == nil {
		g.scale = Tame(v)
	} else {
		g.scale = like.scale
		scaleBy(g.scale, v)
	}
	return g, nil
}

// Len returns the number of points.
func (g *Given) Len() int { return g.n }

// Neighbours returns the k nearest of each of n points but itself; see Nearest.
func (g *Given) Neighbours(ctx context.Context, k int) ([]int32, []float32, error) {
	return g.Nearest(ctx, true, k)
}

// Distances returns the squared distances between n points.
func (g *Given) Distances(ctx context.Context) ([]float32, error) {
	d2 := make([]float32, len(g.d))
	for i, d := range g.d {
		d2[i] = float32(d * d)
	}
	return d2, ctx.Err()
}

// Nearest returns, for each row, the k columns of least distance, of equal
// ones the first, ascending, and the squared distances. With self, column i
// of row i is left out.
func (g *Given) Nearest(ctx context.Context, self bool, k int) (indices []int32, d2 []float32, err error) {
	indices = make([]int32, g.rows*k)
	d2 = make([]float32, g.rows*k)
	const grain = 4
	selectors := make([]selector, parallel.Workers(g.rows, grain))
	done := ctx.Done()
	parallel.ForWorker(g.rows, grain, func(worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			select {
			case <-done:
				return
			default:
			}
			row, sel := g.d[i*g.n:(i+1)*g.n], &selectors[worker]
			sel.reset(k)
			for j, d := range row {
				if !self || j != i {
					sel.offer(int32(j), d, d)
				}
			}
			nearest := sel.nearest(func(points []candidate) {
				for e := range points {
					points[e].distance = row[points[e].index]
				}
			})
			for e, c := range nearest {
				indices[i*k+e] = c.index
				d2[i*k+e] = float32(c.distance * c.distance)
			}
		}
	})
	return indices, d2, ctx.Err()
}
