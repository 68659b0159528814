package webp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// chunks reads the chunks of a RIFF file (RFC 9649, section 2.3).
type chunks struct {
	r    *bufio.Reader
	left int64  // bytes of the file, as far as it says they are its own
	here uint32 // bytes of the chunk that are not read
	pad  bool   // a byte follows the chunk
}

// begin reads the head of a file of size bytes, which may be shorter than it says
// by the byte that fills up the last chunk: some writers leave it out. Bytes
// behind the end that it tells are not read.
func (c *chunks) begin(size int64) error {
	var b [12]byte
	if _, err := io.ReadFull(c.r, b[:]); err != nil {
		return noEOF(err)
	}
	if string(b[:4]) != "RIFF" || string(b[8:]) != "WEBP" {
		return fmt.Errorf("it begins with %q, expected RIFF and WEBP", b)
	}
	n := 8 + int64(binary.LittleEndian.Uint32(b[4:]))
	if n > size+1 {
		return fmt.Errorf("the file ends too early: %d bytes, it says %d", size, n)
	}
	c.left = min(n, size) - 12
	return nil
}

// next reads the head of the next chunk.
func (c *chunks) next() (kind string, length uint32, err error) {
	if c.left < 8 {
		return "", 0, fmt.Errorf("the file ends without a picture")
	}
	var b [8]byte
	if _, err := io.ReadFull(c.r, b[:]); err != nil {
		return "", 0, noEOF(err)
	}
	c.left -= 8
	length = binary.LittleEndian.Uint32(b[4:])
	if int64(length) > c.left {
		return "", 0, fmt.Errorf("the file ends too early: the chunk %q has %d bytes, %d are left", b[:4], length, c.left)
	}
	c.here, c.pad = length, length%2 == 1
	return string(b[:4]), length, nil
}

// peek looks at the first n bytes of the chunk.
func (c *chunks) peek(n int) ([]byte, error) {
	if int64(c.here) < int64(n) {
		return nil, fmt.Errorf("a chunk of %d bytes, expected at least %d", c.here, n)
	}
	b, err := c.r.Peek(n)
	return b, noEOF(err)
}

// enter reads the first n bytes of the chunk, and makes the rest of it chunks.
func (c *chunks) enter(n uint32) error {
	c.here, c.pad = n, false
	return c.skip()
}

// skip passes over the rest of the chunk.
func (c *chunks) skip() error {
	n := int64(c.here)
	if c.pad && n < c.left {
		n++
	}
	c.left, c.here = c.left-n, 0
	for n > 0 {
		done, err := c.r.Discard(int(min(n, 1<<20)))
		if n -= int64(done); err != nil {
			return noEOF(err)
		}
	}
	return nil
}

// took notes that n bytes of the chunk have been read.
func (c *chunks) took(n int) {
	c.left -= int64(n)
	c.here -= uint32(n)
}

// rest passes over the chunks that follow one that has been read.
func (c *chunks) rest() error {
	c.took(int(c.here))
	err := c.skip() // the byte that fills it up
	for err == nil && c.left >= 8 {
		if _, _, err = c.next(); err == nil {
			err = c.skip()
		}
	}
	return err
}

func u24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// noEOF makes an end where there should be more an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
