package pca

import (
	"errors"
	"math"
)

// implicitQL diagonalises the tridiagonal matrix with diagonal d and
// off-diagonal e (len(d), the last unused), leaving the eigenvalues in d, and
// turns the rows of the matrix with it, width columns each: the QL algorithm with
// implicit shifts (Dubrulle, Martin and Wilkinson 1968).
func implicitQL(d, e, rows []float64) error {
	n := len(d)
	e[n-1] = 0
	// What is below the rounding errors of the reduction counts as zero.
	negligible := 0.0
	for i := range n {
		negligible = max(negligible, epsilon*(math.Abs(d[i])+math.Abs(e[i])))
	}
	rotations := make([]rotation, 0, n) // of a sweep
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
			// Wilkinson's shift: the eigenvalue of the leading 2 x 2 block
			// that is nearer to d[l].
			q := (d[l+1] - d[l]) / (2 * e[l])
			g := d[m] - d[l] + e[l]/(q+math.Copysign(math.Hypot(q, 1), q))
			s, c, p := 1.0, 1.0, 0.0
			rotations = rotations[:0]
			i := m - 1
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
				rotations = append(rotations, rotation{s / (1 + c), s})
			}
			turn(rows, m-1, rotations)
			if i < l {
				d[l] -= p
				e[l] = g
				e[m] = 0
			}
		}
	}
	return nil
}
