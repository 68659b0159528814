package tiff

import (
	"bufio"
	"errors"
	"io"
)

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwFirst = 258
	lzwCodes = 1 << 12
)

// lzw unpacks LZW (TIFF 6.0, section 13): codes of 9 to 12 bits, the upper bit
// first, that grow one code earlier than they need to. Files of the first writers
// have the lowest bit first, and no such haste; libtiff knows them by their first
// code, and so does this.
type lzw struct {
	src    *bufio.Reader
	old    bool
	acc    uint32
	n      uint // bits in acc
	width  uint // of a code
	next   int  // the code that is defined next
	last   int  // the code before, -1 for none
	prefix [lzwCodes]uint16
	suffix [lzwCodes]byte
	head   [lzwCodes]byte // the first byte of a code's string
	buf    [lzwCodes]byte // strings are written here from the end
	at     int            // what is behind is not yet given away
	ended  bool
}

func (r *lzw) reset() error {
	r.acc, r.n, r.at, r.ended = 0, 0, len(r.buf), false
	r.clear()
	if r.head[1] == 0 {
		for i := range lzwClear {
			r.suffix[i], r.head[i] = byte(i), byte(i)
		}
	}
	first, err := r.src.Peek(2)
	r.old = err == nil && first[0] == 0 && first[1]&1 != 0
	return nil
}

func (r *lzw) clear() { r.width, r.next, r.last = 9, lzwFirst, -1 }

func (r *lzw) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.at == len(r.buf) {
			if r.ended {
				return n, io.EOF
			}
			if err := r.step(); err != nil {
				return n, err
			}
		}
		m := copy(p[n:], r.buf[r.at:])
		r.at += m
		n += m
	}
	return n, nil
}

// code reads a code.
func (r *lzw) code() (int, error) {
	for r.n < r.width {
		b, err := r.src.ReadByte()
		if err != nil {
			return 0, err
		}
		if r.old {
			r.acc |= uint32(b) << r.n
		} else {
			r.acc = r.acc<<8 | uint32(b)
		}
		r.n += 8
	}
	r.n -= r.width
	mask := uint32(1)<<r.width - 1
	if r.old {
		c := r.acc & mask
		r.acc >>= r.width
		return int(c), nil
	}
	return int(r.acc >> r.n & mask), nil
}

// step reads a code and writes its string.
func (r *lzw) step() error {
	code, err := r.code()
	if err != nil {
		return err
	}
	switch code {
	case lzwClear:
		r.clear()
		return nil
	case lzwEnd:
		r.ended = true
		return nil
	}
	if code > r.next || code >= lzwClear && r.last < 0 {
		return errors.New("an LZW code that has not been defined")
	}
	if r.last >= 0 && r.next < lzwCodes {
		// The string before, and the first byte of this one: which, when this is
		// the code that is being defined, is the first byte of the one before.
		first := r.head[r.last]
		if code < r.next {
			first = r.head[code]
		}
		r.prefix[r.next], r.suffix[r.next], r.head[r.next] = uint16(r.last), first, r.head[r.last]
		r.next++
	}
	r.last = code
	early := 1
	if r.old {
		early = 0
	}
	if r.next+early >= 1<<r.width && r.width < 12 {
		r.width++
	}
	at := len(r.buf)
	for ; code >= lzwFirst; code = int(r.prefix[code]) {
		at--
		r.buf[at] = r.suffix[code]
	}
	at--
	r.buf[at] = byte(code)
	r.at = at
	return nil
}
