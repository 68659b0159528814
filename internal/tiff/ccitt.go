package tiff

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// ccittMode is one of the ways that bilevel rows are coded.
type ccittMode struct {
	aligned bool // rows begin with a byte (TIFF 6.0, section 10)
	lines   bool // rows may have end-of-line codes before them (T.4)
	twoD    bool // rows are coded by the row above (T.6), or where lines too, some are
}

// ccitt unpacks rows of ITU-T T.4 and T.6, in which a one is black.
//
// A row is a list of its changing elements: the columns, in turn, at which it
// becomes black and white again. What they may not do is refused; libtiff makes up
// the rest of such a row and goes on.
type ccitt struct {
	src   *bufio.Reader
	mode  ccittMode
	width int
	acc   uint32
	n     int // bits in acc
	row   []int32
	above []int32
	bytes []byte // the row as pixels
	left  []byte // what of it is not yet given away
}

func (r *ccitt) reset() error {
	r.acc, r.n, r.left = 0, 0, nil
	r.row = r.row[:0]
	return nil
}

func (r *ccitt) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// next decodes a row.
func (r *ccitt) next() error {
	if r.mode.aligned {
		r.n -= r.n % 8 // what fills up the row before
	}
	twoD := r.mode.twoD
	if r.mode.lines {
		if err := r.endOfLine(); err != nil {
			return err
		}
		if twoD { // a bit tells which this is
			b, err := r.bits(1)
			if err != nil {
				return err
			}
			twoD = b == 0
		}
	}
	r.row, r.above = r.above[:0], r.row
	decode := r.decode1D
	if twoD {
		decode = r.decode2D
	}
	if err := decode(); err != nil {
		return err
	}
	r.paint()
	return nil
}

// endOfLine passes over an end-of-line code, at least eleven zeros and a one. Rows
// without are common; two in a row end the page.
func (r *ccitt) endOfLine() error {
	if !r.fill(11) || r.peek(11) != 0 {
		return nil
	}
	for {
		if b, err := r.bits(1); b == 1 || err != nil {
			return err
		}
	}
}

// decode1D decodes a row of runs that are white and black in turn. A white and a
// black run of no pixels leave no trace, as libtiff has it.
func (r *ccitt) decode1D() error {
	for a0, colour := 0, 0; a0 < r.width; colour ^= 1 {
		before := a0
		var err error
		if a0, err = r.run(a0, colour); err != nil {
			return err
		}
		if n := len(r.row); colour == 1 && a0 == before && r.at(r.row, n-3) == a0 && r.at(r.row, n-2) == a0 {
			r.row = r.row[:n-2]
		}
	}
	return nil
}

// run reads the run of a colour that begins at column a0, and returns where it ends:
// codes of multiples of 64, and one of what remains.
func (r *ccitt) run(a0, colour int) (int, error) {
	for {
		c, err := r.lookup(&runCodes()[colour], 13)
		if err != nil {
			return 0, err
		}
		if a0 += int(c.value); a0 > r.width {
			return 0, fmt.Errorf("CCITT: a row is longer than %d pixels", r.width)
		}
		if c.value < 64 {
			return a0, r.change(a0)
		}
	}
}

// change notes that the colour changes at a column. Runs of no pixels, which cost
// memory too, are few in honest rows.
func (r *ccitt) change(column int) error {
	if len(r.row) > r.width+32 {
		return fmt.Errorf("CCITT: a row of %d pixels with more changes", r.width)
	}
	r.row = append(r.row, int32(column))
	return nil
}

// at returns a change of a row, the left edge before the first and the right edge
// after the last.
func (r *ccitt) at(row []int32, i int) int {
	switch {
	case i < 0:
		return 0
	case i < len(row):
		return int(row[i])
	}
	return r.width
}

// decode2D decodes a row by the row above: T.6, section 2.2. a0 is the column that
// has been reached, b1 the next change above right of it to the other colour, and
// b2 the change after that. There are writers whose rows begin or go on with runs
// of no pixels, and count their changes too, so that b1 is found as libtiff finds
// it: by going on from the change that was b1 last.
func (r *ccitt) decode2D() error {
	a0, colour, i := 0, 0, 0
	for a0 < r.width {
		if len(r.row) > 0 {
			for r.at(r.above, i) <= a0 && i < len(r.above) {
				i += 2
			}
		}
		b1 := r.at(r.above, i)
		mode, err := r.lookup(modeCodes(), 7)
		if err != nil {
			return err
		}
		switch mode.value {
		case modePass:
			a0 = r.at(r.above, i+1)
			i += 2
		case modeHorizontal:
			if a0, err = r.run(a0, colour); err != nil {
				return err
			}
			if a0, err = r.run(a0, colour^1); err != nil {
				return err
			}
		case modeExtension:
			return errors.New("CCITT with uncompressed mode is not read")
		default: // vertical: the change is up to three columns beside b1
			a1 := b1 + int(mode.value)
			if a1 < a0 || a1 > r.width {
				return fmt.Errorf("CCITT: a change at column %d after %d of %d", a1, a0, r.width)
			}
			if err := r.change(a1); err != nil {
				return err
			}
			a0 = a1
			colour ^= 1
			i-- // a change to the other colour, from which the search goes on
		}
	}
	return nil
}

// paint makes pixels of the row's changes.
func (r *ccitt) paint() {
	if r.bytes == nil {
		r.bytes = make([]byte, ceil(r.width, 8))
	}
	r.left = r.bytes
	clear(r.bytes)
	for i := 0; i < len(r.row); i += 2 {
		from, to := int(r.row[i]), r.width
		if i+1 < len(r.row) {
			to = int(r.row[i+1])
		}
		for ; from < to && from%8 != 0; from++ {
			r.bytes[from/8] |= 0x80 >> (from % 8)
		}
		for ; from+8 <= to; from += 8 {
			r.bytes[from/8] = 0xff
		}
		for ; from < to; from++ {
			r.bytes[from/8] |= 0x80 >> (from % 8)
		}
	}
}

// fill reads bytes until there are n bits, and tells whether there are so many.
func (r *ccitt) fill(n int) bool {
	for r.n < n {
		b, err := r.src.ReadByte()
		if err != nil {
			return false
		}
		r.acc = r.acc<<8 | uint32(b)
		r.n += 8
	}
	return true
}

// peek returns the next n bits, with zeros after the last.
func (r *ccitt) peek(n int) uint32 {
	v := r.acc
	if r.n < n {
		v <<= n - r.n
	} else {
		v >>= r.n - n
	}
	return v & (1<<n - 1)
}

func (r *ccitt) bits(n int) (uint32, error) {
	if !r.fill(n) {
		return 0, io.ErrUnexpectedEOF
	}
	v := r.peek(n)
	r.n -= n
	return v, nil
}

// lookup reads a code of at most n bits.
func (r *ccitt) lookup(table *[1 << 13]code, n int) (code, error) {
	r.fill(n)
	c := table[r.peek(n)]
	switch {
	case int(c.bits) > r.n || c.bits == 0 && r.n < n:
		return c, io.ErrUnexpectedEOF
	case c.bits == 0:
		return c, errors.New("CCITT: a code that there is not, or too few rows")
	}
	r.n -= int(c.bits)
	return c, nil
}
