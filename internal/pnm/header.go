package pnm

import (
	"bufio"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"
)

// header is what stands before the pixels.
type header struct {
	kind          byte // '1' to '6', as in the file, or 'f'
	width, height int
	most          int     // the value of white
	scale         float64 // of floats: below 0 when they are little endian
}

// model returns that of the picture that becomes of the file.
func (h *header) model() color.Model {
	switch {
	case h.kind == '3' || h.kind == '6':
		return color.NRGBAModel
	case h.most > 255:
		return color.Gray16Model
	}
	return color.GrayModel
}

// readHeader reads up to the white space behind the last number.
func readHeader(r *bufio.Reader) (*header, error) {
	magic := make([]byte, 3)
	if _, err := io.ReadFull(r, magic); err != nil {
		return nil, short(err)
	}
	switch kind := string(magic[:2]); {
	case kind == "P7":
		return nil, fmt.Errorf("a PAM file, which is not read: convert it with pamtopnm")
	case kind == "PF":
		return nil, fmt.Errorf("a float map in colour, which is not read: convert it with pfmtopam and pamtopnm")
	case magic[0] != 'P' || (magic[1] < '1' || magic[1] > '6') && magic[1] != 'f' || !isSpace(magic[2]):
		return nil, fmt.Errorf("the file begins with %q, expected P1 to P6 or Pf and white space", magic)
	}
	h := &header{kind: magic[1], most: 255}
	var err error
	if h.width, err = headerInt(r, "a width"); err != nil {
		return nil, err
	}
	if h.height, err = headerInt(r, "a height"); err != nil {
		return nil, err
	}
	if h.width <= 0 || h.height <= 0 {
		return nil, fmt.Errorf("a picture of %d x %d pixels", h.width, h.height)
	}
	switch h.kind {
	case '1', '4':
	case 'f':
		token, err := headerToken(r)
		if err != nil {
			return nil, err
		}
		if h.scale, err = strconv.ParseFloat(token, 64); err != nil || h.scale == 0 || math.IsNaN(h.scale) || math.IsInf(h.scale, 0) {
			return nil, fmt.Errorf("the scale %q, expected a number other than 0", token)
		}
	default:
		if h.most, err = headerInt(r, "a largest value"); err != nil {
			return nil, err
		}
		if h.most < 1 || h.most > 65535 {
			return nil, fmt.Errorf("a largest value of %d, expected 1 to 65535", h.most)
		}
	}
	return h, nil
}

// headerInt reads a number.
func headerInt(r *bufio.Reader, what string) (int, error) {
	token, err := headerToken(r)
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(token)
	if err != nil {
		return 0, fmt.Errorf("%q in the header, expected %s", token, what)
	}
	return v, nil
}

// headerToken reads what stands before the next white space, and that. A comment
// reaches from # to the end of its line, and what it interrupts goes on behind it.
func headerToken(r *bufio.Reader) (string, error) {
	var token []byte
	for {
		b, err := r.ReadByte()
		switch {
		case err == io.EOF && len(token) > 0:
			return string(token), nil
		case err != nil:
			return "", short(err)
		case b == '#':
			if err := skipComment(r); err != nil {
				return "", short(err)
			}
		case isSpace(b):
			if len(token) > 0 {
				return string(token), nil
			}
		case len(token) == maxToken:
			return "", fmt.Errorf("%q in the header is longer than %d characters", token, maxToken)
		default:
			token = append(token, b)
		}
	}
}

// maxToken is the most characters that a number has, in Pillow.
const maxToken = 10

// skipComment reads to the end of the line.
func skipComment(r *bufio.Reader) error {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if b == '\n' || b == '\r' {
			return nil
		}
	}
}

// isSpace tells whether b is white space, as C's isspace does.
func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }
