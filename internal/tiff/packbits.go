package tiff

import (
	"bufio"
	"io"
)

// packBits unpacks PackBits (TIFF 6.0, section 9): a byte n, then n+1 bytes as they
// are, or one byte 1-n times; -128 means nothing.
type packBits struct {
	src     *bufio.Reader
	literal int // bytes that come as they are
	repeat  int // times that value comes
	value   byte
}

func (r *packBits) reset() error {
	r.literal, r.repeat = 0, 0
	return nil
}

func (r *packBits) Read(p []byte) (int, error) {
	for r.literal == 0 && r.repeat == 0 {
		n, err := r.src.ReadByte()
		if err != nil {
			return 0, err
		}
		switch {
		case n < 128:
			r.literal = int(n) + 1
		case n > 128:
			if r.value, err = r.src.ReadByte(); err != nil {
				return 0, err
			}
			r.repeat = 257 - int(n)
		}
	}
	if r.literal > 0 {
		n, err := io.ReadFull(r.src, p[:min(len(p), r.literal)])
		r.literal -= n
		return n, err
	}
	p = p[:min(len(p), r.repeat)]
	for i := range p {
		p[i] = r.value
	}
	r.repeat -= len(p)
	return len(p), nil
}
