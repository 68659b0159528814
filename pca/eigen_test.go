package pca

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/transpose"
)

// symmetricMatrix returns a random symmetric n x n matrix.
func symmetricMatrix(n int, rng *rand.Rand) []float64 {
	a := make([]float64, n*n)
	for i := range n {
		for j := i; j < n; j++ {
			v := rng.NormFloat64()
			a[i*n+j], a[j*n+i] = v, v
		}
	}
	return a
}

// The reduction gives back the matrix, and Q is orthogonal.
func TestReduce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 31, 32, 33, 34, 35, 64, 66, 67, 97, 130, 1100} {
		if n > large && testing.Short() {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a := symmetricMatrix(n, rng)
			work := append([]float64(nil), a...)
			for i := range n {
				for j := range i {
					work[i*n+j] = math.NaN() // is not to be read
				}
			}
			r, err := reduce(t.Context(), work, n)
			if err != nil {
				t.Fatal(err)
			}
			columns, q := make([]float64, n*n), make([]float64, n*n)
			for i := range n {
				columns[i*n+i] = 1
			}
			if err := r.apply(t.Context(), columns, n); err != nil {
				t.Fatal(err)
			}
			transpose.Matrix(q, n, columns, n, n, n)
			// A q_i = e_(i-1) q_(i-1) + d_i q_i + e_i q_(i+1) for rows q_i.
			worst, skew := 0.0, 0.0
			for _, i := range []int{0, 1, n / 3, n / 2, n - 2, n - 1} {
				if i < 0 || i >= n {
					continue
				}
				for c := range n {
					sum, dot := 0.0, 0.0
					for k := range n {
						sum += a[c*n+k] * q[i*n+k]
						dot += q[c*n+k] * q[i*n+k]
					}
					sum -= r.d[i] * q[i*n+c]
					if i > 0 {
						sum -= r.e[i-1] * q[(i-1)*n+c]
					}
					if i < n-1 {
						sum -= r.e[i] * q[(i+1)*n+c]
					}
					if c == i {
						dot--
					}
					worst, skew = max(worst, math.Abs(sum)), max(skew, math.Abs(dot))
				}
			}
			if limit := 1e-14 * float64(n+10); !(worst < limit) || !(skew < limit) {
				t.Errorf("A Q - Q T is off by %g, QᵀQ by %g, limit %g", worst, skew, limit)
			}
		})
	}
}

// withSpectrum returns Q diag(values) Qᵀ for a random orthogonal Q, with its
// largest entry near 1.
func withSpectrum(values []float64, rng *rand.Rand) []float64 {
	n := len(values)
	q := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			q.Set(i, j, rng.NormFloat64())
		}
	}
	if err := orthonormalise(context.Background(), q, n); err != nil {
		panic(err)
	}
	scaled := mat.DenseCopyOf(q)
	for i, v := range values {
		floats.Scale(v, scaled.RawRowView(i))
	}
	var a mat.Dense
	a.Mul(q.T(), scaled)
	return a.RawMatrix().Data
}

// Lanczos against the solver of all eigenvalues, where it is hard: both must
// leave residuals that are rounding errors, with the same eigenvalues.
func TestLeading(t *testing.T) {
	const n = 256
	rng := rand.New(rand.NewPCG(3, 4))
	spectrum := func(f func(i int) float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	for _, c := range []struct {
		name   string
		values []float64
		found  bool // up to 6 of them, without the others
	}{
		{"falling", spectrum(func(i int) float64 { return 1 / float64(i+1) }), true},
		{"fast", spectrum(func(i int) float64 { return math.Pow(0.5, float64(i)) }), true},
		{"equal", spectrum(func(i int) float64 { return 1 }), true},
		{"repeated 2", spectrum(func(i int) float64 { return 1 / float64(i/2+1) }), true},
		{"repeated 7", spectrum(func(i int) float64 { return 1 / float64(i/7+1) }), true},
		{"repeated 100", spectrum(func(i int) float64 { return 1 / float64(i/100+1) }), true},
		{"two clusters", spectrum(func(i int) float64 { return 1 - float64(i/128)/2 - 1e-14*float64(i) }), false},
		{"near", spectrum(func(i int) float64 { return 1 - 1e-10*float64(i) }), false},
		{"even", spectrum(func(i int) float64 { return 1 - float64(i)/n }), false},
		{"rank 1", spectrum(func(i int) float64 { return max(0, 1-float64(i)) }), true},
		{"rank 3", spectrum(func(i int) float64 { return max(0, 3-float64(i)) }), true},
		{"negative", spectrum(func(i int) float64 { return 1 - float64(i) }), false},
	} {
		for _, k := range []int{1, 2, 6, 14} {
			t.Run(fmt.Sprint(c.name, " ", k), func(t *testing.T) {
				a := withSpectrum(c.values, rng)
				normaliseMatrix(a, n)
				for i := range n { // exactly symmetric
					for j := range i {
						a[i*n+j] = a[j*n+i]
					}
				}
				all, _, err := eigenAll(t.Context(), append([]float64(nil), a...), n)
				if err != nil {
					t.Fatal(err)
				}
				values, vectors, found, err := leading(t.Context(), append([]float64(nil), a...), n, k)
				if err != nil {
					t.Fatal(err)
				}
				if !found {
					if c.found && k <= 6 {
						t.Error("not found")
					}
					return
				}
				top := max(math.Abs(all[0]), math.Abs(all[n-1]))
				for i := range k {
					if d := math.Abs(values[i] - all[i]); !(d < 1e-13*top) {
						t.Errorf("eigenvalue %d is %v, the other solver says %v", i, values[i], all[i])
					}
					v := vectors.RawRowView(i)
					for r := range n {
						if d := floats.Dot(a[r*n:(r+1)*n], v) - values[i]*v[r]; !(math.Abs(d) < 1e-13*top) {
							t.Fatalf("eigenvector %d: residual %g", i, d)
						}
					}
					for j := range i + 1 {
						want := 0.0
						if j == i {
							want = 1
						}
						if d := floats.Dot(v, vectors.RawRowView(j)) - want; !(math.Abs(d) < 1e-13) {
							t.Errorf("eigenvectors %d and %d: inner product %g off", i, j, d)
						}
					}
				}
			})
		}
	}
}

// Of a matrix with rows of zeros, the eigenvectors are those of the rest.
func TestEigenOfZeroRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{3, 40, 200} {
		a := symmetricMatrix(n, rng)
		dot := make([]float64, n*n) // of AᵀA, which has no negative eigenvalue
		for i := range n {
			for j := range n {
				if i%3 != 1 && j%3 != 1 {
					dot[i*n+j] = floats.Dot(a[i*n:(i+1)*n], a[j*n:(j+1)*n])
				}
			}
		}
		for _, k := range []int{1, n} {
			values, vectors, err := eigen(t.Context(), append([]float64(nil), dot...), n, k)
			if err != nil {
				t.Fatal(err)
			}
			for i := range min(k, len(values)) {
				v := vectors.RawRowView(i)
				for r := range n {
					if values[i] > 0 && r%3 == 1 && v[r] != 0 {
						t.Errorf("n %d: vector %d has %g in a row of zeros", n, i, v[r])
					}
					if d := floats.Dot(dot[r*n:(r+1)*n], v) - values[i]*v[r]; !(math.Abs(d) < 1e-12*values[0]) {
						t.Fatalf("n %d: vector %d: residual %g", n, i, d)
					}
				}
				if l := floats.Norm(v, 2); !(math.Abs(l-1) < 1e-13) {
					t.Errorf("n %d: vector %d has length %g", n, i, l)
				}
			}
		}
	}
	values, vectors, err := eigen(t.Context(), make([]float64, 9), 3, 1)
	if err != nil || floats.Sum(values) != 0 || !mat.Equal(vectors, mat.NewDiagDense(3, []float64{1, 1, 1})) {
		t.Errorf("zeros: values %v, vectors %v, error %v", values, vectors, err)
	}
}

// The vector loops against the portable ones' definition.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	values := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		return v
	}
	for n := range 40 {
		stride := n + 3
		a, x, y, scale := values(4*stride), values(n+1), values(n+1), [4]float64(values(4))
		got := append([]float64(nil), y...)
		dots := rows4(n, a, stride, x, got, &scale)
		for r := range dots {
			if d := dots[r] - floats.Dot(a[r*stride:][:n], x[:n]); !(math.Abs(d) < 1e-13) {
				t.Errorf("n %d: product of row %d is %g off", n, r, d)
			}
			floats.AddScaled(y[:n], scale[r], a[r*stride:][:n])
		}
		if !floats.EqualApprox(got, y, 1e-13) {
			t.Errorf("n %d: sums %v, want %v", n, got, y)
		}
	}
	const n = 9
	for count := range n {
		for last := count - 1; last < n-1; last++ {
			rows, rotations := values(n*width), make([]rotation, count)
			want := append([]float64(nil), rows...)
			for i := range rotations {
				s, c := math.Sincos((rng.Float64() - 0.5) * math.Pi)
				rotations[i] = rotation{s / (1 + c), s}
				for j := range width {
					p, q := &want[(last-i)*width+j], &want[(last-i+1)*width+j]
					*p, *q = c**p-s**q, s**p+c**q
				}
			}
			turn(rows, last, rotations)
			if !floats.EqualApprox(rows, want, 1e-13) {
				t.Errorf("%d rotations from row %d up: wrong", count, last)
			}
		}
	}
}
