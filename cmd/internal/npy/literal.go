package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// literal reads one Python literal as ast.literal_eval does: texts, numbers, True,
// False, None, tuples, lists and dicts of them. They become string, int64, bool, nil,
// []any (tuples and lists) and map[string]any.
type literal struct {
	text string // what is left
}

// parseLiteral returns the value of a text that holds one literal and white space.
func parseLiteral(text string) (any, error) {
	l := &literal{text}
	v, err := l.value(0)
	if err != nil {
		return nil, err
	}
	if l.space(); l.text != "" {
		return nil, fmt.Errorf("%.20q after the end", l.text)
	}
	return v, nil
}

// Bounds that keep what becomes of a header small.
const (
	maxDepth = 4
	maxItems = 100
)

func (l *literal) space() { l.text = strings.TrimLeft(l.text, " \t\r\n\f") }

// skip passes over a character, if it is the next one.
func (l *literal) skip(c byte) bool {
	l.space()
	if l.text == "" || l.text[0] != c {
		return false
	}
	l.text = l.text[1:]
	return true
}

func (l *literal) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("parentheses too deep")
	}
	switch {
	case l.skip('('):
		return l.items(')', depth)
	case l.skip('['):
		return l.items(']', depth)
	case l.skip('{'):
		return l.dict(depth)
	case l.text == "":
		return nil, errors.New("it ends early")
	}
	// A prefix of a text changes nothing for the few characters of a header.
	if len(l.text) > 1 && strings.ContainsRune("uUbBrR", rune(l.text[0])) && (l.text[1] == '\'' || l.text[1] == '"') {
		l.text = l.text[1:]
	}
	if quote := l.text[0]; quote == '\'' || quote == '"' {
		end := strings.IndexByte(l.text[1:], quote)
		if end < 0 || strings.ContainsAny(l.text[1:1+end], "\\\n") {
			return nil, fmt.Errorf("%.20q, expected a plain text", l.text)
		}
		s := l.text[1 : 1+end]
		l.text = l.text[2+end:]
		return s, nil
	}
	end := strings.IndexAny(l.text, " \t\r\n\f,:()[]{}")
	if end < 0 {
		end = len(l.text)
	}
	word := l.text[:end]
	l.text = l.text[end:]
	switch word {
	case "True":
		return true, nil
	case "False":
		return false, nil
	case "None":
		return nil, nil
	}
	// Python 2 wrote long integers as 120L.
	v, err := strconv.ParseInt(strings.TrimRight(word, "lL"), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("the number %.30s is out of range", word)
	}
	if err != nil {
		return nil, fmt.Errorf("%.20q, expected a literal", word)
	}
	return v, nil
}

// items reads the rest of a tuple or list. One without a comma, in parentheses, is
// its only item.
func (l *literal) items(end byte, depth int) (any, error) {
	out := []any{}
	comma := true
	for !l.skip(end) {
		if !comma {
			return nil, fmt.Errorf("%.20q, expected a comma", l.text)
		}
		if len(out) == maxItems {
			return nil, fmt.Errorf("more than %d items", maxItems)
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		comma = l.skip(',')
	}
	if end == ')' && len(out) == 1 && !comma {
		return out[0], nil
	}
	return out, nil
}

// dict reads the rest of a dict, whose keys are texts.
func (l *literal) dict(depth int) (any, error) {
	out := map[string]any{}
	comma := true
	for !l.skip('}') {
		if !comma {
			return nil, fmt.Errorf("%.20q, expected a comma", l.text)
		}
		if len(out) == maxItems {
			return nil, fmt.Errorf("more than %d items", maxItems)
		}
		k, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if !ok || !l.skip(':') {
			return nil, errors.New("a dict whose keys are no texts")
		}
		if out[key], err = l.value(depth + 1); err != nil {
			return nil, err
		}
		comma = l.skip(',')
	}
	return out, nil
}
