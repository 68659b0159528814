package cam

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// KPCACAM is KPCA-CAM (Karmani et al., "KPCA-CAM: Visual explainability of deep computer
// vision models using kernel PCA", MMSP 2024): [EigenCAM] with a kernel instead of the plain
// product of pixels, the sigmoid one,
//
//	K(x, y) = tanh(gamma x.y + 1), K' = K - mean over rows - mean over columns + mean
//	M = sqrt(l) u, with u the eigenvector of K' of the largest eigenvalue l
//
// over the pixels less their mean. It knows no class; the sign is chosen as there.
type KPCACAM struct {
	Gamma float64 // 0 means one over the number of channels
}

// Name is "kpcacam".
func (KPCACAM) Name() string { return "kpcacam" }

// About says what it is.
func (KPCACAM) About() string {
	return "the first component of a kernel PCA of the output, of no class (Karmani et al. 2024)"
}

// Explain returns the maps.
func (c KPCACAM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, false, func(ctx context.Context, e *Evidence) ([]float64, error) {
		if area := e.Width * e.Height; area > 1<<12 {
			return nil, fmt.Errorf("cam: kpcacam needs a number for each two of a layer's pixels, too many of %d x %d; take a coarser layer", e.Width, e.Height)
		}
		x := e.pixels(func(k int, out []float64) {
			mean := 0.0
			for _, a := range e.Plane(e.Output, k) {
				mean += float64(a) / float64(len(out))
			}
			for i, a := range e.Plane(e.Output, k) {
				out[i] = float64(a) - mean
			}
		})
		gamma := c.Gamma
		if gamma == 0 {
			gamma = 1 / float64(e.Channels)
		}
		l, u, err := largestEigen(ctx, sigmoidKernel(x, gamma))
		if err != nil {
			return nil, err
		}
		for i := range u {
			u[i] *= math.Sqrt(max(l, 0))
		}
		return upright(u), nil
	})
}

// sigmoidKernel is the centred kernel of the rows of x.
func sigmoidKernel(x *mat.Dense, gamma float64) *mat.SymDense {
	n, _ := x.Dims()
	var k mat.SymDense
	k.SymOuterK(gamma, x)
	means, all := make([]float64, n), 0.0
	for i := range n {
		for j := i; j < n; j++ {
			v := math.Tanh(k.At(i, j) + 1)
			k.SetSym(i, j, v)
			means[i] += v / float64(n)
			if i != j {
				means[j] += v / float64(n)
			}
		}
	}
	for _, m := range means {
		all += m / float64(n)
	}
	for i := range n {
		for j := i; j < n; j++ {
			k.SetSym(i, j, k.At(i, j)-means[i]-means[j]+all)
		}
	}
	return &k
}

// largestEigen returns the largest eigenvalue of a symmetric matrix, not the one of largest
// magnitude, and its unit eigenvector, by the method of Lanczos with full
// reorthogonalisation (Golub and Van Loan, "Matrix computations", section 10.1), which needs
// some ten products with the matrix where a full decomposition needs n.
func largestEigen(ctx context.Context, a *mat.SymDense) (float64, []float64, error) {
	n := a.SymmetricDim()
	var basis []*mat.VecDense
	var diagonal, off []float64
	v := mat.NewVecDense(n, nil)
	for i := range n { // of all directions, and the same every time
		v.SetVec(i, 1+math.Sin(float64(i*i)))
	}
	v.ScaleVec(1/mat.Norm(v, 2), v)
	for {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		basis = append(basis, v)
		w := mat.NewVecDense(n, nil)
		w.MulVec(a, v)
		diagonal = append(diagonal, mat.Dot(w, v))
		for range 2 { // twice is enough (Parlett)
			for _, b := range basis {
				w.AddScaledVec(w, -mat.Dot(w, b), b)
			}
		}
		rest := mat.Norm(w, 2)
		m := len(basis)
		t := mat.NewSymDense(m, nil)
		for i, d := range diagonal {
			t.SetSym(i, i, d)
			if i > 0 {
				t.SetSym(i-1, i, off[i-1])
			}
		}
		var eigen mat.EigenSym
		eigen.Factorize(t, true)
		l := eigen.Values(nil)[m-1]
		var y mat.Dense
		eigen.VectorsTo(&y)
		// What is left of the eigenvalue equation is the last element times the rest.
		if left := rest * math.Abs(y.At(m-1, m-1)); left <= 1e-13*math.Abs(l) || m == n || rest == 0 {
			u := mat.NewVecDense(n, nil)
			for i, b := range basis {
				u.AddScaledVec(u, y.At(i, m-1), b)
			}
			return l, u.RawVector().Data, nil
		}
		off = append(off, rest)
		v = mat.NewVecDense(n, nil)
		v.ScaleVec(1/rest, w)
	}
}
