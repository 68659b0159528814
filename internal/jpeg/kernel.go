package jpeg

import "github.com/glimpse-go/glimpse/internal/dispatch"

// loops are those of one instruction set. Their results are the same to the bit.
type loops struct {
	name       string
	inverse    func(b *[64]int16, dst *uint8, stride int)
	dequantize func(b, coefficients *[64]int16, quant *[64]uint16)
	// The rest works on a multiple of step samples, n. The filters read one more on each
	// side of src, near and far, and write two for each.
	rgb         func(dst, y, cb, cr *uint8, n int)
	doubleWidth func(dst, src *uint8, n int)
	doubleBoth  func(dst, near, far *uint8, n int)
}

const step = 16

// Name of the instruction set.
func (l *loops) Name() string { return l.name }

// portable has no loops of its own: the formulas in Go do all.
var portable = loops{name: "portable"}

var chosen = dispatch.Choose(&portable, machine())
