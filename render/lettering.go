package render

import (
	"slices"
	"strings"
	"unicode"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// oneLine makes a heading one visible line: line breaks and tabs are spaces.
func oneLine(s string) string { return visible.Text(strings.Join(strings.Fields(s), " ")) }

// needed returns the fonts that set any character of texts: the others must not
// change how a figure looks.
func needed(fonts []*Font, texts []string) ([]*Font, error) {
	if len(fonts) == 0 {
		return nil, nil
	}
	w, err := newWriter(16, fonts...)
	if err != nil {
		return nil, err
	}
	used := make([]bool, len(fonts))
	for _, text := range texts {
		for _, r := range text {
			if i := w.face.of(r); i >= 0 {
				used[i] = true
			}
		}
	}
	var out []*Font
	for i, f := range fonts {
		if used[i] {
			out = append(out, f)
		}
	}
	return out, nil
}

// Missing returns the characters of texts that neither the Go font nor any of fonts
// has, each once: a figure in pixels shows a box for each of them. In SVG the reader's
// fonts set them.
func Missing(fonts []*Font, texts ...string) []rune {
	w, err := newWriter(16, fonts...)
	if err != nil {
		return nil
	}
	var missing []rune
	seen := map[rune]bool{}
	for _, text := range texts {
		for _, r := range visible.Text(text) {
			if !seen[r] && w.face.lacks(r) {
				missing = append(missing, r)
			}
			seen[r] = true
		}
	}
	return missing
}

// shaped are the scripts whose letters take their form and place from those around
// them, by rules that are in the fonts and that are not followed here.
var shaped = []string{
	"Arabic", "Bengali", "Devanagari", "Gujarati", "Gurmukhi", "Kannada", "Khmer", "Malayalam", "Mongolian", "Myanmar",
	"Nko", "Oriya", "Sinhala", "Syriac", "Tamil", "Telugu", "Tibetan",
}

// Unshaped returns the scripts in texts, by their names in Unicode, that figures in
// pixels do not set as their readers expect even with a font: Arabic's letters stand
// unjoined, those of Devanagari and other scripts of India side by side. In SVG the
// reader's program joins them.
func Unshaped(texts ...string) []string {
	var out []string
	for _, name := range shaped {
		table := unicode.Scripts[name]
		if slices.ContainsFunc(texts, func(s string) bool {
			return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(table, r) })
		}) {
			out = append(out, name)
		}
	}
	return out
}
