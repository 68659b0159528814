package pickle

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The instructions of protocol 0, whose arguments are lines of text, and which
// protocol 1 uses for what it has no binary form for.

// pushDecimal pushes an integer of decimal digits. INT's 00 and 01 are bools, as
// Python 2.2 wrote them; LONG's digits end with an L.
func (m *machine) pushDecimal(short bool) error {
	line, err := m.line()
	if err != nil {
		return err
	}
	switch {
	case short && line == "00":
		return m.push(false, 0)
	case short && line == "01":
		return m.push(true, 0)
	case !short:
		line = strings.TrimSuffix(line, "L")
	}
	v, err := strconv.ParseInt(line, 10, 64)
	if err == nil {
		return m.pushInt64(v)
	}
	if !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("expected an integer, found %.40q", line)
	}
	// What the package for large numbers takes, for at most 1024 digits.
	if err := m.budget.Take(4 << 10); err != nil {
		return err
	}
	n, ok := new(big.Int).SetString(line, 10)
	if !ok {
		return fmt.Errorf("expected an integer, found %.40q", line)
	}
	return m.push(twosComplement(n), 0)
}

// line reads a line, and books it.
func (m *machine) line() (string, error) {
	line, err := m.in.line()
	if err == nil {
		err = m.budget.Take(len(line))
	}
	return line, err
}

// twosComplement is a number in the fewest bytes, as LONG1 has it.
func twosComplement(n *big.Int) Long {
	// x of k bytes is stored as x + 2^8k when it is negative.
	magnitude := n
	if n.Sign() < 0 {
		magnitude = new(big.Int).Not(n) // -x-1, which has as many bits as are needed
	}
	size := magnitude.BitLen()/8 + 1 // with the sign's bit
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	b := n.FillBytes(make([]byte, size))
	slices.Reverse(b)
	return Long(b)
}

// pushDecimalFloat pushes a float in decimal notation.
func (m *machine) pushDecimalFloat() error {
	line, err := m.line()
	if err != nil {
		return err
	}
	v, err := strconv.ParseFloat(line, 64)
	if err != nil {
		return fmt.Errorf("expected a number, found %.40q", line)
	}
	return m.pushFloat(v)
}

// decimalIndex reads the index of a memo entry.
func (m *machine) decimalIndex() (uint64, error) {
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	i, err := strconv.ParseUint(line, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("expected a memo index, found %.40q", line)
	}
	return i, nil
}

// characters are those of a line, one by one, up to its newline.
type characters struct {
	in   *stream
	left int64
}

// next returns the next byte, or io.EOF at the line's end.
func (c *characters) next() (byte, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	b, err := c.in.take(1)
	if err != nil {
		return 0, err
	}
	c.left--
	return b[0], nil
}

// code reads a number of n digits.
func (c *characters) code(n, base int) (rune, error) {
	var digits [8]byte
	for i := range n {
		var err error
		if digits[i], err = c.next(); err != nil {
			return 0, errors.New("an escape that the line's end cuts")
		}
	}
	v, err := strconv.ParseUint(string(digits[:n]), base, 32)
	if err != nil {
		return 0, fmt.Errorf("an escape of %q", digits[:n])
	}
	return rune(v), nil
}

// textLine begins a line of text and books room for its decoded form, of at most
// growth bytes for each.
func (m *machine) textLine(growth int64) (*characters, *strings.Builder, error) {
	n, err := m.in.lineLength(math.MaxInt64)
	if err != nil {
		return nil, nil, err
	}
	if err := m.budget.Take(16 + int(growth*n)); err != nil {
		return nil, nil, err
	}
	out := &strings.Builder{}
	out.Grow(int(growth * n))
	return &characters{&m.in, n}, out, nil
}

// pushQuoted pushes a string of Python 2, in quotes and with Python's escapes.
func (m *machine) pushQuoted() error {
	line, out, err := m.textLine(1)
	if err != nil {
		return err
	}
	quote, err := line.next()
	if err != nil || quote != '\'' && quote != '"' || line.left == 0 {
		return errors.New("expected a string in quotes")
	}
	for line.left > 1 {
		if err := line.unescape(out); err != nil {
			return err
		}
	}
	if line.left == 0 {
		return errors.New("expected a string in quotes")
	}
	if last, err := line.next(); err != nil || last != quote {
		return errors.New("expected a string in quotes")
	}
	m.in.skip(1)
	return m.push(out.String(), 0)
}

// escapes are those of one letter.
var escapes = map[byte]byte{
	'\\': '\\', '\'': '\'', '"': '"', 'n': '\n', 'r': '\r', 't': '\t',
	'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v',
}

// unescape reads a character of a quoted string.
func (c *characters) unescape(out *strings.Builder) error {
	b, err := c.next()
	if err != nil || b != '\\' {
		out.WriteByte(b)
		return err
	}
	if b, err = c.next(); err != nil {
		return err
	}
	switch {
	case escapes[b] != 0:
		out.WriteByte(escapes[b])
	case b == 'x':
		v, err := c.code(2, 16)
		if err != nil {
			return err
		}
		out.WriteByte(byte(v))
	case b >= '0' && b <= '7':
		v := int(b - '0')
		for range 2 {
			p, err := c.in.peek(1)
			if err != nil || c.left == 0 || p[0] < '0' || p[0] > '7' {
				break
			}
			c.next()
			v = 8*v + int(p[0]-'0')
		}
		out.WriteByte(byte(v))
	default: // no escape
		out.WriteByte('\\')
		out.WriteByte(b)
	}
	return nil
}

// pushRawUnicode pushes a string in Python's encoding raw-unicode-escape: Latin-1, with
// \uXXXX and \UXXXXXXXX for other characters, and for backslashes and newlines.
func (m *machine) pushRawUnicode() error {
	line, out, err := m.textLine(2)
	if err != nil {
		return err
	}
	for line.left > 0 {
		b, err := line.next()
		if err != nil {
			return err
		}
		if b != '\\' {
			out.WriteRune(rune(b))
			continue
		}
		if line.left == 0 {
			out.WriteByte(b)
			break
		}
		if b, err = line.next(); err != nil {
			return err
		}
		digits := map[byte]int{'u': 4, 'U': 8}[b]
		if digits == 0 {
			out.WriteByte('\\')
			out.WriteRune(rune(b))
			continue
		}
		r, err := line.code(digits, 16)
		switch {
		case err != nil:
			return err
		case r >= 0xd800 && r < 0xe000: // half of a pair, as UTF-8 may not have it
			out.Write([]byte{0xe0 | byte(r>>12), 0x80 | byte(r>>6&0x3f), 0x80 | byte(r&0x3f)})
		case !utf8.ValidRune(r):
			return fmt.Errorf("a character of code %#x", r)
		default:
			out.WriteRune(r)
		}
	}
	m.in.skip(1)
	return m.push(out.String(), 0)
}
