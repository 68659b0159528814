package jpeg

import (
	"encoding/binary"
	"math/bits"
)

// progressive decodes a part of each block by Huffman's code: a band of coefficients, some
// of their bits (T.81 G.1.2, G.2).
type progressive struct {
	scan *scan
	bits bitReader
	run  int32 // blocks, this one among them, whose band holds nothing new
}

func (s *progressive) restart(data []byte) { s.bits, s.run = bitReader{data: data}, 0 }

func (s *progressive) over(length int) bool { return s.bits.used() > 8*length }

func (s *progressive) block(p *part, b *[64]int16, nonzero *uint64) {
	switch {
	case s.scan.first == 0 && s.scan.high == 0:
		s.bits.fill()
		size := uint(p.dc.symbol(&s.bits))
		p.predicted += extend(s.bits.take(size), size)
		b[0] = int16(p.predicted << s.scan.low)
	case s.scan.first == 0:
		s.bits.fill()
		b[0] |= int16(s.bits.take(1) << s.scan.low)
	case s.scan.high == 0:
		s.firstBits(p.ac, b, nonzero)
	default:
		s.oneMoreBit(p.ac, b, nonzero)
	}
}

// ends reads the length of a run of blocks with nothing new, whose symbol says that size
// more bits tell it (T.81 G.1.2.2).
func (s *progressive) ends(size uint) { s.run = 1<<size + s.bits.take(size) }

// firstBits decodes a band's coefficients, but for their lowest bits. As in a sequential
// block, the reader's state lies in registers.
func (s *progressive) firstBits(ac *huffmanTable, b *[64]int16, nonzero *uint64) {
	if s.run > 0 {
		s.run--
		return
	}
	r := &s.bits
	last, low := s.scan.last, s.scan.low&15
	found := *nonzero
	data, at, acc, n := r.data, r.at, r.acc, r.n
	for k := s.scan.first; k <= last; k++ {
		if n < longest && at+8 <= len(data) {
			acc |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
			taken := (63 - n) >> 3
			at += int(taken)
			n += taken << 3
		}
		if e := ac.both[acc>>(64-fastBits)]; e != 0 {
			acc <<= uint(e & 63)
			n -= uint(e & 63)
			k += int(e >> 8 & 0xff)
			if k > 63 && e>>16 == 0 {
				break // the rest is zero
			}
			b[zigzag[k&127]&63] = int16(e >> 16 << low)
			found |= 1 << min(k, 63)
			continue
		}
		r.at, r.acc, r.n = at, acc, n
		symbol := ac.symbol(r)
		zeros, size := int(symbol>>4), uint(symbol&15)
		if size == 0 && zeros < 15 {
			s.ends(uint(zeros))
			s.run--
			*nonzero = found
			return
		}
		k += zeros
		if size != 0 {
			b[zigzag[k&127]&63] = int16(extend(r.take(size), size) << low)
			found |= 1 << min(k, 63)
		}
		at, acc, n = r.at, r.acc, r.n
	}
	r.at, r.acc, r.n = at, acc, n
	*nonzero = found
}

// oneMoreBit decodes the next lower bit of a band's coefficients (T.81 figures G.7, G.8):
// those that become non-zero come as in a first scan, with a correction bit for each that
// was non-zero and is passed on the way. Coefficients are bits of a word here: ahead are
// those of the band that are still to come.
func (s *progressive) oneMoreBit(ac *huffmanTable, b *[64]int16, nonzero *uint64) {
	r := &s.bits
	unit := int16(1) << s.scan.low
	ahead := uint64(1)<<s.scan.last<<1 - 1<<s.scan.first
	before := *nonzero & ahead
	for s.run == 0 && ahead != 0 {
		r.fill()
		symbol := ac.symbol(r)
		zeros, size := int(symbol>>4), symbol&15
		value := int16(0)
		if size != 0 {
			value = -unit
			if r.take(1) != 0 {
				value = unit
			}
		} else if zeros < 15 {
			s.ends(uint(zeros))
			break
		}
		// On to the zero behind that many others.
		free := ahead &^ before
		for ; zeros > 0; zeros-- {
			free &= free - 1
		}
		target := free & -free // 0: there is none
		passed := ahead & (target - 1)
		r.correct(b, before&passed, unit)
		if value != 0 {
			k := s.scan.last + 1
			if target != 0 {
				k = bits.TrailingZeros64(target)
			}
			b[zigzag[k]&63] = value
			*nonzero |= 1 << min(k, 63)
		}
		ahead &^= passed | target
	}
	if s.run > 0 {
		r.correct(b, before&ahead, unit)
		s.run--
	}
}

// correct reads the correction bit of each of the given coefficients. That such a bit is
// set is as likely as not, so that a branch would be taken wrongly half of the time.
func (r *bitReader) correct(b *[64]int16, which uint64, unit int16) {
	acc, n := r.acc, r.n
	for ; which != 0; which &= which - 1 {
		if n == 0 {
			r.acc, r.n = acc, n
			r.fill()
			acc, n = r.acc, r.n
		}
		c := &b[zigzag[bits.TrailingZeros64(which)]&63]
		add := ^*c & unit & -int16(acc>>63) // nothing where the bit is set already
		sign := *c >> 15
		*c += (add ^ sign) - sign
		acc <<= 1
		n--
	}
	r.acc, r.n = acc, n
}
