// Package elementwise has the loops that go over numbers one by one: activations, a
// factor and a summand for each channel, sums over rows, and normalising rows. A row is
// the channels of a pixel where maps are stored channels last.
//
// The loops are in assembly (AVX-512, AVX2) beside portable ones in Go, and picked as
// those of internal/gemm are. What becomes of an element does not depend on where it
// stands or on how long a run is. Nothing here starts goroutines.
package elementwise

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/dispatch"
)

// loops are one instruction set's.
type loops struct {
	name              string
	activate          [functions]func(y, x *float32, n int)
	gradient          [functions]func(dx, dy, x *float32, n int)
	affine            func(*affine)
	times             func(y, a, b *float32, n int)
	pass              func(dy, y *float32, n int, limit, floor float32)
	sums              func(y, x *float32, n, rows, stride int)
	dots              func(y, a, b *float32, n, rows, aStride, bStride int)
	layerNorm         func(y, x, weight, bias *float32, n, rows int, eps, each float32)
	layerNormGradient func(dx, dy, x, weight *float32, n, rows int, eps, each float32)
	moments           func(sums)
	products          func(sums)
	norm              func(norm)
}

// Name of the instruction set.
func (l *loops) Name() string { return l.name }

var chosen = dispatch.Choose(&portable, machine())

// affine is the arguments of Rows.
type affine struct {
	y, x, add                   *float32 // add may be nil
	scale, shift                *float32 // n each
	n, rows                     int      // at least 1
	yStride, xStride, addStride int      // in bytes
	floor                       float32
}

// Rows are rows of numbers that begin Stride elements after each other. Stride is at
// least their length.
type Rows struct {
	Data   []float32
	Stride int
}

// Affine writes
//
//	y = x scale + shift + add
//
// to so many rows as long as scale and shift, or 0 for what is less if asked to
// rectify (NaN stays). add may have no data; y may be x or add.
func Affine(y, x, add Rows, scale, shift []float32, rows int, relu bool) {
	chosen.rows(y, x, add, scale, shift, rows, relu)
}

func (l *loops) rows(y, x, add Rows, scale, shift []float32, rows int, relu bool) {
	n := len(scale)
	if rows < 1 || n == 0 {
		return
	}
	a := affine{
		y: y.first(n, rows), x: x.first(n, rows), scale: &scale[0], shift: &shift[:n][0], n: n, rows: rows,
		yStride: 4 * y.Stride, xStride: 4 * x.Stride, addStride: 4 * add.Stride, floor: float32(math.Inf(-1)),
	}
	if add.Data != nil {
		a.add = add.first(n, rows)
	}
	if relu {
		a.floor = 0
	}
	l.affine(&a)
}

// first returns the first element, of so many rows of n.
func (r Rows) first(n, rows int) *float32 {
	_ = r.Data[(rows-1)*r.Stride+n-1]
	return &r.Data[0]
}

// from returns the first element of count rows of n from one on.
func (r Rows) from(row, n, count int) *float32 {
	return Rows{r.Data[row*r.Stride:], r.Stride}.first(n, count)
}

// Times writes a times b, element by element, to y, which may be either.
func Times(y, a, b []float32) {
	if n := len(y); n > 0 {
		chosen.times(&y[0], &a[:n][0], &b[:n][0], n)
	}
}

// Pass keeps of the gradient dy by a rectified output y what passes: 0 where y is at most
// 0 or, unless that is 0, at least limit, and with guided where dy is below 0.
func Pass(dy, y []float32, limit float32, guided bool) { chosen.through(dy, y, limit, guided) }

func (l *loops) through(dy, y []float32, limit float32, guided bool) {
	if len(dy) == 0 {
		return
	}
	floor := float32(math.Inf(-1))
	if guided {
		floor = 0
	}
	if limit == 0 {
		limit = float32(math.NaN()) // nothing is at least that
	}
	l.pass(&dy[0], &y[:len(dy)][0], len(dy), limit, floor)
}

// block is how many rows are added up in float32 before their sum goes into float64.
const block = 64

// Sums adds so many rows as long as sums to it. The order is fixed: blocks of rows one
// after the other.
func Sums(sums []float64, x Rows, rows int) { chosen.add(sums, x, rows) }

func (l *loops) add(sums []float64, x Rows, rows int) {
	inBlocks(sums, rows, func(part *float32, from, count int) {
		l.sums(part, x.from(from, len(sums), count), len(sums), count, 4*x.Stride)
	})
}

// Dots adds the products of so many rows of a and b, element by element, to sums, in the order
// of [Sums].
func Dots(sums []float64, a, b Rows, rows int) { chosen.addDots(sums, a, b, rows) }

func (l *loops) addDots(sums []float64, a, b Rows, rows int) {
	n := len(sums)
	inBlocks(sums, rows, func(part *float32, from, count int) {
		l.dots(part, a.from(from, n, count), b.from(from, n, count), n, count, 4*a.Stride, 4*b.Stride)
	})
}

// inBlocks adds to sums what f finds for blocks of rows.
func inBlocks(sums []float64, rows int, f func(part *float32, from, count int)) {
	if len(sums) == 0 {
		return
	}
	part := make([]float32, len(sums))
	for r := 0; r < rows; r += block {
		f(&part[0], r, min(block, rows-r))
		for i, v := range part {
			sums[i] += float64(v)
		}
	}
}

// LayerNorm writes
//
//	y = (x - mean) / sqrt(variance + eps) weight + bias
//
// to so many rows as long as weight and bias, one after the other, with the mean and the
// variance of each.
func LayerNorm(y, x, weight, bias []float32, rows int, eps float64) {
	chosen.normalise(y, x, weight, bias, rows, eps)
}

func (l *loops) normalise(y, x, weight, bias []float32, rows int, eps float64) {
	n := len(weight)
	if rows < 1 || n == 0 {
		return
	}
	l.layerNorm(&y[:rows*n][0], &x[:rows*n][0], &weight[0], &bias[:n][0], n, rows, float32(eps), float32(1/float64(n)))
}

// LayerNormGradient writes the gradient by the input x of [LayerNorm]:
//
//	dx = (dz - mean(dz) - z mean(dz z)) / sqrt(variance + eps), dz = dy weight
//
// with z, the normalised row. dx may be dy or x.
func LayerNormGradient(dx, dy, x, weight []float32, rows int, eps float64) {
	chosen.normaliseGradient(dx, dy, x, weight, rows, eps)
}

func (l *loops) normaliseGradient(dx, dy, x, weight []float32, rows int, eps float64) {
	n := len(weight)
	if rows < 1 || n == 0 {
		return
	}
	l.layerNormGradient(&dx[:rows*n][0], &dy[:rows*n][0], &x[:rows*n][0], &weight[0], n, rows, float32(eps), float32(1/float64(n)))
}
