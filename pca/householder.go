package pca

import (
	"context"
	"math"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A reduction is A = Q T Qᵀ with T tridiagonal and Q the product of the
// reflections H_j = I - tau_j v_j v_jᵀ, j = 0, 1, ..., n-3.
type reduction struct {
	n       int
	d, e    []float64 // diagonal of T, and off-diagonal: e[i] = T[i][i+1], e[n-1] = 0
	tau     []float64
	vectors []float64 // n x n: row j holds v_j from column j+1 on, where it is 1
}

// panel is how many reflections are gathered before they change the rest of
// the matrix. More make the products quicker and the gathering slower.
const panel = 32

// reduce makes an n x n matrix tridiagonal, of which a holds the upper
// triangle. It overwrites a. The matrix must not be of extreme size.
//
// The method is LAPACK's (dsytrd and dlatrd; Dongarra, Hammarling and Sorensen
// 1989): half of the work is a symmetric matrix times a vector for each
// reflection, the other half a product of matrices for each panel.
func reduce(ctx context.Context, a []float64, n int) (*reduction, error) {
	r := &reduction{n, make([]float64, n), make([]float64, n), make([]float64, n), a}
	// Rows 0 to panel-1 are reflections v, the others their w, of the update
	// A - v wᵀ - w vᵀ.
	vw := make([]float64, 2*panel*n)
	y := newSymmetric(n)
	for p0 := 0; p0 < n-2; p0 += panel {
		p1 := min(p0+panel, n-2)
		clear(vw)
		for j := p0; j < p1; j++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			r.reflect(j, p0, vw, y)
		}
		if err := r.update(p1, vw); err != nil {
			return nil, err
		}
	}
	for i := max(n-2, 0); i < n; i++ {
		r.d[i] = a[i*n+i]
		if i+1 < n {
			r.e[i] = a[i*n+i+1]
		}
	}
	return r, nil
}

// reflect makes reflection j, which leaves row j tridiagonal, and its w. The
// panel begins with reflection p0; its earlier ones have changed no row yet.
func (r *reduction) reflect(j, p0 int, vw []float64, y *symmetric) {
	n, c := r.n, j-p0
	row := r.vectors[j*n : (j+1)*n]
	v, w := vw[:panel*n], vw[panel*n:]
	var scale [4]float64
	unused := y.scratch[:n-j]
	for g := 0; g < c; g += 4 {
		for i := range scale {
			scale[i] = -w[(g+i)*n+j]
		}
		rows4(n-j, v[g*n+j:], n, unused, row[j:], &scale)
		for i := range scale {
			scale[i] = -v[(g+i)*n+j]
		}
		rows4(n-j, w[g*n+j:], n, unused, row[j:], &scale)
	}
	r.d[j] = row[j]
	x := row[j+1:]
	var squares float64
	for _, t := range x[1:] {
		squares += t * t
	}
	vj := v[c*n+j+1 : (c+1)*n]
	if squares == 0 {
		r.e[j], r.tau[j] = x[0], 0 // H is the identity, and w zero
		x[0] = 1
		vj[0] = 1
		return
	}
	beta := -math.Copysign(math.Sqrt(x[0]*x[0]+squares), x[0])
	tau := (beta - x[0]) / beta
	f := 1 / (x[0] - beta)
	for i := range x {
		x[i] *= f
	}
	x[0] = 1
	r.e[j], r.tau[j] = beta, tau
	copy(vj, x)

	// w = tau (A v - V Wᵀv - W Vᵀv), less what makes it half of the update.
	wj := w[c*n+j+1 : (c+1)*n]
	y.multiply(r.vectors, j+1, vj, wj)
	var none [4]float64
	scratch := y.scratch[:len(wj)]
	for g := 0; g < c; g += 4 {
		at := g*n + j + 1
		dv := rows4(len(vj), v[at:], n, vj, scratch, &none)
		dw := rows4(len(vj), w[at:], n, vj, scratch, &none)
		for i := range dv {
			dv[i], dw[i] = -dv[i], -dw[i]
			if g+i >= c { // this one itself, or none yet
				dv[i], dw[i] = 0, 0
			}
		}
		rows4(len(vj), v[at:], n, vj, wj, &dw)
		rows4(len(vj), w[at:], n, vj, wj, &dv)
	}
	dot := 0.0
	for i, t := range wj {
		t *= tau
		wj[i] = t
		dot += t * vj[i]
	}
	half := -0.5 * tau * dot
	for i := range wj {
		wj[i] += half * vj[i]
	}
}

// update applies a panel to what is right of and below column p1.
func (r *reduction) update(p1 int, vw []float64) error {
	n := r.n
	swapped := append(append(make([]float64, 0, len(vw)), vw[panel*n:]...), vw[:panel*n]...)
	const high = 64 // rows at once: what lies below the diagonal is little
	left := make([]float64, high*2*panel)
	for i0 := p1; i0 < n; i0 += high {
		i1 := min(i0+high, n)
		for i := i0; i < i1; i++ {
			for c := range 2 * panel {
				left[(i-i0)*2*panel+c] = -vw[c*n+i]
			}
		}
		if err := gemm.AddFloat64(i1-i0, n-i0, 2*panel, left, 2*panel, swapped[i0:], n, r.vectors[i0*n+i0:], n); err != nil {
			return err
		}
	}
	return nil
}

// apply multiplies the n x cols matrix x by Q from the left: the panels, each as
// I - V T Vᵀ (Schreiber and Van Loan 1989), from the last to the first. Each changes the
// rows from its first reflection's on, so that fewer and wider panels read and write less.
func (r *reduction) apply(ctx context.Context, x []float64, cols int) error {
	const together = 2 * panel
	n := r.n
	v, vt := make([]float64, together*n), make([]float64, n*together)
	products, t := make([]float64, together*together), make([]float64, together*together)
	vx, tvx := make([]float64, together*cols), make([]float64, together*cols)
	for p0 := (max(n-3, 0)) / together * together; p0 >= 0; p0 -= together {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, at := min(together, n-2-p0), p0+1
		if k <= 0 {
			continue
		}
		m := n - at
		for c := range k {
			row := v[c*m : (c+1)*m]
			clear(row[:c])
			copy(row[c:], r.vectors[(p0+c)*n+at+c:(p0+c+1)*n])
			for i, w := range row {
				vt[i*k+c] = -w
			}
		}
		if err := gemm.Float64NT(k, k, m, v, m, v, m, products, k); err != nil {
			return err
		}
		// T, upper triangular, column by column: -tau_i T (Vᵀ v_i) above tau_i.
		clear(t)
		for i := range k {
			tau := r.tau[p0+i]
			for a := range i {
				sum := 0.0
				for b := a; b < i; b++ {
					sum += t[a*k+b] * products[b*k+i]
				}
				t[a*k+i] = -tau * sum
			}
			t[i*k+i] = tau
		}
		part := x[at*cols:]
		if err := gemm.Float64(k, cols, m, v, m, part, cols, vx, cols); err != nil {
			return err
		}
		if err := gemm.Float64(k, cols, k, t, k, vx, cols, tvx, cols); err != nil {
			return err
		}
		if err := gemm.AddFloat64(m, cols, k, vt, k, tvx, cols, part, cols); err != nil {
			return err
		}
	}
	return nil
}

// symmetric multiplies a symmetric matrix and a vector.
type symmetric struct {
	n       int
	scratch []float64
	sums    []float64 // of each part but the first
}

// parts is into how many pieces a large product is cut, whatever the number of
// cores, and large is the number of rows from which that pays.
const (
	parts = 8
	large = 1024
)

func newSymmetric(n int) *symmetric {
	s := &symmetric{n: n, scratch: make([]float64, n)}
	if n >= large {
		s.sums = make([]float64, (parts-1)*n)
	}
	return s
}

// multiply sets y to the product of the rows and columns of a from i0 on, of
// which the upper triangle is read, and x; both begin with element i0.
func (s *symmetric) multiply(a []float64, i0 int, x, y []float64) {
	m := s.n - i0
	clear(y)
	if m < large {
		s.rows(a, i0, 0, m, x, y)
		return
	}
	parallel.For(parts, 1, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			sum := y
			if p > 0 {
				sum = s.sums[(p-1)*s.n:][:m]
				clear(sum)
			}
			s.rows(a, i0, border(p, m), border(p+1, m), x, sum)
		}
	})
	for p := 1; p < parts; p++ {
		for i, v := range s.sums[(p-1)*s.n:][:m] {
			y[i] += v
		}
	}
}

// border returns where part p begins of the rows of a triangle of m rows, cut
// into parts of equal areas.
func border(p, m int) int {
	left := math.Sqrt(float64(parts-p) / parts) // of the length, below the border
	return m - int(float64(m)*left)
}

// rows adds what rows [lo, hi) and, mirrored, their columns contribute.
func (s *symmetric) rows(a []float64, i0, lo, hi int, x, y []float64) {
	n, m := s.n, s.n-i0
	for i := lo; i < hi; {
		at := (i0+i)*n + i0 + i // the diagonal
		if (m-i)%4 != 0 || i+4 > hi {
			row, xi := a[at:][:m-i], x[i]
			sum := row[0] * xi
			for j := 1; j < len(row); j++ {
				sum += row[j] * x[i+j]
				y[i+j] += row[j] * xi
			}
			y[i] += sum
			i++
			continue
		}
		scale := [4]float64(x[i:])
		dots := rows4(m-i-4, a[at+4:], n, x[i+4:], y[i+4:], &scale)
		for r := range 4 {
			row := a[at+r*n:][:4]
			sum := dots[r] + row[r]*scale[r]
			for c := r + 1; c < 4; c++ {
				sum += row[c] * scale[c]
				y[i+c] += row[c] * scale[r]
			}
			y[i+r] += sum
		}
		i += 4
	}
}
