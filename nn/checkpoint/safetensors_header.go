package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// A headerScanner reads the small part of JSON that a safetensors header, or the index of
// several files, uses. It is written out, rather than left to encoding/json, because a
// header is hostile until proven otherwise: repeated names must be noticed,
// and a header of 100 MB must not grow tenfold in memory as general values.
type headerScanner struct {
	buf    []byte
	pos    int
	base   int    // offset in the file of buf
	what   string // "header", "index"
	budget *budget.Budget
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *headerScanner) peek() byte {
	for ; p.pos < len(p.buf); p.pos++ {
		switch c := p.buf[p.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// errorf reports what was expected at the current byte.
func (p *headerScanner) errorf(want string) error {
	found := "the " + p.what + "'s end"
	if p.pos < len(p.buf) {
		found = fmt.Sprintf("%q", p.buf[p.pos:min(p.pos+1, len(p.buf))])
	}
	return fmt.Errorf("offset %d: expected %s, found %s", p.base+p.pos, want, found)
}

// expect consumes the byte c.
func (p *headerScanner) expect(c byte) error {
	if p.peek() != c {
		return p.errorf(fmt.Sprintf("%q", c))
	}
	p.pos++
	return nil
}

// end demands that nothing but white space is left.
func (p *headerScanner) end() error {
	if p.peek(); p.pos < len(p.buf) {
		return p.errorf("the " + p.what + "'s end")
	}
	return nil
}

// sequence reads open, elements separated by commas, close.
func (p *headerScanner) sequence(open, close byte, element func() error) error {
	if err := p.expect(open); err != nil {
		return err
	}
	if p.peek() == close {
		p.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			p.pos++
		case close:
			p.pos++
			return nil
		default:
			return p.errorf(fmt.Sprintf("',' or %q", close))
		}
	}
}

// object reads an object; value reads the value that belongs to key.
func (p *headerScanner) object(value func(key string) error) error {
	return p.sequence('{', '}', func() error {
		key, err := p.string()
		if err != nil {
			return err
		}
		if err := p.expect(':'); err != nil {
			return err
		}
		return value(key)
	})
}

// string reads a string.
func (p *headerScanner) string() (string, error) {
	if err := p.expect('"'); err != nil {
		return "", err
	}
	begin, escaped := p.pos, false
	for ; p.pos < len(p.buf) && p.buf[p.pos] != '"'; p.pos++ {
		if p.buf[p.pos] == '\\' {
			escaped = true
			p.pos++
		} else if p.buf[p.pos] < ' ' {
			return "", p.errorf("a printable character")
		}
	}
	if p.pos >= len(p.buf) {
		p.pos = len(p.buf)
		return "", p.errorf(`'"'`)
	}
	raw := p.buf[begin:p.pos]
	p.pos++
	if !utf8.Valid(raw) {
		return "", fmt.Errorf("offset %d: a string that is not valid UTF-8", p.base+begin)
	}
	if !escaped {
		if err := p.budget.Take(len(raw)); err != nil {
			return "", err
		}
		return string(raw), nil
	}
	// Two copies and the decoder's state.
	if err := p.budget.Take(2*len(raw) + 512); err != nil {
		return "", err
	}
	var s string
	if err := json.Unmarshal(p.buf[begin-1:p.pos], &s); err != nil {
		return "", fmt.Errorf("offset %d: invalid string: %w", p.base+begin, err)
	}
	return s, nil
}

// uint reads a whole number that fits an int.
func (p *headerScanner) uint() (int, error) {
	if c := p.peek(); c < '0' || c > '9' {
		return 0, p.errorf("a whole number")
	}
	n, begin := 0, p.pos
	for ; p.pos < len(p.buf) && p.buf[p.pos] >= '0' && p.buf[p.pos] <= '9'; p.pos++ {
		d := int(p.buf[p.pos] - '0')
		if n > (math.MaxInt-d)/10 {
			return 0, fmt.Errorf("offset %d: the number overflows", p.base+begin)
		}
		n = 10*n + d
	}
	if p.buf[begin] == '0' && p.pos > begin+1 {
		return 0, fmt.Errorf("offset %d: a number with a leading zero", p.base+begin)
	}
	return n, nil
}

// uints reads an array of at most most whole numbers.
func (p *headerScanner) uints(most int) ([]int, error) {
	var list [maxDims]int
	n := 0
	err := p.sequence('[', ']', func() error {
		v, err := p.uint()
		if err != nil {
			return err
		}
		if n == most {
			return fmt.Errorf("offset %d: more than %d numbers", p.base+p.pos, most)
		}
		list[n] = v
		n++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := p.budget.Take(8 * n); err != nil {
		return nil, err
	}
	return append(make([]int, 0, n), list[:n]...), nil
}

// metadata reads an object of strings.
func (p *headerScanner) metadata() (map[string]string, error) {
	m := map[string]string{}
	err := p.object(func(key string) error {
		if _, ok := m[key]; ok {
			return fmt.Errorf("%s: a second %s", metadataKey, quote(key))
		}
		// A map of strings takes 33 bytes for an entry, may be less than half
		// full, and was half as large before.
		if err := p.budget.Take(192); err != nil {
			return err
		}
		value, err := p.string()
		if err != nil {
			return fmt.Errorf("%s %s: %w", metadataKey, quote(key), err)
		}
		m[key] = value
		return nil
	})
	return m, err
}

// tensor reads an object of dtype, shape and data_offsets, in any order.
func (p *headerScanner) tensor(name string) (placed, error) {
	if err := p.budget.Take(tensorSize); err != nil {
		return placed{}, err
	}
	t := placed{Tensor: &Tensor{Name: name}}
	var seen [3]bool
	once := func(field int, key string) error {
		if seen[field] {
			return fmt.Errorf("a second %s", key)
		}
		seen[field] = true
		return nil
	}
	err := p.object(func(key string) error {
		switch key {
		case "dtype":
			if err := once(0, key); err != nil {
				return err
			}
			s, err := p.string()
			if err != nil {
				return err
			}
			var ok bool
			if t.DType, ok = dtypeByName(s); !ok {
				t.foreign = s
			}
			if s == "" {
				return errors.New("a dtype without a name")
			}
			return nil
		case "shape":
			if err := once(1, key); err != nil {
				return err
			}
			var err error
			t.Shape, err = p.uints(maxDims)
			return err
		case "data_offsets":
			if err := once(2, key); err != nil {
				return err
			}
			list, err := p.uints(2)
			if err == nil && len(list) != 2 {
				err = fmt.Errorf("data_offsets: expected 2 numbers, found %d", len(list))
			}
			if err == nil {
				t.begin, t.end = list[0], list[1]
			}
			return err
		}
		return fmt.Errorf("unknown field %s", quote(key))
	})
	if err == nil && seen != [3]bool{true, true, true} {
		err = errors.New("expected dtype, shape and data_offsets")
	}
	return t, err
}

// skip passes over a value of any kind, with at most so many others around those within.
func (p *headerScanner) skip(depth int) error {
	if depth == 0 {
		return fmt.Errorf("offset %d: too many values within each other", p.base+p.pos)
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(func(string) error { return p.skip(depth - 1) })
	case c == '[':
		return p.sequence('[', ']', func() error { return p.skip(depth - 1) })
	case c == '"':
		_, err := p.string()
		return err
	}
	begin := p.pos
	for p.pos < len(p.buf) && strings.IndexByte("+-.0123456789abcdefghijklmnopqrstuvwxyzE", p.buf[p.pos]) >= 0 {
		p.pos++ // a number, or null, true or false
	}
	if !json.Valid(p.buf[begin:p.pos]) {
		return p.errorf("a value")
	}
	return nil
}
