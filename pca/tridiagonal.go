package pca

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	lapack "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// eigen returns the eigenvalues of the n x n symmetric matrix whose upper
// triangle a holds, negative ones set to 0, in decreasing order, and the
// eigenvectors as rows in that order. It overwrites a, and returns early,
// leaving the reduction to end on its own, when ctx ends.
//
// LAPACK's Dsytrd and Dorgtr reduce to tridiagonal form, as gonum's
// mat.EigenSym does; the QL iteration is our own, for gonum's walks down the
// columns of a row-major matrix on one core, several times slower.
func eigen(ctx context.Context, a []float64, n int) ([]float64, *mat.Dense, error) {
	largest := 0.0
	for i := range n {
		for _, v := range a[i*n+i : (i+1)*n] {
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		rows := mat.NewDense(n, n, nil)
		for i := range n {
			rows.Set(i, i, 1)
		}
		return make([]float64, n), rows, nil
	}
	// A power of two, so that nothing is rounded, keeps squares in range.
	_, exponent := math.Frexp(largest)
	for i, v := range a {
		a[i] = math.Ldexp(v, -exponent)
	}
	d, e, rows, err := tridiagonal(ctx, a, n)
	if err != nil {
		return nil, nil, err
	}
	if err := implicitQL(ctx, d, e, rows); err != nil {
		return nil, nil, err
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case d[i] > d[j]:
			return -1
		case d[i] < d[j]:
			return 1
		}
		return 0
	})
	values, vectors := make([]float64, n), mat.NewDense(n, n, nil)
	for i, from := range order {
		// A covariance has no negative eigenvalues; rounding has.
		values[i] = math.Ldexp(max(d[from], 0), exponent)
		vectors.SetRow(i, rows[from*n:(from+1)*n])
	}
	return values, vectors, nil
}

// tridiagonal returns the diagonal d and the off-diagonal e, e[i] = T[i][i+1],
// of T = Q^T A Q, and Q^T row-major. It overwrites a.
func tridiagonal(ctx context.Context, a []float64, n int) ([]float64, []float64, []float64, error) {
	d, e := make([]float64, n), make([]float64, n)
	qt := make([]float64, n*n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var impl lapack.Implementation
		tau, work := make([]float64, max(n-1, 0)), make([]float64, 1)
		impl.Dsytrd(blas.Upper, n, a, n, d, e[:n-1], tau, work, -1)
		work = make([]float64, max(1, int(work[0])))
		impl.Dsytrd(blas.Upper, n, a, n, d, e[:n-1], tau, work, len(work))
		impl.Dorgtr(blas.Upper, n, a, n, tau, work, -1)
		work = make([]float64, max(1, int(work[0])))
		impl.Dorgtr(blas.Upper, n, a, n, tau, work, len(work))
		for i := range n {
			for j, v := range a[i*n : (i+1)*n] {
				qt[j*n+i] = v
			}
		}
	}()
	select {
	case <-ctx.Done():
		return nil, nil, nil, ctx.Err()
	case <-done:
		return d, e, qt, nil
	}
}

// rotation turns rows i and i+1 of the eigenvectors.
type rotation struct {
	i    int
	c, s float64
}

// implicitQL diagonalises the tridiagonal matrix with diagonal d and
// off-diagonal e (len(d), the last unused), leaving the eigenvalues in d, and
// turns the rows of the len(d) x len(d) matrix with it: the QL algorithm with
// implicit shifts (Dubrulle, Martin and Wilkinson 1968).
//
// The rotations are gathered and applied later, to strips of columns side by
// side, so that a strip stays in the cache and the cores share the work.
func implicitQL(ctx context.Context, d, e, rows []float64) error {
	n := len(d)
	e[n-1] = 0
	// What is below the rounding errors of the reduction counts as zero.
	negligible := 0.0
	for i := range n {
		negligible = max(negligible, epsilon*(math.Abs(d[i])+math.Abs(e[i])))
	}
	pending := make([]rotation, 0, 1<<14)
	flush := func() error {
		const strip = 32
		err := parallel.ForContext(ctx, n, strip, func(lo, hi int) {
			for _, r := range pending {
				a := rows[r.i*n+lo : r.i*n+hi]
				b := rows[(r.i+1)*n+lo : (r.i+1)*n+hi][:len(a)]
				for j, x := range a {
					y := b[j]
					a[j] = r.c*x - r.s*y
					b[j] = r.s*x + r.c*y
				}
			}
		})
		pending = pending[:0]
		return err
	}
	const maxSweeps = 50 // for one eigenvalue; two or three are usual
	for l := range n {
		for sweep := 0; ; sweep++ {
			// The block from l to m is cut off by a negligible e[m].
			m := l
			for m < n-1 && math.Abs(e[m]) > negligible {
				m++
			}
			if m == l {
				break
			}
			if sweep == maxSweeps {
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
			i := m - 1
			for ; i >= l; i-- {
				f, b := s*e[i], c*e[i]
				r := math.Hypot(f, g)
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
				pending = append(pending, rotation{i, c, s})
			}
			if i < l {
				d[l] -= p
				e[l] = g
				e[m] = 0
			}
		}
	}
	return flush()
}
