package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxClassFile is the size in bytes of the longest file of class names that
// [ParseClassNames] takes.
const MaxClassFile = 1 << 22

// maxClasses bounds the number of class names; ImageNet-21k has 21,841.
const maxClasses = 1 << 16

// ParseClassNames reads a file of class names, in the order of their numbers. It may
// hold
//
//   - a name a line, with any line ends, or one line with commas between;
//   - a list as JSON or Python write it: ["cat", "dog"];
//   - a map of numbers from 0 on to names: {"0": "cat"}, {0: 'cat'}, or, as in
//     Keras's imagenet_class_index.json, {"0": ["n01440764", "tench"]}, of which the
//     last text is the name;
//   - a map of names to such numbers, as torchvision's class_to_idx: {"cat": 0};
//   - such a map or list in a map, as id2label in Hugging Face's config.json.
//
// A name may be that of several classes, as ImageNet's crane and maillot are. The
// text may be UTF-8, with or without a byte order mark, UTF-16 of either order, or
// Latin-1, for which every text passes that is nothing else: encoding says what
// was taken ("UTF-8", "UTF-16LE", "UTF-16BE" or "Latin-1"). Errors say where
// the text is otherwise.
func ParseClassNames(content []byte) (names []string, encoding string, err error) {
	if len(content) > MaxClassFile {
		return nil, "", fmt.Errorf("%d bytes are too many for class names, want at most %d", len(content), MaxClassFile)
	}
	text, encoding, err := decodeText(content)
	if err != nil {
		return nil, "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		return nil, "", errors.New("it is empty, want class names")
	}
	if isLiteral(text) {
		l := &literal{text: text}
		if names, err = l.classes(); err == nil && l.next() != 0 {
			err = l.errorf("want nothing more")
		}
	} else {
		names, err = classLines(text)
	}
	if err != nil {
		return nil, "", err
	}
	return names, encoding, nil
}

// isLiteral tells a list or map from lines of which the first begins with a bracket,
// as [unknown].
func isLiteral(text string) bool {
	if text[0] != '[' && text[0] != '{' && text[0] != '(' {
		return false
	}
	l := &literal{text, 1}
	c := l.next()
	return c == 0 || c < 0x80 && strings.IndexByte(`"'[({])}-0123456789`, c) >= 0 || strings.HasPrefix(text[l.at:], "u'") || strings.HasPrefix(text[l.at:], `u"`)
}

// lines calls line with each line of a text, whatever its ends are.
func lines(text string, line func(number int, text string) error) error {
	for number := 1; ; number++ {
		end := strings.IndexAny(text, "\r\n")
		if end < 0 {
			return line(number, text)
		}
		if err := line(number, text[:end]); err != nil {
			return err
		}
		if strings.HasPrefix(text[end:], "\r\n") {
			end++
		}
		text = text[end+1:]
	}
}

// classLines are the names of a trimmed text of lines, or of one with commas.
func classLines(text string) ([]string, error) {
	if !strings.ContainsAny(text, "\r\n") && strings.Contains(text, ",") {
		text = strings.ReplaceAll(text, ",", "\n")
	}
	count := 0
	lines(text, func(int, string) error { count++; return nil })
	if count > maxClasses {
		return nil, fmt.Errorf("%d class names, want at most %d", count, maxClasses)
	}
	names := make([]string, 0, count)
	err := lines(text, func(number int, line string) error {
		if line = strings.TrimSpace(line); line == "" {
			return fmt.Errorf("class name %d is empty", number)
		}
		names = append(names, line)
		return nil
	})
	return names, err
}

// classKeys are keys under which files of more than class names have them, the
// surest first.
var classKeys = []string{"id2label", "idx_to_class", "class_to_idx", "label2id", "class_names", "classes", "names", "labels"}

// classes reads the names of a list or map.
func (l *literal) classes() ([]string, error) {
	if l.next() != '{' {
		return l.classList()
	}
	// Once to see what it is, and once to take it.
	begin := l.at
	m, err := l.survey()
	end := l.at
	switch {
	case err != nil:
		return nil, err
	case m.inner < len(classKeys) && !m.numbers:
		l.at = m.at
		names, err := l.classes()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", classKeys[m.inner], err)
		}
		l.at = end
		return names, nil
	case m.count == 0 || m.count > maxClasses:
		return nil, fmt.Errorf("a map of %d class names, want 1 to %d", m.count, maxClasses)
	case !m.numbers && !m.indices:
		l.at = begin
		return nil, l.errorf(`want a map of numbers to names, as {"0": "cat"}, or of names to numbers, as {"cat": 0}`)
	}
	l.at = begin
	return l.classMap(m)
}

// survey is what a map turns out to be.
type survey struct {
	count            int
	numbers, indices bool // whether all keys, all values are whole numbers
	inner, at        int  // the surest of classKeys that there is, and where its value begins
}

// survey looks through a map.
func (l *literal) survey() (survey, error) {
	m := survey{numbers: true, indices: true, inner: len(classKeys)}
	err := l.items(func() error {
		key, err := l.key()
		if err != nil {
			return err
		}
		m.count++
		m.numbers = m.numbers && isNumber(key)
		if closing(l.next()) == 0 {
			text, _, err := l.scalar()
			m.indices = m.indices && isNumber(text)
			return err
		}
		m.indices = false
		if k := slices.Index(classKeys, key); k >= 0 && k < m.inner {
			m.inner, m.at = k, l.at
		}
		return l.skip(1)
	})
	return m, err
}

// classMap reads a map of numbers to names or of names to numbers.
func (l *literal) classMap(m survey) ([]string, error) {
	names, taken := make([]string, m.count), make([]bool, m.count)
	err := l.items(func() error {
		number, err := l.key()
		if err != nil {
			return err
		}
		name, err := l.className()
		if err != nil {
			return err
		}
		if !m.numbers {
			name, number = number, name
		}
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n < 0 || n >= m.count || taken[n] {
			why := ""
			if err == nil && n == m.count {
				why = "; do they count from 1?"
			}
			return fmt.Errorf("class number %.20s of %d classes, want each of 0 to %d once%s", number, m.count, m.count-1, why)
		}
		if names[n] = strings.TrimSpace(name); names[n] == "" {
			return fmt.Errorf("the name of class %d is empty", n)
		}
		taken[n] = true
		return nil
	})
	return names, err
}

// classList reads the names of a list.
func (l *literal) classList() ([]string, error) {
	begin, count := l.at, 0
	if err := l.items(func() error { count++; return l.skip(1) }); err != nil {
		return nil, err
	}
	if count == 0 || count > maxClasses {
		return nil, fmt.Errorf("a list of %d class names, want 1 to %d", count, maxClasses)
	}
	l.at = begin
	names := make([]string, 0, count)
	err := l.items(func() error {
		name, err := l.className()
		if err != nil {
			return err
		}
		if name = strings.TrimSpace(name); name == "" {
			return fmt.Errorf("the name of class %d is empty", len(names))
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// className reads a name, a number, or a list whose last item is the name.
func (l *literal) className() (string, error) {
	if open := l.next(); open == '[' || open == '(' {
		name, begin := "", l.at
		err := l.items(func() (err error) {
			name, err = l.word()
			return err
		})
		if err == nil && name == "" {
			l.at = begin
			err = l.errorf("want a name in the list")
		}
		return name, err
	}
	return l.word()
}

// word reads a text in quotes or a whole number.
func (l *literal) word() (string, error) {
	begin := l.at
	text, quoted, err := l.scalar()
	if err == nil && !quoted && !isNumber(text) {
		l.at = begin
		l.next()
		err = l.errorf("want a class name in quotes")
	}
	return text, err
}

// isNumber tells whether a text is a whole number.
func isNumber(text string) bool {
	_, err := strconv.Atoi(strings.TrimSpace(text))
	return err == nil
}
