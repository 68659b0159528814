package jpeg

import "encoding/binary"

// bitReader reads a segment bit by bit, the most significant first. Behind its end there
// are zeros.
type bitReader struct {
	data []byte
	at   int    // the next byte that acc has not
	acc  uint64 // the next bits, from the top
	n    uint   // how many of them count
}

// longest is what a code and its value take at most.
const longest = 17 + 16

// fill makes sure of the longest code: acc takes as many whole bytes as go in.
func (b *bitReader) fill() {
	if b.n < longest && b.at+8 <= len(b.data) {
		b.acc |= binary.BigEndian.Uint64(b.data[b.at:]) >> (b.n & 63)
		taken := (63 - b.n) >> 3
		b.at += int(taken)
		b.n += taken << 3
	}
}

// skip drops k bits.
func (b *bitReader) skip(k uint) {
	b.acc <<= k & 63
	b.n -= k
}

// take returns k bits, 0 to 16; fill must have seen to them.
func (b *bitReader) take(k uint) int32 {
	v := int32(b.acc >> 1 >> ((63 - k) & 63))
	b.skip(k)
	return v
}

// used is the number of bits that were read.
func (b *bitReader) used() int { return 8*b.at - int(b.n) }

// extend is the difference that k bits stand for (T.81 figure F.12).
func extend(v int32, k uint) int32 {
	if v < 1<<(k&31)>>1 {
		v += -1<<(k&31) + 1
	}
	return v
}
