package resample

import "github.com/glimpse-go/glimpse/internal/dispatch"

// loops are those of one instruction set. Their results are the same to the bit.
type loops struct {
	name string

	// filter filters the two rows at src0 and src1 to n pixels each at dst0 and dst1, which
	// may be the same row twice: output i is the sum of the width taps from taps[i*width]
	// on, times the pixels from pixel from[i] on. It reads weights.reach bytes of a row, and
	// writes one beyond the n pixels.
	filter func(dst0, dst1, src0, src1 *uint8, from *int, taps *uint32, width, n int)

	// mix writes to n bytes at dst, n at least block, the sum of the count taps, at least
	// one, times the rows at src, stride bytes apart.
	mix   func(dst, src *uint8, stride int, taps *uint32, count, n int)
	block int

	group  int  // taps come in a multiple of it, zeros behind
	halves bool // and as halve makes them
}

// lowBits is the number of bits of a tap's lower half.
const lowBits = 11

// halve makes of each two taps the pair of their lower halves and the pair of their upper
// halves, in 16 bits each, as VPMADDWD takes them: it adds up the products of two words by
// two others in 32 bits.
//
// Nothing is lost. A tap is at most 1<<22, so its lower half is below 1<<11 and its upper
// half at most 1<<11, and the products of either by a byte are below 1<<20: words do not
// wrap, nor do sums of two products. Sums of lower halves and of upper halves may wrap
// when there are thousands of taps, and the latter do when they are shifted, but all that
// modulo 1<<32, in which
//
//	(sum of upper*byte)<<11 + sum of lower*byte = sum of tap*byte,
//
// the right side being below 1<<32.
func halve(taps []uint32) {
	const low = 1<<lowBits - 1
	for i := 0; i+2 <= len(taps); i += 2 {
		a, b := taps[i], taps[i+1]
		taps[i], taps[i+1] = a&low|b&low<<16, a>>lowBits|b>>lowBits<<16
	}
}

// Name of the instruction set.
func (l *loops) Name() string { return l.name }

// portable has no loops of its own: filterGo and mixGo do all.
var portable = loops{name: "portable"}

var chosen = dispatch.Choose(&portable, machine())
