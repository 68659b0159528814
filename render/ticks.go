package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ticks returns the round numbers in [lo, hi] that an axis shows, and their
// step: 1, 2, 2.5 or 5 times a power of ten, the smallest such step that makes
// at most bins intervals, or the next smaller that shows two numbers, as
// matplotlib's MaxNLocator(bins, steps=[1, 2, 2.5, 5, 10]) has it. lo must be
// less than hi by more than their rounding.
func ticks(lo, hi float64, bins int) (at []float64, step float64) {
	digits := [...]float64{1, 2, 2.5, 5}
	raw := (hi - lo) / float64(bins)
	k := len(digits) * int(math.Floor(math.Log10(raw)))
	stepAt := func(k int) float64 {
		e := int(math.Floor(float64(k) / float64(len(digits))))
		return scaled(digits[k-e*len(digits)], e)
	}
	for stepAt(k) < raw*(1-1e-9) {
		k++
	}
	for ; len(at) < 2; k-- {
		at, step = nil, stepAt(k)
		// The tolerance keeps a number that is an end of the axis.
		first, last := math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
		for i := range int(last-first) + 1 {
			at = append(at, (first+float64(i))*step+0) // +0: never -0
		}
	}
	return at, step
}

// scaled is v * 10^e, rounded once also where e is negative.
func scaled(v float64, e int) float64 {
	if e < 0 && e > -300 {
		return v / math.Pow10(-e)
	}
	return v * math.Pow10(e)
}

// tickLabels writes the ticks with the digits that their step needs. Where
// they are very large or small, a common power of ten is taken out and
// returned, as 1e6; otherwise it is empty.
func tickLabels(at []float64, step float64) (labels []string, power string) {
	largest := 0.0
	for _, v := range at {
		largest = max(largest, math.Abs(v))
	}
	e := 0
	if largest > 0 {
		e = int(math.Floor(math.Log10(largest) + 1e-9))
	}
	if e >= -4 && e <= 4 {
		e = 0
	}
	unit := scaled(step, -e)
	decimals := max(0, -int(math.Floor(math.Log10(unit)+1e-9)))
	if lead := unit * math.Pow10(decimals); lead > 2.4 && lead < 2.6 {
		decimals++ // 2.5 has a digit more
	}
	for _, v := range at {
		labels = append(labels, minus(strconv.FormatFloat(scaled(v, -e), 'f', decimals, 64)))
	}
	if e != 0 {
		power = minus(fmt.Sprintf("1e%d", e))
	}
	return labels, power
}

// minus writes the sign of a number as typesetters do.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// span is the range of an axis in data units.
type span struct{ lo, hi float64 }

// spanOf returns the range of values that are all finite.
func spanOf(values ...[]float64) span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		for _, x := range v {
			s.lo, s.hi = min(s.lo, x), max(s.hi, x)
		}
	}
	return s
}

// padded widens a range by a share of it at each end. A range of no width, or
// of less than rounding would show, becomes one about its value.
func (s span) padded(share float64) (span, error) {
	width := s.hi - s.lo
	if size := max(math.Abs(s.lo), math.Abs(s.hi)); width <= 1e-9*size || width < 1e-290 {
		half := max(0.05*size, 1e-3)
		if size > 0 && size < 1e-3 {
			half = max(size/2, 1e-280)
		}
		mid := s.lo + width/2
		s, width = span{mid - half, mid + half}, 2*half
	}
	// Beyond that, products of what is drawn could overflow.
	if !(width < math.MaxFloat64/1e10) {
		return s, fmt.Errorf("render: values from %g to %g span more than can be drawn", s.lo, s.hi)
	}
	return span{s.lo - share*width, s.hi + share*width}, nil
}
