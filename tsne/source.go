package tsne

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
)

// A source gives the distances between points: a [neighbours.Space] or
// [neighbours.Given].
type source interface {
	// Len returns the number of points.
	Len() int
	// Neighbours returns the k nearest of each point, ascending by index, and
	// their squared distances.
	Neighbours(ctx context.Context, k int) ([]int32, []float32, error)
	// Coincident reports whether nothing tells the points apart.
	Coincident() bool
	// Distances returns all n x n squared distances.
	Distances(ctx context.Context) ([]float32, error)
}

// newSpace returns the source of the rows of x.
func newSpace(x mat.Matrix, metric Metric) (*neighbours.Space, error) {
	s, err := neighbours.New(x, neighbours.Metric(metric))
	if err != nil {
		return nil, fmt.Errorf("tsne: %w", err)
	}
	return s, nil
}

// newGiven returns the source of a matrix of distances to n points.
func newGiven(d mat.Matrix, n int, like *neighbours.Given) (*neighbours.Given, error) {
	g, err := neighbours.NewGiven(d, n, like)
	if err != nil {
		return nil, fmt.Errorf("tsne: %w", err)
	}
	return g, nil
}

// search returns the k nearest neighbours by the given search, where src has a
// choice, and says by which.
func search(ctx context.Context, src source, how NeighbourSearch, k int) (indices []int32, d2 []float32, by NeighbourSearch, err error) {
	s, ok := src.(*neighbours.Space)
	switch {
	case !ok:
		indices, d2, err = src.Neighbours(ctx, k)
		return indices, d2, SearchExact, err
	case k == 0: // a single point
	case how == SearchApproximate:
		indices, d2, err = s.NearestApproximately(ctx, k)
	default:
		indices, d2, err = s.Neighbours(ctx, k)
	}
	return indices, d2, how, err
}

// inOrder returns the points of src in an order in which near ones are near, or nil
// where only distances are known.
func inOrder(ctx context.Context, src source) ([]int32, error) {
	if s, ok := src.(*neighbours.Space); ok {
		return s.Order(ctx)
	}
	return nil, nil
}
