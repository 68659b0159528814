package gif

import (
	"bufio"
	"errors"
)

const maxCodes = 1 << 12

// lzw unpacks the codes of a frame (appendix F). Codes below clear are indices,
// clear empties the table, and each code after it adds an entry: the string of the
// code before, and the first index of its own.
type lzw struct {
	r     *bufio.Reader
	block [255]byte
	rest  []byte // of the block

	bits  uint32 // read and not yet used, the next the lowest
	count int

	clear int
	width int // bits of the next code
	next  int // the table's first free entry
	last  int // code before, -1 after clear
	first byte

	prefix [maxCodes]uint16
	suffix [maxCodes]byte
	buf    [maxCodes + 1]byte
	out    []byte // of buf: unpacked and not yet taken
}

func newLZW(r *bufio.Reader, size int) *lzw {
	z := &lzw{r: r, clear: 1 << size}
	z.reset()
	return z
}

func (z *lzw) reset() {
	z.next, z.last = z.clear+2, -1
	for z.width = 1; 1<<z.width < 2*z.clear; z.width++ {
	}
}

var (
	errFew     = errors.New("the frame ends before its last pixel")
	errCorrupt = errors.New("a code that is not in the table")
)

// read fills dst with indices.
func (z *lzw) read(dst []byte) error {
	for len(dst) > 0 {
		if len(z.out) == 0 {
			if err := z.expand(); err != nil {
				return err
			}
		}
		n := copy(dst, z.out)
		dst, z.out = dst[n:], z.out[n:]
	}
	return nil
}

// expand reads the next code that stands for indices, and puts these into out.
func (z *lzw) expand() error {
	code, err := z.code()
	for ; err == nil && code == z.clear; code, err = z.code() {
		z.reset()
	}
	switch {
	case err != nil:
		return err
	case code == z.clear+1:
		return errFew
	case z.last < 0 && code > z.clear || code > z.next:
		return errCorrupt
	case z.last < 0:
		z.buf[0], z.first, z.last = byte(code), byte(code), code
		z.out = z.buf[:1]
		return nil
	}
	// The string is written from its end.
	at, c := len(z.buf), code
	if code == z.next {
		// The entry that this very code adds.
		at--
		z.buf[at], c = z.first, z.last
	}
	for c >= z.clear {
		if c >= maxCodes || at <= 1 {
			return errCorrupt
		}
		at--
		z.buf[at], c = z.suffix[c], int(z.prefix[c])
	}
	at--
	z.buf[at], z.first = byte(c), byte(c)
	z.out = z.buf[at:]
	if z.next < maxCodes {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.last), z.first
		if z.next == 1<<z.width-1 && z.width < 12 {
			z.width++
		}
		z.next++
	}
	z.last = code
	return nil
}

// code reads the next code.
func (z *lzw) code() (int, error) {
	for z.count < z.width {
		if len(z.rest) == 0 {
			if err := z.readBlock(); err != nil {
				return 0, err
			}
		}
		z.bits |= uint32(z.rest[0]) << z.count
		z.count += 8
		z.rest = z.rest[1:]
	}
	code := int(z.bits & (1<<z.width - 1))
	z.bits >>= z.width
	z.count -= z.width
	return code, nil
}

// readBlock reads the next of the blocks into which the codes are cut.
func (z *lzw) readBlock() error {
	n, err := z.r.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if n == 0 {
		return errFew
	}
	z.rest = z.block[:n]
	return fill(z.r, z.rest)
}
