package jpeg

import "math/bits"

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

// firstBits decodes a band's coefficients, but for their lowest bits.
func (s *progressive) firstBits(ac *huffmanTable, b *[64]int16, nonzero *uint64) {
	if s.run > 0 {
		s.run--
		return
	}
	r := &s.bits
	for k := s.scan.first; k <= s.scan.last; k++ {
		r.fill()
		symbol := ac.symbol(r)
		zeros, size := int(symbol>>4), uint(symbol&15)
		if size == 0 {
			if zeros < 15 {
				s.ends(uint(zeros))
				s.run--
				return
			}
			k += 15
			continue
		}
		k += zeros
		b[zigzag[k&127]&63] = int16(extend(r.take(size), size) << s.scan.low)
		*nonzero |= 1 << min(k, 63)
	}
}

// oneMoreBit decodes the next lower bit of a band's coefficients (T.81 figures G.7, G.8):
// those that become non-zero come as in a first scan, with a correction bit for each that
// was non-zero and is passed on the way.
func (s *progressive) oneMoreBit(ac *huffmanTable, b *[64]int16, nonzero *uint64) {
	r := &s.bits
	unit := int16(1) << s.scan.low
	before := *nonzero & (1<<s.scan.last<<1 - 1) // of them those from k on are ahead
	k := s.scan.first
	for s.run == 0 && k <= s.scan.last {
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
		for {
			next := bits.TrailingZeros64(before >> k << k)
			if zeros < next-k || next == 64 {
				k = min(k+zeros, s.scan.last+1)
				break
			}
			zeros -= next - k
			r.correct(&b[zigzag[next]&63], unit)
			k = next + 1
		}
		if value != 0 {
			b[zigzag[k]&63] = value
			*nonzero |= 1 << min(k, 63)
		}
		k++
	}
	if s.run > 0 {
		for ahead := before >> k << k; ahead != 0; ahead &= ahead - 1 {
			r.correct(&b[zigzag[bits.TrailingZeros64(ahead)]&63], unit)
		}
		s.run--
	}
}

// correct reads the correction bit of a coefficient.
func (b *bitReader) correct(c *int16, unit int16) {
	if b.n == 0 {
		b.fill()
	}
	if b.take(1) == 0 || *c&unit != 0 {
		return
	}
	if *c >= 0 {
		*c += unit
	} else {
		*c -= unit
	}
}
