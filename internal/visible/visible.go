// Package visible brings texts that others wrote, such as names of files and
// classes, to a form that can be printed on a terminal and drawn in a figure:
// nothing in them acts, hides or reorders what stands around.
package visible

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with what cannot be seen as Go's escapes: control characters and
// line breaks (\n, \x1b), marks of direction (\u202e), other characters without
// width that do more than join letters, and bytes that are no UTF-8 (\xff). A text
// that is visible already stays as it is, backslashes too: C:\new is a path.
func Text(s string) string {
	clean := 0 // bytes that can stay
	for clean < len(s) {
		r, size := utf8.DecodeRuneInString(s[clean:])
		if hidden(r, size) || joins(r) {
			break
		}
		clean += size
	}
	if clean == len(s) {
		return s
	}
	out := []byte(s[:clean])
	before := rune(0)
	if clean > 0 {
		before, _ = utf8.DecodeLastRuneInString(s[:clean])
	}
	for i := clean; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, s[i])
			r = 'x' // which is what stands there now
		case hidden(r, size), joins(r) && !joined(before):
			quoted := strconv.AppendQuoteRuneToASCII(nil, r)
			out = append(out, quoted[1:len(quoted)-1]...)
			r = 'x'
		default:
			out = append(out, s[i:i+size]...)
		}
		before = r
		i += size
	}
	return string(out)
}

// hidden tells whether a character is not to be seen, or is no character at all.
// Spaces of all widths are seen; characters newer than this build's tables may be.
func hidden(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		return true
	case joins(r), unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != combiningGraphemeJoiner
}

const combiningGraphemeJoiner = '\u034f'

// joins tells whether a character without width joins what stands before it to
// what follows, or keeps it apart, or picks its form: in Persian and Indian words,
// and in emoji.
func joins(r rune) bool {
	return r == '\u200c' || r == '\u200d' || unicode.Is(unicode.Variation_Selector, r)
}

// joined tells whether a character that joins makes sense after another one.
func joined(before rune) bool {
	return before >= 0x80 && !joins(before) && unicode.IsGraphic(before) || before == '\ufe0f'
}

// Most is how many names List lists.
const Most = 20

// longest is how many characters of a name List shows.
const longest = 60

// List lists names for a message: at most twenty of them, "a, b, c and 17 more",
// each visible and shortened.
func List(names []string) string {
	shown := make([]string, 0, Most)
	for _, name := range names[:min(len(names), Most)] {
		shown = append(shown, Short(name))
	}
	list := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// Modules is List for the modules of a network, the outermost first: layer4 is more
// often wanted than layer1.0.conv1.
func Modules(names []string) string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")) })
	return List(names)
}

// Short returns a name for a message: visible, and cut to sixty characters.
func Short(name string) string {
	n := 0
	for i := range name {
		if n++; n > longest {
			return Text(name[:i]) + "…"
		}
	}
	return Text(name)
}

// Message makes a message of one visible line, of at most some 2,000 bytes: of a
// longer one the middle is left out, as what to do stands at the end.
func Message(s string) string {
	const head, tail = 1200, 700
	if len(s) > head+tail+100 {
		from, to := head, len(s)-tail
		for !utf8.RuneStart(s[from]) && from > head-utf8.UTFMax {
			from--
		}
		for !utf8.RuneStart(s[to]) && to < len(s)-tail+utf8.UTFMax {
			to++
		}
		s = fmt.Sprintf("%s… (%d bytes) …%s", s[:from], to-from, s[to:])
	}
	return Text(s)
}
