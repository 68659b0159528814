package render

import (
	"cmp"
	"slices"
	"unicode"
)

// leftToRight returns the characters of a line as they stand from left to right: the
// letters of Hebrew and Arabic turned round, numbers and Latin words within them not.
// It is the part of the Unicode Bidirectional Algorithm (UAX #9, revision 50) that lines
// without marks of direction need: rules P2 and P3 of the paragraph, W1 to W7 with
// Go's categories for the classes, N0 to N2, I1 and I2, L1, L2 and L4.
func leftToRight(text string) string {
	if !hasRightToLeft(text) {
		return text
	}
	clusters := clustersOf(text)
	levels := levelsOf(clusters)
	// L2: from the highest level to the lowest odd one, turn what is as high.
	for level := slices.Max(levels); level > 0; level-- {
		for i := 0; i < len(levels); {
			j := i
			for j < len(levels) && levels[j] >= level {
				j++
			}
			slices.Reverse(clusters[i:j])
			slices.Reverse(levels[i:j])
			i = max(j, i+1)
		}
	}
	var out []rune
	for i, c := range clusters {
		if m, ok := mirrors[c[0]]; ok && levels[i]%2 == 1 {
			out = append(append(out, m), c[1:]...)
		} else {
			out = append(out, c...)
		}
	}
	return string(out)
}

// clustersOf splits a text into characters, each with the marks that belong to it,
// which stay behind it (L3).
func clustersOf(text string) [][]rune {
	var out [][]rune
	for _, r := range text {
		if n := len(out) - 1; n >= 0 && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			out[n] = append(out[n], r)
		} else {
			out = append(out, []rune{r})
		}
	}
	return out
}

// direction is the class of a character in the algorithm, of those that matter here.
type direction int

const (
	neutral direction = iota
	left
	right
	european   // a digit
	arabic     // a digit of Arabic
	separator  // between digits
	terminator // beside digits
)

var rightToLeft = []*unicode.RangeTable{
	unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan, unicode.Mandaic,
	unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Mende_Kikakui,
}

func hasRightToLeft(text string) bool {
	for _, r := range text {
		if r >= 0x590 && unicode.In(r, rightToLeft...) {
			return true
		}
	}
	return false
}

// isArabic tells whether digits after a letter count as Arabic's (W2).
func isArabic(r rune) bool { return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Thaana) }

func directionOf(r rune) direction {
	switch {
	case r >= '0' && r <= '9', r >= 0x6f0 && r <= 0x6f9:
		return european
	case r >= 0x660 && r <= 0x669:
		return arabic
	case r == '.' || r == ',' || r == ':' || r == '/' || r == '\u00a0' || r == '+' || r == '-':
		return separator
	case r == '%' || r == '#' || r == '°' || unicode.Is(unicode.Sc, r):
		return terminator
	case unicode.In(r, rightToLeft...) && unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S):
		return right
	case unicode.In(r, unicode.L, unicode.N, unicode.Mc):
		return left
	}
	return neutral
}

// levelsOf are the levels of a line: odd ones run from right to left.
func levelsOf(clusters [][]rune) []int {
	classes := make([]direction, len(clusters))
	base, found := 0, false
	numbers := european // of the last strong letter (W2)
	for i, c := range clusters {
		d := directionOf(c[0])
		if !found && (d == left || d == right) { // P2, P3
			found = true
			if d == right {
				base = 1
			}
		}
		switch {
		case d == left || d == right:
			numbers = european
			if d == right && isArabic(c[0]) {
				numbers = arabic
			}
		case d == european:
			d = numbers
		}
		classes[i] = d
	}
	resolveNumbers(clusters, classes, base)
	resolveBrackets(clusters, classes, base)
	resolveNeutral(classes, base)
	levels := make([]int, len(classes))
	for i, d := range classes {
		levels[i] = base
		switch { // I1, I2
		case d == right:
			levels[i] = 1
		case d == left:
			levels[i] = 2 * base
		case d == european || d == arabic:
			levels[i] = 2
		}
	}
	for i := len(levels) - 1; i >= 0 && clusters[i][0] == ' '; i-- { // L1
		levels[i] = base
	}
	return levels
}

// resolveNumbers follows W4 to W7: separators between digits and signs beside them
// belong to the number, and numbers after left-to-right letters are such letters.
func resolveNumbers(clusters [][]rune, classes []direction, base int) {
	for i := 1; i < len(classes)-1; i++ {
		r := clusters[i][0]
		before, after := classes[i-1], classes[i+1]
		if classes[i] != separator || before != after {
			continue
		}
		if before == european || before == arabic && r != '+' && r != '-' {
			classes[i] = before
		}
	}
	for i, d := range classes {
		if d != terminator {
			continue
		}
		j := i
		for j < len(classes) && classes[j] == terminator {
			j++
		}
		if i > 0 && classes[i-1] == european || j < len(classes) && classes[j] == european {
			for k := i; k < j; k++ {
				classes[k] = european
			}
		}
	}
	last := left
	if base == 1 {
		last = right
	}
	for i, d := range classes {
		switch {
		case d == left || d == right:
			last = d
		case d == european && last == left:
			classes[i] = left
		case d == separator || d == terminator:
			classes[i] = neutral
		}
	}
}

// resolveBrackets follows N0: a pair of brackets has the direction of the paragraph
// where there is any such letter within; else that of what is within, where what is
// before the pair has it too.
func resolveBrackets(clusters [][]rune, classes []direction, base int) {
	paragraph, other := left, right
	if base == 1 {
		paragraph, other = right, left
	}
	for _, pair := range bracketPairs(clusters, classes) {
		within := neutral
		for i := pair[0] + 1; i < pair[1] && within != paragraph; i++ {
			if d := strong(classes[i]); d != neutral {
				within = d
			}
		}
		if within == neutral {
			continue
		}
		d := paragraph
		if within == other {
			for i := pair[0] - 1; i >= 0; i-- {
				if before := strong(classes[i]); before != neutral {
					d = before
					break
				}
			}
		}
		classes[pair[0]], classes[pair[1]] = d, d
	}
}

// bracketPairs returns the places of the brackets that belong together (BD16), in the
// order in which they open.
func bracketPairs(clusters [][]rune, classes []direction) (pairs [][2]int) {
	var open []int
	for i, c := range clusters {
		if classes[i] != neutral {
			continue
		}
		switch r := c[0]; r {
		case '(', '[', '{':
			if len(open) == 63 { // as BD16 has it
				return nil
			}
			open = append(open, i)
		case ')', ']', '}':
			for k := len(open) - 1; k >= 0; k-- {
				if mirrors[clusters[open[k]][0]] == r {
					pairs = append(pairs, [2]int{open[k], i})
					open = open[:k]
					break
				}
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	return pairs
}

// strong is the direction that a class has for what is neutral: numbers run as
// right-to-left letters do.
func strong(d direction) direction {
	switch d {
	case left:
		return left
	case right, european, arabic:
		return right
	}
	return neutral
}

// resolveNeutral follows N1 and N2: what stands between letters of one direction has
// it too, numbers counting as right to left; the rest has the paragraph's.
func resolveNeutral(classes []direction, base int) {
	paragraph := left
	if base == 1 {
		paragraph = right
	}
	side := func(i int) direction {
		if i < 0 || i >= len(classes) {
			return paragraph
		}
		return strong(classes[i])
	}
	for i := 0; i < len(classes); i++ {
		if classes[i] != neutral {
			continue
		}
		j := i
		for j < len(classes) && classes[j] == neutral {
			j++
		}
		d := paragraph
		if before := side(i - 1); before == side(j) {
			d = before
		}
		for ; i < j; i++ {
			classes[i] = d
		}
	}
}

// mirrors are the signs that are turned where lines run from right to left (L4).
var mirrors = map[rune]rune{'(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«', '‹': '›', '›': '‹'}
