package tsne

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
)

// Restore returns the result of a fit that was done before, or by another program, so
// that new points can be placed into it with Transform: layout, n x components, of the
// rows of x, n x d. Of opt it takes what Transform needs, Metric, Method, Angle, Schedule
// and DegreesOfFreedom, with Fit's defaults; KL and the rest of the result are zero. Neither
// matrix may be changed afterwards. It returns an error when shapes do not agree, a
// number is not finite, or one of those options is out of range.
func Restore(x mat.Matrix, layout *mat.Dense, opt Options) (*Result, error) {
	n, _ := x.Dims()
	rows, dims := layout.Dims()
	if rows != n {
		return nil, fmt.Errorf("tsne: a layout of %d points for %d rows", rows, n)
	}
	if n == 0 {
		return nil, fmt.Errorf("tsne: the input has no rows")
	}
	opt, err := Options{
		Components: dims, Metric: opt.Metric, Method: opt.Method, Angle: opt.Angle, DegreesOfFreedom: opt.DegreesOfFreedom,
		Schedule:   opt.Schedule,   // its kernel
		Perplexity: float64(n) / 2, // of no use here, but below n
	}.withDefaults(n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		for j, v := range layout.RawRowView(i) {
			if !(math.Abs(v) <= maxCoordinate) {
				return nil, fmt.Errorf("tsne: the layout holds %v in row %d, column %d, want at most %g", v, i, j, maxCoordinate)
			}
		}
	}
	s, err := neighbours.New(x, neighbours.Metric(opt.Metric))
	if err != nil {
		return nil, fmt.Errorf("tsne: %w", err)
	}
	return &Result{Layout: layout, Method: opt.Method, opt: opt, src: s}, nil
}
