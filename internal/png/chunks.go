package png

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const signature = "\x89PNG\r\n\x1a\n"

// chunks reads a file chunk by chunk (section 5.3).
type chunks struct {
	r    *bufio.Reader
	kind string // of the chunk that is being read
	left uint32 // bytes of it that are not read
}

// next reads the head of the next chunk.
func (c *chunks) next() error {
	var b [8]byte
	if _, err := io.ReadFull(c.r, b[:]); err != nil {
		return noEOF(err)
	}
	c.left, c.kind = binary.BigEndian.Uint32(b[:]), string(b[4:])
	for _, v := range b[4:] {
		// Pillow takes digits and underlines as well.
		if !(v >= 'a' && v <= 'z' || v >= 'A' && v <= 'Z' || v >= '0' && v <= '9' || v == '_') {
			return fmt.Errorf("a chunk named %q, expected four letters", c.kind)
		}
	}
	return nil
}

// body reads the whole of a chunk and compares its checksum. It returns at most
// the first limit bytes.
func (c *chunks) body(limit uint32) ([]byte, error) {
	sum := crc32.ChecksumIEEE([]byte(c.kind))
	b := make([]byte, min(c.left, limit))
	if _, err := io.ReadFull(c.r, b); err != nil {
		return nil, noEOF(err)
	}
	sum = crc32.Update(sum, crc32.IEEETable, b)
	for c.left -= uint32(len(b)); c.left > 0; {
		part, err := c.r.Peek(int(min(c.left, 1024)))
		if err != nil {
			return nil, noEOF(err)
		}
		sum = crc32.Update(sum, crc32.IEEETable, part)
		c.left -= uint32(len(part))
		c.r.Discard(len(part))
	}
	var crc [4]byte
	if _, err := io.ReadFull(c.r, crc[:]); err != nil {
		return nil, noEOF(err)
	}
	if want := binary.BigEndian.Uint32(crc[:]); sum != want {
		return nil, fmt.Errorf("checksum %08x in the chunk %s, whose bytes have %08x", want, c.kind, sum)
	}
	return b, nil
}

// skip passes over what is left of a chunk, whose checksum is not compared.
func (c *chunks) skip() error {
	for left := uint64(c.left) + 4; left > 0; {
		n, err := c.r.Discard(int(min(left, 1<<20)))
		if left -= uint64(n); err != nil {
			return noEOF(err)
		}
	}
	c.left = 0
	return nil
}

// Read reads compressed image data, which may go on in the chunks that follow, and
// ends where another kind of chunk begins. The checksums of these chunks are not
// compared: the compressed data have one of their own.
func (c *chunks) Read(p []byte) (int, error) {
	for c.left == 0 {
		if err := c.skip(); err != nil {
			return 0, err
		}
		if err := c.next(); err != nil {
			return 0, err
		}
		switch c.kind {
		case "IDAT", "DDAT":
		case "fdAT":
			if err := c.sequence(); err != nil {
				return 0, err
			}
		default:
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(p[:min(uint64(len(p)), uint64(c.left))])
	c.left -= uint32(n)
	return n, noEOF(err)
}

// sequence passes over the number with which an fdAT chunk begins.
func (c *chunks) sequence() error {
	if c.left < 4 {
		return errors.New("a chunk fdAT without a sequence number")
	}
	c.left -= 4
	_, err := c.r.Discard(4)
	return noEOF(err)
}

// noEOF makes an end where there should be more an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
