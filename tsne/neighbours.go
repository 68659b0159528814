package tsne

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// queryRows is how many queries are searched for at once: enough for the matrix
// product to reuse what it packs, few enough for their selectors to stay small.
const queryRows = 256

// nearest returns, for each point of q, the indices of its k nearest of the
// points of s, ascending, and their squared distances, row by row. With self,
// q is s, and a point is not its own neighbour. Of equally near points those
// with the lowest index are taken. The result is exact: float32 products only
// rule out points that are too far by more than their error bound.
func (s *space) nearest(ctx context.Context, q *space, self bool, k int) (indices []int32, d2 []float32, err error) {
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
			for r := lo; r < hi; r++ {
				query := q.row(q0 + r)
				found := selectors[r].nearest(func(j int32) float64 { return s.distance(query, s.row(int(j))) })
				for e, c := range found {
					indices[(q0+r)*k+e] = c.index
					d2[(q0+r)*k+e] = s.squared(c.distance)
				}
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return indices, d2, nil
}

// distances returns all n x n squared distances.
func (s *space) distances(ctx context.Context) ([]float32, error) {
	d2 := make([]float32, s.n*s.n)
	err := parallel.ForContext(ctx, s.n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a := s.row(i)
			for j := range s.n {
				if j != i {
					d2[i*s.n+j] = s.squared(s.distance(a, s.row(j)))
				}
			}
		}
	})
	return d2, err
}
