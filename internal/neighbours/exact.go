package neighbours

import (
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// queryRows is how many queries are searched for at once: enough for the matrix
// product to reuse what it packs, few enough for their selectors to stay small.
const queryRows = 256

// Nearest returns, for each point of q, the indices of its k nearest of the
// points of s, ascending, and their squared distances, row by row. With self,
// q is s, and a point is not its own neighbour. Of equally near points those
// with the lowest index are taken. The result is exact: float32 products only
// rule out points that are too far by more than their error bound.
func (s *Space) Nearest(ctx context.Context, q *Space, self bool, k int) (indices []int32, d2 []float32, err error) {
	indices = make([]int32, q.n*k)
	d2 = make([]float32, q.n*k)
	sift := s.newSift()
	// At most 2^27 multiplications between two looks at ctx.
	columns := min(max(1<<27/(queryRows*s.d), 128), 4096, s.n)
	products := make([]float32, queryRows*columns)
	selectors := make([]selector, queryRows)

	for q0 := 0; q0 < q.n; q0 += queryRows {
		rows := min(queryRows, q.n-q0)
		for r := range rows {
			selectors[r].reset(k)
		}
		for j0 := 0; j0 < s.n; j0 += columns {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			cols := min(columns, s.n-j0)
			if err := gemm.Float32NT(rows, cols, s.d, q.approx[q0*s.d:], s.d, s.approx[j0*s.d:], s.d, products, cols); err != nil {
				return nil, nil, err
			}
			parallel.For(rows, 16, func(lo, hi int) {
				for r := lo; r < hi; r++ {
					skip := -1
					if self {
						skip = q0 + r
					}
					sift.offer(&selectors[r], products[r*cols:(r+1)*cols], j0, skip, q.base[q0+r], q.norms[q0+r])
				}
			})
		}
		err := parallel.ForContext(ctx, rows, 4, func(lo, hi int) {
			memory := make([]float64, q.d)
			for r := lo; r < hi; r++ {
				query := q.row(q0+r, memory)
				found := selectors[r].nearest(func(points []candidate) { s.measure(query, points, nil) })
				for e, c := range found {
					indices[(q0+r)*k+e] = c.index
					d2[(q0+r)*k+e] = s.squared(c.distance)
				}
			}
		})
		if err != nil {
			return nil, nil, err
		}
		if s.progress != nil {
			s.progress(q0+rows, q.n)
		}
	}
	return indices, d2, nil
}

// Neighbours returns the k nearest of each of s's own points; see Nearest.
func (s *Space) Neighbours(ctx context.Context, k int) (indices []int32, d2 []float32, err error) {
	return s.Nearest(ctx, s, true, k)
}

// Distances returns all n x n squared distances.
func (s *Space) Distances(ctx context.Context) ([]float32, error) {
	d2 := make([]float32, s.n*s.n)
	err := parallel.ForContext(ctx, s.n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a := s.row(i, nil)
			for j := range s.n {
				if j != i {
					d2[i*s.n+j] = s.squared(s.distance(a, j))
				}
			}
		}
	})
	return d2, err
}

// NearestOf returns the k nearest of each of some points, ascending.
func (s *Space) NearestOf(ctx context.Context, points []int, k int) ([]int32, error) {
	q := *s
	q.coordinates = coordinates{n: len(points), d: s.d}
	q.widen()
	q.approx = make([]float32, q.n*s.d)
	q.base, q.norms = make([]float64, q.n), make([]float64, q.n)
	for r, i := range points {
		q.set(r, s.row(i, q.wide[r*s.d:(r+1)*s.d]))
		copy(q.approx[r*s.d:(r+1)*s.d], s.approx[i*s.d:])
		q.base[r], q.norms[r] = s.base[i], s.norms[i]
	}
	found, _, err := s.Nearest(ctx, &q, false, k+1)
	if err != nil {
		return nil, err
	}
	// Without the point itself; if that is not there, all found are its equals,
	// and the last is one too many.
	out := make([]int32, 0, q.n*k)
	for r, i := range points {
		row := found[r*(k+1) : (r+1)*(k+1)]
		at, ok := slices.BinarySearch(row, int32(i))
		if !ok {
			at = k
		}
		out = append(append(out, row[:at]...), row[at+1:]...)
	}
	return out, nil
}

// Pairs returns the distances, squared where the metric is Euclidean, between all
// points, (0, 1), (0, 2), ...
func (s *Space) Pairs(ctx context.Context) ([]float64, error) {
	out := make([]float64, s.n*(s.n-1)/2)
	err := parallel.ForContext(ctx, s.n, 4, func(lo, hi int) {
		for a := lo; a < hi; a++ {
			row, from := out[a*s.n-a*(a+1)/2:][:s.n-a-1], s.row(a, nil)
			for b := range row {
				row[b] = s.distance(from, a+1+b)
			}
		}
	})
	return out, err
}
