package pca

import (
	"context"
	"errors"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// strips is a matrix of n rows, cut into strips of width columns that lie one
// after the other, the last filled up with zeros: the rotations of a strip find
// their rows in the cache.
type strips struct {
	n    int
	data []float64
}

// newStrips copies an n x n matrix.
func newStrips(rows []float64, n int) *strips {
	s := &strips{n, make([]float64, (n+width-1)/width*width*n)}
	for i := range n {
		for j := 0; j < n; j += width {
			copy(s.data[j*n+i*width:][:width], rows[i*n+j:(i+1)*n])
		}
	}
	return s
}

// row copies row i to dst.
func (s *strips) row(dst []float64, i int) {
	for j := 0; j < s.n; j += width {
		copy(dst[j:], s.data[j*s.n+i*width:][:width])
	}
}

// A sweep is a run of rotations as turn takes it.
type sweep struct {
	last      int
	rotations []rotation
}

// implicitQL diagonalises the tridiagonal matrix with diagonal d and
// off-diagonal e (len(d), the last unused), leaving the eigenvalues in d, and
// turns the rows of the matrix with it: the QL algorithm with implicit shifts
// (Dubrulle, Martin and Wilkinson 1968).
//
// The rotations of a sweep are gathered and applied later, many sweeps to one
// strip after the other, so that a strip stays in the cache and the cores share
// the work.
func implicitQL(ctx context.Context, d, e []float64, rows *strips) error {
	n := len(d)
	e[n-1] = 0
	// What is below the rounding errors of the reduction counts as zero.
	negligible := 0.0
	for i := range n {
		negligible = max(negligible, epsilon*(math.Abs(d[i])+math.Abs(e[i])))
	}
	pending := make([]rotation, 0, max(1<<14, n))
	var sweeps []sweep
	flush := func() error {
		err := parallel.ForContext(ctx, len(rows.data)/(n*width), 1, func(lo, hi int) {
			for strip := lo; strip < hi; strip++ {
				part := rows.data[strip*n*width : (strip+1)*n*width]
				for _, s := range sweeps {
					turn(part, s.last, s.rotations)
				}
			}
		})
		pending, sweeps = pending[:0], sweeps[:0]
		return err
	}
	const tiny = 1e-140
	const maxSweeps = 50 // for one eigenvalue; two or three are usual
	for l := range n {
		for count := 0; ; count++ {
			// The block from l to m is cut off by a negligible e[m].
			m := l
			for m < n-1 && math.Abs(e[m]) > negligible {
				m++
			}
			if m == l {
				break
			}
			if count == maxSweeps {
				return errors.New("pca: the eigendecomposition did not converge")
			}
			if len(pending)+m-l > cap(pending) && len(pending) > 0 {
				if err := flush(); err != nil {
					return err
				}
			}
			// Wilkinson's shift: the eigenvalue of the leading 2 x 2 block
			// that is nearer to d[l].
			q := (d[l+1] - d[l]) / (2 * e[l])
			g := d[m] - d[l] + e[l]/(q+math.Copysign(math.Hypot(q, 1), q))
			s, c, p := 1.0, 1.0, 0.0
			i, began := m-1, len(pending)
			for ; i >= l; i-- {
				f, b := s*e[i], c*e[i]
				r := math.Sqrt(f*f + g*g)
				if r < tiny { // its square has lost digits
					r = math.Hypot(f, g)
				}
				r = math.Copysign(r, g) // so that c >= 0
				e[i+1] = r
				if r == 0 {
					// The bulge vanished: the matrix splits here.
					d[i+1] -= p
					e[m] = 0
					break
				}
				s, c = f/r, g/r
				g = d[i+1] - p
				r = (d[i]-g)*s + 2*c*b
				p = s * r
				d[i+1] = g + p
				g = c*r - b
				pending = append(pending, rotation{s / (1 + c), s})
			}
			sweeps = append(sweeps, sweep{m - 1, pending[began:]})
			if i < l {
				d[l] -= p
				e[l] = g
				e[m] = 0
			}
		}
	}
	return flush()
}
