package pca

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/gemm"
)

// fewest is the smallest matrix of which some eigenvectors are sought without
// the others.
const fewest = 128

// blockWidth returns how many vectors a block holds for k eigenvectors. With at
// least k a repeated eigenvalue is found as often as it is asked for; the others
// make the k-th quick to find when the next is near.
func blockWidth(k int) int { return (k + 2 + 3) / 4 * 4 }

// worthwhile says whether k eigenvectors of an n x n matrix are few.
func worthwhile(n, k int) bool { return n >= fewest && 16*blockWidth(k) <= n }

// leading returns the k largest eigenvalues of an n x n symmetric matrix, in
// decreasing order, and their eigenvectors as rows, or false when they cannot be
// had for less than about what all of them cost. a holds the upper triangle, its
// largest entry near 1; the lower one is overwritten.
//
// It is the block Lanczos method (Golub and Underwood 1977) with full
// reorthogonalisation: the matrix is projected on the span of a random block, its
// image, the image of that, ..., until the residuals of the k largest Ritz pairs
// are rounding errors. The block is a random one, so that no eigenvector is
// missing from it, and always the same one, so that results are.
func leading(ctx context.Context, a []float64, n, k int) ([]float64, *mat.Dense, bool, error) {
	b := blockWidth(k)
	l, err := newLanczos(a, n, b)
	if err != nil {
		return nil, nil, false, err
	}
	const (
		first = 4   // steps before the first look at the Ritz pairs,
		more  = 1.3 // and how many times as many before the next
	)
	steps := n / 2 / b
	look, before, stepsBefore := first, math.Inf(1), 0
	for s := 1; s <= steps; s++ {
		if err := ctx.Err(); err != nil {
			return nil, nil, false, err
		}
		if err := l.step(); err != nil {
			return nil, nil, false, err
		}
		if s < look && s < steps {
			continue
		}
		look = int(math.Ceil(float64(s) * more))
		values, ritz, err := eigenAll(ctx, l.projected(), s*b)
		if err != nil {
			return nil, nil, false, err
		}
		worst := 0.0
		for i := range k {
			worst = max(worst, l.residual(ritz.RawRowView(i)))
		}
		tolerance := 16 * epsilon * values[0]
		if worst <= tolerance {
			vectors, err := l.vectors(ritz, k)
			return values[:k], vectors, err == nil, err
		}
		// Convergence quickens as it goes on; what will take twice as long as
		// there is left is given up.
		rate := math.Log(before/worst) / float64(s-stepsBefore)
		if s > steps/3 && !(math.Log(worst/tolerance) < 2*rate*float64(steps-s)) {
			break
		}
		before, stepsBefore = worst, s
	}
	return nil, nil, false, nil
}

// lanczos is a block Lanczos process.
type lanczos struct {
	n, b   int
	matrix []float64 // n x n
	rng    *rand.Rand
	// basis holds the orthonormal rows so far, all multiplied with the matrix but
	// the last block.
	basis []float64
	// columns[s] is the projection of step s: of the rows of the basis at the
	// time, with the images of the last b, so many x b.
	columns [][]float64
	// last is the b x b matrix that the last block, as the rest of the images of
	// the one before, was multiplied with: image i lost the sum of last[j*b+i]
	// times row j.
	last  []float64
	image []float64
}

func newLanczos(a []float64, n, b int) (*lanczos, error) {
	const tile = 32
	for i0 := 0; i0 < n; i0 += tile {
		for j0 := 0; j0 <= i0; j0 += tile {
			for i := i0; i < min(i0+tile, n); i++ {
				for j := j0; j < min(j0+tile, i); j++ {
					a[i*n+j] = a[j*n+i]
				}
			}
		}
	}
	l := &lanczos{n: n, b: b, matrix: a, rng: rand.New(rand.NewPCG(1, 2)),
		last: make([]float64, b*b), image: make([]float64, b*n)}
	for i := range l.image {
		l.image[i] = l.rng.NormFloat64()
	}
	return l, l.extend(0)
}

// dimensions is the number of rows of the basis.
func (l *lanczos) dimensions() int { return len(l.basis) / l.n }

// step multiplies the last block, makes the images orthogonal to the basis and
// appends them to it as the next block.
func (l *lanczos) step() error {
	n, b, dims := l.n, l.b, l.dimensions()
	block := l.basis[(dims-b)*n:]
	if err := gemm.Float64(b, n, n, block, n, l.matrix, n, l.image, n); err != nil {
		return err
	}
	column := make([]float64, dims*b)
	for range 2 { // twice is enough (Giraud, Langou and Rozloznik 2005)
		part, err := l.removeBasis(l.image, b)
		if err != nil {
			return err
		}
		floats.Add(column, part)
	}
	l.columns = append(l.columns, column)
	return l.extend(epsilon)
}

// removeBasis subtracts from each of m rows its projection on the basis, and
// returns the coefficients, a row of m for each row of the basis.
func (l *lanczos) removeBasis(rows []float64, m int) ([]float64, error) {
	n, dims := l.n, l.dimensions()
	if dims == 0 {
		return nil, nil
	}
	part := make([]float64, dims*m)
	if err := gemm.Float64NT(dims, m, n, l.basis, n, rows, n, part, m); err != nil {
		return nil, err
	}
	left := make([]float64, m*dims)
	for i := range dims {
		for j := range m {
			left[j*dims+i] = -part[i*m+j]
		}
	}
	return part, gemm.AddFloat64(m, n, dims, left, dims, l.basis, n, rows, n)
}

// extend makes the images orthonormal and appends them to the basis. An image
// that the others and the basis span, but for a rest no longer than floor, gives
// way to a random vector, which has no part in the images: the block has met a
// subspace that the matrix maps to itself.
func (l *lanczos) extend(floor float64) error {
	n, b := l.n, l.b
	clear(l.last)
	for i := range b {
		row := l.image[i*n : (i+1)*n]
		before := floats.Norm(row, 2)
		for range 2 {
			l.removeEarlier(i, func(j int, c float64) { l.last[j*b+i] += c })
		}
		length := floats.Norm(row, 2)
		l.last[i*b+i] = length
		if length <= floor {
			l.last[i*b+i] = 0
			for p := range row {
				row[p] = l.rng.NormFloat64()
			}
			length, before = floats.Norm(row, 2), math.Inf(1)
		}
		floats.Scale(1/length, row)
		if length > before/2 {
			continue
		}
		// Little is left of it, so that it has lost its right angles.
		for range 2 {
			if _, err := l.removeBasis(row, 1); err != nil {
				return err
			}
			l.removeEarlier(i, func(int, float64) {})
			floats.Scale(1/floats.Norm(row, 2), row)
		}
	}
	l.basis = append(l.basis, l.image...)
	return nil
}

// removeEarlier subtracts from image i its projections on those before it, and
// reports the coefficients.
func (l *lanczos) removeEarlier(i int, report func(j int, c float64)) {
	row := l.image[i*l.n : (i+1)*l.n]
	for j := range i {
		earlier := l.image[j*l.n : (j+1)*l.n]
		c := floats.Dot(row, earlier)
		floats.AddScaled(row, -c, earlier)
		report(j, c)
	}
}

// projected returns the matrix in the basis without its last block, upper
// triangle.
func (l *lanczos) projected() []float64 {
	b, dims := l.b, l.dimensions()-l.b
	h := make([]float64, dims*dims)
	for s, column := range l.columns {
		for i := range len(column) / b {
			for j := range b {
				if at := s*b + j; at >= i {
					h[i*dims+at] = column[i*b+j]
				}
			}
		}
	}
	return h
}

// residual returns how far the matrix moves a Ritz vector, given in the basis,
// out of the span: the length of what the last block adds.
func (l *lanczos) residual(ritz []float64) float64 {
	b := l.b
	end := ritz[len(ritz)-b:]
	sum := 0.0
	for j := range b {
		dot := floats.Dot(l.last[j*b:(j+1)*b], end)
		sum += dot * dot
	}
	return math.Sqrt(sum)
}

// vectors returns the first k Ritz vectors as rows.
func (l *lanczos) vectors(ritz *mat.Dense, k int) (*mat.Dense, error) {
	dims := l.dimensions() - l.b
	out := mat.NewDense(k, l.n, nil)
	if err := gemm.Float64(k, l.n, dims, ritz.RawMatrix().Data, dims, l.basis, l.n, out.RawMatrix().Data, l.n); err != nil {
		return nil, err
	}
	for i := range k { // orthonormal to rounding already
		row := out.RawRowView(i)
		for j := range i {
			earlier := out.RawRowView(j)
			floats.AddScaled(row, -floats.Dot(row, earlier), earlier)
		}
		normalise(row)
	}
	return out, nil
}
