package jpeg

import (
	"errors"
	"fmt"
)

// conditioning holds what the contexts of arithmetic coding depend on (T.81 B.2.4.3), by
// the number of the table. The zero value means the defaults: 0, 1 and 5.
type conditioning struct {
	given        bool
	lower, upper [16]uint8 // logarithms of the bounds of a small DC difference
	high         [16]uint8 // the first AC coefficient of the high ones, less one
}

func (c *conditioning) fill() {
	if c.given {
		return
	}
	c.given = true
	for i := range 16 {
		c.lower[i], c.upper[i], c.high[i] = 0, 1, 5
	}
}

// readConditioning reads a DAC segment.
func (d *decoder) readConditioning(body []byte) error {
	if len(body)%2 != 0 {
		return errors.New("a segment of arithmetic conditioning of odd length")
	}
	d.condition.fill()
	for ; len(body) > 0; body = body[2:] {
		class, n, v := body[0]>>4, body[0]&15, body[1]
		switch {
		case class > 1:
			return fmt.Errorf("arithmetic conditioning of class %d", class)
		case class == 1:
			d.condition.high[n] = v
		case v&15 > v>>4:
			return fmt.Errorf("arithmetic conditioning from %d to %d", v&15, v>>4)
		default:
			d.condition.lower[n], d.condition.upper[n] = v&15, v>>4
		}
	}
	return nil
}

// bin is what a context has learned: a row of estimates, and the more probable symbol
// above it.
type bin uint8

// arithmetic decodes blocks by the adaptive binary coder of T.81 annex D, with the
// statistical models of F.1.4 (sequential) and G.1.3 (progressive).
type arithmetic struct {
	scan      *scan
	condition conditioning
	dc        [16][64]bin // by table; T.81 table F.4
	ac        [16][256]bin
	half      bin

	data    []byte
	at      int
	a, c    uint32 // the interval, and where the code lies in it: its upper 16 bits
	shifts  int    // before the next byte is due
	damaged bool   // nothing more is made of this segment
}

func newArithmetic(s *scan, c conditioning) *arithmetic {
	c.fill()
	return &arithmetic{scan: s, condition: c, half: fixed}
}

// restart is Initdec of figure D.22, with all statistics forgotten.
func (d *arithmetic) restart(data []byte) {
	*d = arithmetic{scan: d.scan, condition: d.condition, half: fixed, data: data, a: 0x10000}
	d.byteIn()
	d.c <<= 8
	d.byteIn()
	d.c <<= 8
	d.shifts = 0
}

func (d *arithmetic) over(length int) bool { return d.at > length }

// byteIn is Byte_in of figure D.24; stuffed zeros are gone, and behind the data are zeros.
func (d *arithmetic) byteIn() {
	if d.at < len(d.data) {
		d.c += uint32(d.data[d.at]) << 8
	}
	d.at++
	d.shifts = 8
}

// decode is Decode of figures D.13 to D.16, with the exchange of the symbols where the
// less probable one has the larger part.
func (d *arithmetic) decode(s *bin) int {
	e := &estimates[*s&0x7f]
	mps := *s >> 7
	lps := uint32(e.lps)
	d.a -= lps
	wasMPS := d.c>>16 < d.a
	if wasMPS && d.a >= 0x8000 {
		return int(mps)
	}
	exchange := d.a < lps
	if !wasMPS {
		d.c -= d.a << 16
		d.a = lps
	}
	symbol := mps
	if wasMPS != exchange {
		*s = mps<<7 | bin(e.nextMPS)
	} else {
		symbol ^= 1
		*s = (mps^bin(e.change))<<7 | bin(e.nextLPS)
	}
	for d.a < 0x8000 { // Renorm_d, figure D.17
		if d.shifts == 0 {
			d.byteIn()
		}
		d.a <<= 1
		d.c <<= 1
		d.shifts--
	}
	return int(symbol)
}

func (d *arithmetic) block(p *part, b *[64]int16, _ *uint64) {
	if d.damaged {
		return
	}
	s := d.scan
	if s.first == 0 {
		if s.high != 0 {
			b[0] |= int16(d.decode(&d.half) << s.low)
			return
		}
		if d.difference(p); d.damaged {
			return
		}
		b[0] = int16(p.predicted << s.low)
		if s.sequential {
			b[0] = int16(p.predicted * int32(p.quant[0]))
		}
	}
	switch {
	case s.last == 0:
	case s.high == 0:
		d.coefficients(p, b)
	default:
		d.oneMoreBit(p, b)
	}
}

// difference decodes that of a DC coefficient (F.1.4.1, figure F.19).
func (d *arithmetic) difference(p *part) {
	bins := &d.dc[p.dcNumber]
	if d.decode(&bins[p.context]) == 0 {
		p.context = 0
		return
	}
	sign := d.decode(&bins[p.context+1])
	at := p.context + 2 + sign
	m := d.decode(&bins[at])
	if m != 0 {
		at = 20 // X1
		for d.decode(&bins[at]) != 0 {
			if m <<= 1; m == 0x8000 {
				d.damaged = true
				return
			}
			at++
		}
	}
	// F.1.4.4.1.2: the context of the next difference.
	switch {
	case m < 1<<d.condition.lower[p.dcNumber]>>1:
		p.context = 0
	case m > 1<<d.condition.upper[p.dcNumber]>>1:
		p.context = 12 + 4*sign
	default:
		p.context = 4 + 4*sign
	}
	// Sixteen bits, as a coefficient has.
	p.predicted = int32(int16(p.predicted + d.magnitude(&bins[at+14], m, sign)))
}

// magnitude decodes the bits below the first, m, of a value less one (figure F.24).
func (d *arithmetic) magnitude(s *bin, m, sign int) int32 {
	v := m
	for m >>= 1; m != 0; m >>= 1 {
		if d.decode(s) != 0 {
			v |= m
		}
	}
	if sign != 0 {
		return int32(-v - 1)
	}
	return int32(v + 1)
}

// coefficients decodes a band (F.1.4.2, figure F.20). For coefficient k, bin 3*(k-1) tells
// whether the block ends before it, the next whether it is zero.
func (d *arithmetic) coefficients(p *part, b *[64]int16) {
	bins := &d.ac[p.acNumber]
	for k := max(d.scan.first, 1); k <= d.scan.last; k++ {
		if d.decode(&bins[3*(k-1)]) != 0 {
			return
		}
		for d.decode(&bins[3*(k-1)+1]) == 0 {
			if k++; k > d.scan.last {
				d.damaged = true
				return
			}
		}
		sign := d.decode(&d.half)
		at := 3*(k-1) + 2
		m := d.decode(&bins[at])
		if m != 0 && d.decode(&bins[at]) != 0 {
			m = 2
			at = 189 // X2 of the low coefficients
			if k > int(d.condition.high[p.acNumber]) {
				at = 217
			}
			for d.decode(&bins[at]) != 0 {
				if m <<= 1; m == 0x8000 {
					d.damaged = true
					return
				}
				at++
			}
		}
		v := d.magnitude(&bins[at+14], m, sign) << d.scan.low
		z := zigzag[k]
		if d.scan.sequential {
			v *= int32(p.quant[z])
		}
		b[z] = int16(v)
	}
}

// oneMoreBit decodes the next lower bit of a band (G.1.3.3, figure G.10). The end of the
// block is asked for only behind the last coefficient that was not zero before.
func (d *arithmetic) oneMoreBit(p *part, b *[64]int16) {
	bins := &d.ac[p.acNumber]
	unit := int16(1) << d.scan.low
	before := d.scan.last
	for before > 0 && b[zigzag[before]] == 0 {
		before--
	}
	for k := d.scan.first; k <= d.scan.last; k++ {
		if k > before && d.decode(&bins[3*(k-1)]) != 0 {
			return
		}
		for {
			c := &b[zigzag[k]]
			if *c != 0 {
				if d.decode(&bins[3*(k-1)+2]) != 0 {
					if *c < 0 {
						*c -= unit
					} else {
						*c += unit
					}
				}
				break
			}
			if d.decode(&bins[3*(k-1)+1]) != 0 {
				*c = unit
				if d.decode(&d.half) != 0 {
					*c = -unit
				}
				break
			}
			if k++; k > d.scan.last {
				d.damaged = true
				return
			}
		}
	}
}
