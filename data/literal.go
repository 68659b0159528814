package data

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// literal reads what JSON and Python write of lists and maps: [1, "a"], (1, 'a'),
// {"0": ["b", "c"]}, {0: 'a',}. It keeps nothing; whoever calls takes what it needs.
type literal struct {
	text string
	at   int
}

// maxDepth is how deep lists and maps may lie in each other.
const maxDepth = 64

// next is the next byte that is no space, 0 at the end.
func (l *literal) next() byte {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	if l.at == len(l.text) {
		return 0
	}
	return l.text[l.at]
}

// errorf makes an error that says where and what is found there.
func (l *literal) errorf(format string, args ...any) error {
	before := l.text[:l.at]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	found := "the end"
	if l.at < len(l.text) {
		r, _ := utf8.DecodeRuneInString(l.text[l.at:])
		found = strconv.QuoteRune(r)
	}
	return fmt.Errorf("line %d, column %d: %s, found %s", line, column, fmt.Sprintf(format, args...), found)
}

// closing is the bracket that ends what begins with one of [ ( {, or 0.
func closing(open byte) byte {
	switch open {
	case '[':
		return ']'
	case '(':
		return ')'
	case '{':
		return '}'
	}
	return 0
}

// items reads a list or map, calling item at the beginning of each item, which
// that reads to its end.
func (l *literal) items(item func() error) error {
	end := closing(l.next())
	l.at++
	for l.next() != end {
		if err := item(); err != nil {
			return err
		}
		switch l.next() {
		case ',':
			l.at++
		case end:
		default:
			return l.errorf("want a comma or %c", end)
		}
	}
	l.at++
	return nil
}

// key reads a key of a map and the colon.
func (l *literal) key() (string, error) {
	key, _, err := l.scalar()
	if err != nil {
		return "", err
	}
	if l.next() != ':' {
		return "", l.errorf("want a colon after the key %.40q", key)
	}
	l.at++
	return key, nil
}

// scalar reads a text in quotes, or a number or another bare word.
func (l *literal) scalar() (text string, quoted bool, err error) {
	c := l.next()
	if (c == 'u' || c == 'U') && l.at+1 < len(l.text) && strings.IndexByte(`"'`, l.text[l.at+1]) >= 0 {
		l.at++ // Python 2's u'...'
		c = l.text[l.at]
	}
	if c == '"' || c == '\'' {
		text, err = l.quoted(c)
		return text, true, err
	}
	begin := l.at
	for l.at < len(l.text) && (isWord(l.text[l.at]) || strings.IndexByte("+-.", l.text[l.at]) >= 0) {
		l.at++
	}
	if l.at == begin {
		return "", false, l.errorf("want a text in quotes or a number")
	}
	return l.text[begin:l.at], false, nil
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// quoted reads a text in quotes.
func (l *literal) quoted(quote byte) (string, error) {
	l.at++
	begin := l.at
	var b strings.Builder // of what has escapes
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == quote:
			text := l.text[begin:l.at]
			l.at++
			if b.Len() > 0 {
				b.WriteString(text)
				text = b.String()
			}
			return text, nil
		case c == '\n':
			return "", l.errorf("want a quotation mark before the end of the line")
		case c == '\\':
			b.WriteString(l.text[begin:l.at])
			r, err := l.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			begin = l.at
		default:
			l.at++
		}
	}
	return "", l.errorf("want a quotation mark")
}

// escape reads an escape that JSON or Python knows.
func (l *literal) escape() (rune, error) {
	l.at++
	c := byte(0)
	if l.at < len(l.text) {
		c = l.text[l.at]
	}
	if i := strings.IndexByte(`"'\/bfnrt`, c); i >= 0 {
		l.at++
		return rune("\"'\\/\b\f\n\r\t"[i]), nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 {
		return 0, l.errorf("want an escape")
	}
	l.at++
	r, err := l.hex(digits)
	if err == nil && c == 'u' && utf16.IsSurrogate(r) && strings.HasPrefix(l.text[l.at:], `\u`) {
		l.at += 2
		var low rune
		low, err = l.hex(4)
		r = utf16.DecodeRune(r, low)
	}
	if err == nil && (!utf8.ValidRune(r) || r == utf8.RuneError) {
		err = l.errorf("want the escape of a character")
	}
	return r, err
}

func (l *literal) hex(digits int) (rune, error) {
	n := uint64(0)
	var err error
	if l.at+digits <= len(l.text) {
		n, err = strconv.ParseUint(l.text[l.at:l.at+digits], 16, 31)
	}
	if err != nil || l.at+digits > len(l.text) {
		return 0, l.errorf("want %d digits from 0 to f", digits)
	}
	l.at += digits
	return rune(n), nil
}

// skip reads a value of any kind.
func (l *literal) skip(depth int) error {
	open := l.next()
	if closing(open) == 0 {
		_, _, err := l.scalar()
		return err
	}
	if depth == maxDepth {
		return l.errorf("want at most %d brackets in each other", maxDepth)
	}
	return l.items(func() error {
		if open == '{' {
			if _, err := l.key(); err != nil {
				return err
			}
		}
		return l.skip(depth + 1)
	})
}
