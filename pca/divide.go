package pca

import (
	"context"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/gemm"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// leaf is the largest tridiagonal matrix that is not divided: QL takes it, which turns so
// many columns together.
const leaf = width

// A division is a tridiagonal matrix whose eigenvectors are sought by divide and conquer
// (Cuppen 1981; Gu and Eisenstat 1995).
type division struct {
	n       int
	d, e    []float64
	vectors []float64 // n x n: rows [lo, hi) of a part, columns [lo, hi), are eigenvectors
	gather  []float64 // n x n, the rows that a product is made of
	deltas  []float64 // n x n, then the factor of that product
}

// eigenTridiagonal returns the eigenvalues of the tridiagonal matrix with diagonal d and
// off-diagonal e (len(d), the last unused), in no order, and the eigenvectors as rows, with
// memory of as many numbers that it used. It overwrites d. The largest entry must be near 1.
func eigenTridiagonal(ctx context.Context, d, e []float64) (values, vectors, scratch []float64, err error) {
	n := len(d)
	v := &division{n: n, d: d, e: e, vectors: make([]float64, n*n), gather: make([]float64, n*n)}
	if n > leaf {
		v.deltas = make([]float64, n*n)
	}
	if err := v.solve(ctx, 0, n); err != nil {
		return nil, nil, nil, err
	}
	return d, v.vectors, v.gather, nil
}

// solve finds the eigenvalues and eigenvectors of rows [lo, hi). With ρ = |e| of the
// element e that joins the halves, and σ its sign,
//
//	T = (T₁ 0; 0 T₂) + ρ v vᵀ,   v = (0, ..., 0, 1, σ, 0, ..., 0)
//
// where the last diagonal element of T₁ and the first of T₂ are less by ρ (Cuppen 1981,
// eq. 2.1).
func (v *division) solve(ctx context.Context, lo, hi int) error {
	if hi-lo <= leaf {
		return v.ql(ctx, lo, hi)
	}
	mid := lo + (hi-lo)/2
	joint := v.e[mid-1]
	v.d[mid-1] -= math.Abs(joint)
	v.d[mid] -= math.Abs(joint)
	if err := v.solve(ctx, lo, mid); err != nil {
		return err
	}
	if err := v.solve(ctx, mid, hi); err != nil {
		return err
	}
	return v.conquer(ctx, lo, mid, hi, joint)
}

// ql solves a part that is not divided.
func (v *division) ql(ctx context.Context, lo, hi int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := hi - lo
	rows := make([]float64, m*width)
	for i := range m {
		rows[i*width+i] = 1
	}
	if err := implicitQL(v.d[lo:hi], slices.Clone(v.e[lo:hi]), rows); err != nil {
		return err
	}
	for i := range m {
		copy(v.vectors[(lo+i)*v.n+lo:][:m], rows[i*width:])
	}
	return nil
}

// halves says in which columns of a part an eigenvector is not zero.
type halves uint8

const (
	left halves = iota // those of T₁ alone
	both
	right
)

// conquer joins the eigenvectors of [lo, mid) and [mid, hi): with T₁ = Q₁ D₁ Q₁ᵀ and
// T₂ = Q₂ D₂ Q₂ᵀ,
//
//	T = Q (D + ρ z zᵀ) Qᵀ,   z = Qᵀ v: the last elements of T₁'s eigenvectors,
//	                         and σ times the first ones of T₂'s
//
// so that the eigenvectors are Q times those of a diagonal matrix plus one of rank one.
func (v *division) conquer(ctx context.Context, lo, mid, hi int, joint float64) error {
	if joint == 0 {
		return nil
	}
	n, m := v.n, hi-lo
	d, z := v.d[lo:hi], make([]float64, m)
	for i := range z {
		at := (lo+i)*n + mid
		if lo+i < mid {
			z[i] = v.vectors[at-1] / math.Sqrt2
		} else {
			z[i] = math.Copysign(1, joint) * v.vectors[at] / math.Sqrt2
		}
	}
	rho := 2 * math.Abs(joint) // for z of length 1
	kept, deflated, kind := v.deflate(lo, mid, hi, d, z, rho)
	k := len(kept)

	eq, zs := &secular{make([]float64, k), make([]float64, k), rho}, make([]float64, k)
	for j, i := range kept {
		eq.d[j], eq.squares[j], zs[j] = d[i], z[i]*z[i], z[i]
	}
	values, err := v.roots(ctx, eq)
	if err != nil {
		return err
	}
	place, count := places(kept, kind)
	if err := v.factor(ctx, eq.d, zs, place); err != nil {
		return err
	}

	// What the product is made of, so that it can take the place of its factors: the left
	// halves of vectors, the right ones, and the vectors that stay.
	m1, m2 := mid-lo, hi-mid
	k1, k2 := count[left]+count[both], count[both]+count[right]
	lefts := v.gather[:k1*m1]
	rights := v.gather[k1*m1:][:k2*m2]
	rest := v.gather[k1*m1+k2*m2:][:len(deflated)*m]
	for j, i := range kept {
		row, at := v.vectors[(lo+i)*n+lo:][:m], place[j]
		if at < k1 {
			copy(lefts[at*m1:][:m1], row)
		}
		if at >= count[left] {
			copy(rights[(at-count[left])*m2:][:m2], row[m1:])
		}
	}
	copy(d, append(values, v.stay(rest, lo, m, d, deflated)...))
	for step, i := rowsAtOnce(k*m), 0; i < k; i += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := min(step, k-i)
		u, to := v.deltas[i*k:], v.vectors[(lo+i)*n+lo:]
		if err := gemm.Float64(r, m1, k1, u, k, lefts, m1, to, n); err != nil {
			return err
		}
		if err := gemm.Float64(r, m2, k2, u[count[left]:], k, rights, m2, to[m1:], n); err != nil {
			return err
		}
	}
	for j := range deflated {
		copy(v.vectors[(lo+k+j)*n+lo:][:m], rest[j*m:])
	}
	return nil
}

// stay copies the vectors that are deflated to rest and returns their eigenvalues.
func (v *division) stay(rest []float64, lo, m int, d []float64, deflated []int) []float64 {
	values := make([]float64, len(deflated))
	for j, i := range deflated {
		copy(rest[j*m:][:m], v.vectors[(lo+i)*v.n+lo:])
		values[j] = d[i]
	}
	return values
}

// deflate finds what the matrix of rank one does not change, up to rounding errors
// (Dongarra and Sorensen 1987, section 4): eigenvectors whose z is next to 0; and of two
// eigenvalues next to each other, one, once a rotation of their eigenvectors has made its
// z 0. It returns the others, by increasing eigenvalue, those, and where eigenvectors are
// not zero.
func (v *division) deflate(lo, mid, hi int, d, z []float64, rho float64) (kept, deflated []int, kind []halves) {
	m := hi - lo
	kind = make([]halves, m)
	for i := mid - lo; i < m; i++ {
		kind[i] = right
	}
	size := rho
	for _, x := range d {
		size = max(size, math.Abs(x))
	}
	negligible := 8 * unit * size
	last := -1
	for _, i := range ascending(d) {
		if rho*math.Abs(z[i]) <= negligible {
			deflated = append(deflated, i)
			continue
		}
		if last >= 0 {
			length := math.Hypot(z[last], z[i])
			c, s := z[i]/length, z[last]/length
			if math.Abs((d[i]-d[last])*c*s) > negligible {
				kept = append(kept, last)
			} else {
				z[last], z[i] = 0, length
				d[last], d[i] = d[last]*c*c+d[i]*s*s, d[last]*s*s+d[i]*c*c
				a, b := v.vectors[(lo+last)*v.n+lo:][:m], v.vectors[(lo+i)*v.n+lo:][:m]
				for j, x := range a {
					y := b[j]
					a[j], b[j] = c*x-s*y, s*x+c*y
				}
				if kind[i] != kind[last] {
					kind[i] = both
				}
				deflated = append(deflated, last)
			}
		}
		last = i
	}
	if last >= 0 {
		kept = append(kept, last)
	}
	return kept, deflated, kind
}

// places orders the vectors that are kept: those of the left half first, those of both
// next. It returns each one's place, and how many there are of a kind.
func places(kept []int, kind []halves) (place []int, count [3]int) {
	for _, i := range kept {
		count[kind[i]]++
	}
	next := [3]int{0, count[left], count[left] + count[both]}
	for _, i := range kept {
		place = append(place, next[kind[i]])
		next[kind[i]]++
	}
	return place, count
}

// roots returns the eigenvalues of the matrix of rank one and a diagonal, and leaves
// d_j - λ_i in element (i, j) of deltas.
func (v *division) roots(ctx context.Context, eq *secular) ([]float64, error) {
	k := len(eq.d)
	values, errs := make([]float64, k), make([]error, k)
	err := parallel.ForContext(ctx, k, 8, func(lo, hi int) {
		scratch := make([]float64, k)
		for i := lo; i < hi; i++ {
			values[i], errs[i] = eq.root(i, v.deltas[i*k:(i+1)*k], scratch)
		}
	})
	for _, e := range errs {
		if err == nil {
			err = e
		}
	}
	return values, err
}

// factor replaces deltas by the eigenvectors of the matrix of rank one and a diagonal,
// row i
//
//	u_i = (ẑ_1/(d_1 - λ_i), ẑ_2/(d_2 - λ_i), ...), divided by its length,
//
// with element j in column place[j]. ẑ is that for which the λ_i, as they were computed,
// are the exact eigenvalues, by Löwner's formula (Gu and Eisenstat 1995, eq. 3.3):
//
//	ẑ_j² = Π_i (λ_i - d_j) / Π_(i≠j) (d_i - d_j)
//
// up to a factor 1/ρ. It differs from z by rounding errors alone, and makes the u_i
// orthogonal as exactly as if there were none. It has the signs of z, and takes its place.
func (v *division) factor(ctx context.Context, d, z []float64, place []int) error {
	k := len(d)
	err := parallel.ForContext(ctx, k, 64, func(lo, hi int) {
		part := make([]float64, hi-lo)
		for j := range part {
			part[j] = 1
		}
		for i := range k {
			for j, delta := range v.deltas[i*k+lo : i*k+hi] {
				gap := d[lo+j] - d[i]
				if lo+j == i {
					gap = -1
				}
				part[j] *= delta / gap
			}
		}
		for j, p := range part {
			z[lo+j] = math.Copysign(math.Sqrt(p), z[lo+j])
		}
	})
	if err != nil {
		return err
	}
	return parallel.ForContext(ctx, k, 16, func(lo, hi int) {
		u := make([]float64, k)
		for i := lo; i < hi; i++ {
			row := v.deltas[i*k : (i+1)*k]
			sum := 0.0
			for j, delta := range row {
				u[j] = z[j] / delta
				sum += u[j] * u[j]
			}
			length := math.Sqrt(sum)
			for j, x := range u {
				row[place[j]] = x / length
			}
		}
	})
}
