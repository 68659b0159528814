package pnm

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
)

// values returns a function that reads the next value of the picture, stretched so
// that white becomes top.
func (h *header) values(r *bufio.Reader, top int) func() (int, error) {
	read := func() (int, error) { // a raw value of a byte
		b, err := r.ReadByte()
		return int(b), err
	}
	switch {
	case h.kind == '2' || h.kind == '3':
		tokens := &plain{r: r}
		read = func() (int, error) {
			token, err := tokens.next()
			if err != nil {
				return 0, err
			}
			v, err := strconv.Atoi(string(token))
			if err != nil || v < 0 || v > h.most {
				return 0, fmt.Errorf("the value %q, expected 0 to %d", token, h.most)
			}
			return v, nil
		}
	case h.most > 255:
		read = func() (int, error) {
			b, err := r.ReadByte()
			if err != nil {
				return 0, err
			}
			c, err := r.ReadByte()
			return int(b)<<8 | int(c), err
		}
	}
	if h.most == top {
		return read
	}
	// Raw values beyond the largest are white.
	stretch := func(v int) int {
		return min(int(math.RoundToEven(float64(v)/float64(h.most)*float64(top))), top)
	}
	if h.most < 256 {
		var table [256]int
		for v := range table {
			table[v] = stretch(v)
		}
		return func() (int, error) {
			v, err := read()
			return table[v], err
		}
	}
	return func() (int, error) {
		v, err := read()
		return stretch(v), err
	}
}

// plain reads the numbers of a plain file, parted by white space.
type plain struct {
	r     *bufio.Reader
	token [maxToken]byte
}

// next returns the next number's characters, until it is called again. A comment
// reaches from # to the end of its line, and what it interrupts goes on behind it.
func (p *plain) next() ([]byte, error) {
	n := 0
	for {
		b, err := p.r.ReadByte()
		switch {
		case err == io.EOF && n > 0:
			return p.token[:n], nil
		case err != nil:
			return nil, err
		case b == '#':
			// A comment may end with the file.
			if err := skipComment(p.r); err != nil && err != io.EOF {
				return nil, err
			}
		case isSpace(b):
			if n > 0 {
				return p.token[:n], nil
			}
		case n == maxToken:
			return nil, fmt.Errorf("a value %q... of more than %d characters", p.token[:n], maxToken)
		default:
			p.token[n] = b
			n++
		}
	}
}
