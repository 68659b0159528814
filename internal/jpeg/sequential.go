package jpeg

import "encoding/binary"

// sequential decodes whole blocks by Huffman's code (T.81 F.2.2).
type sequential struct{ bits bitReader }

func (s *sequential) restart(data []byte) { s.bits = bitReader{data: data} }

func (s *sequential) over(length int) bool { return s.bits.used() > 8*length }

func (s *sequential) block(p *part, b *[64]int16, _ *uint64) {
	r := &s.bits
	r.fill()
	size := uint(p.dc.symbol(r))
	p.predicted += extend(r.take(size), size)
	quant := p.quant
	b[0] = int16(p.predicted * int32(quant[0]))

	// The reader's state lies in registers here: this loop is most of the work.
	ac, data, at, acc, n := p.ac, r.data, r.at, r.acc, r.n
	for k := 1; k < 64; k++ {
		if n < longest && at+8 <= len(data) {
			acc |= binary.BigEndian.Uint64(data[at:]) >> (n & 63)
			taken := (63 - n) >> 3
			at += int(taken)
			n += taken << 3
		}
		if e := ac.both[acc>>(64-fastBits)]; e != 0 {
			acc <<= uint(e & 63) // less than 64, which spares a test
			n -= uint(e & 63)
			k += int(e >> 8 & 0xff)
			if k > 63 && e>>16 == 0 {
				break // the rest is zero
			}
			z := zigzag[k&127] & 63
			b[z] = int16(e >> 16 * int32(quant[z]))
			continue
		}
		var symbol uint8
		if f := ac.fast[acc>>(64-fastBits)]; f != 0 {
			symbol = uint8(f)
			acc <<= f >> 8 & 63
			n -= uint(f >> 8)
		} else {
			r.acc, r.n = acc, n
			symbol = ac.symbol(r)
			acc, n = r.acc, r.n
		}
		k += int(symbol >> 4)
		size := uint(symbol & 15)
		if size == 0 {
			if symbol != 0xf0 {
				break
			}
			continue
		}
		v := int32(acc >> 1 >> ((63 - size) & 63))
		acc <<= size & 63
		n -= size
		z := zigzag[k&127] & 63
		b[z] = int16(extend(v, size) * int32(quant[z]))
	}
	r.at, r.acc, r.n = at, acc, n
}
