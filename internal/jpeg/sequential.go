package jpeg

// sequential decodes whole blocks by Huffman's code (T.81 F.2.2).
type sequential struct{ bits bitReader }

func (s *sequential) restart(data []byte) { s.bits = bitReader{data: data} }

func (s *sequential) over(length int) bool { return s.bits.used() > 8*length }

func (s *sequential) block(p *part, b *[64]int16, _ *uint64) {
	r := &s.bits
	r.fill()
	size := uint(p.dc.symbol(r))
	p.predicted += extend(r.take(size), size)
	quant, ac := p.quant, p.ac
	b[0] = int16(p.predicted * int32(quant[0]))

	// What the reader holds lies in registers here: this loop is most of the work.
	acc, n := r.acc, r.n
	for k := 1; k < 64; k++ {
		if n < fastBits {
			r.acc, r.n = acc, n
			r.fill()
			acc, n = r.acc, r.n
		}
		e := ac.both[acc>>(64-fastBits)]
		if e == 0 {
			r.acc, r.n = acc, n
			e = ac.long(r)
			acc, n = r.acc, r.n
		}
		acc <<= uint(e & 63) // less than 64, which spares a test
		n -= uint(e & 63)
		k += int(e >> 8 & 0xff)
		if k > 63 && e>>16 == 0 {
			break // the rest is zero
		}
		z := zigzag[k&127] & 63
		b[z] = int16(e >> 16 * int32(quant[z]))
	}
	r.acc, r.n = acc, n
}
