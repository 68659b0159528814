package conv

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/elementwise"
)

// BatchNorm is torch.nn.BatchNorm2d (Ioffe and Szegedy 2015) with the statistics that it
// normalises with, one of each a channel: in train mode those of the batch (Moments), in
// eval mode the running ones. With the normalised input z
//
//	z = (x - mean) / sqrt(variance + eps)
//	y = z weight + bias
//
// None of the maps has a border, and those that are given together have the same shape.
type BatchNorm struct {
	Weight, Bias   []float32
	Mean, Variance []float64 // the variance biased: over n, not n - 1
	Eps            float64
}

// Moments writes the mean and the biased variance of each channel over the pixels of all
// maps.
func (m *Maps) Moments(mean, variance []float64, mem *Memory) {
	x := m.pixels()
	scratch, centre := mem.float64s(m.C)
	defer mem.give(scratch)
	for c := range centre { // about the first pixel, lest a large mean cancel
		centre[c] = float64(x[c])
	}
	m.sums(mean, variance, mem, func(sum, squares []float64, lo, hi int) {
		elementwise.Moments(sum, squares, x[lo*m.C:hi*m.C], centre, m.C, hi-lo)
	})
	n := float64(m.N * m.H * m.W)
	for c, first := range centre {
		off := mean[c] / n
		variance[c] = max(0, (variance[c]-mean[c]*off)/n)
		mean[c] = first + off
	}
}

// Apply writes the normalised x plus add, unless that is nil, and rectifies if asked. y
// may be x or add.
func (b *BatchNorm) Apply(y, x, add *Maps, relu bool, mem *Memory) {
	l, scratch := b.line(mem)
	defer mem.give(scratch)
	for c := range l.Scale {
		b.set(l, c, float64(b.Weight[c])/b.deviation(c), float64(b.Bias[c]))
	}
	y.each(l, x, nil, add, relu)
}

// Sums writes the gradients by weight and bias:
//
//	dweight = sum of dy z, dbias = sum of dy
//
// First dy becomes 0, in place, where y is at most 0, unless y is nil: the gradient by an
// output that was rectified.
func (b *BatchNorm) Sums(dweight, dbias []float64, dy, x, y *Maps, mem *Memory) {
	mean := b.Mean[:dy.C]
	dy.sums(dbias, dweight, mem, func(sum, products []float64, lo, hi int) {
		elementwise.Products(sum, products, dy.run(lo, hi), x.run(lo, hi), y.run(lo, hi), mean, dy.C, hi-lo)
	})
	for c := range dy.C {
		dweight[c] /= b.deviation(c)
	}
}

// Gradient writes the gradient by x plus add, unless that is nil, for Sums' results over n
// pixels:
//
//	dx = weight / sqrt(variance + eps) (dy - dbias / n - z dweight / n) + add
//
// Where they are nil, so that x is not read, statistics do not depend on it, as in eval
// mode: dx = weight / sqrt(variance + eps) dy + add. dx may be dy, x or add.
//
// For y depends on an element of x in three ways. With s = sqrt(variance + eps), straight:
// dy weight / s. By the mean of the n pixels, that share of the sum of all: - dbias weight
// / (s n). And by the variance, of which z / (s n) is the slope of log s, and each y is as
// much less: - z (sum of dy z weight) / (s n).
func (b *BatchNorm) Gradient(dx, dy, x, add *Maps, dweight, dbias []float64, mem *Memory) {
	l, scratch := b.line(mem)
	defer mem.give(scratch)
	n := float64(dx.N * dx.H * dx.W)
	for c := range l.Scale {
		s := b.deviation(c)
		factor := float64(b.Weight[c]) / s
		if dweight == nil {
			l.Centre[c], l.Scale[c], l.Shift[c] = 0, float32(factor), 0
			continue
		}
		l.Factor[c] = float32(factor)
		b.set(l, c, -factor*dweight[c]/(s*n), -factor*dbias[c]/n)
	}
	if dweight == nil {
		x, dy = dy, nil
	}
	dx.each(l, x, dy, add, false)
}

// deviation returns sqrt(variance + eps).
func (b *BatchNorm) deviation(c int) float64 { return math.Sqrt(b.Variance[c] + b.Eps) }

// line returns numbers for all channels, to be set, and the memory that they are in.
func (b *BatchNorm) line(mem *Memory) (elementwise.Norm, []float32) {
	n := len(b.Weight)
	s := mem.take(4 * n)
	return elementwise.Norm{Centre: s[:n], Scale: s[n : 2*n], Shift: s[2*n : 3*n], Factor: s[3*n:]}, s
}

// set makes a channel (x - mean) scale + shift; what rounding the mean leaves of it goes
// into the shift.
func (b *BatchNorm) set(l elementwise.Norm, c int, scale, shift float64) {
	l.Centre[c] = float32(b.Mean[c])
	l.Scale[c] = float32(scale)
	l.Shift[c] = float32(shift - (b.Mean[c]-float64(l.Centre[c]))*scale)
}

// each writes what l makes of every pixel of x, dy and add.
func (m *Maps) each(l elementwise.Norm, x, dy, add *Maps, relu bool) {
	pixelsEach(m.N*m.H*m.W, m.C, func(lo, hi int) {
		l.Apply(m.run(lo, hi), x.run(lo, hi), dy.run(lo, hi), add.run(lo, hi), hi-lo, relu)
	})
}

// run returns pixels [lo, hi), counted through the batch, or nil of no maps.
func (m *Maps) run(lo, hi int) []float32 {
	if m == nil {
		return nil
	}
	return m.pixels()[lo*m.C : hi*m.C]
}
