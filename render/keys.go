package render

import "image/color"

// keys are a legend in one line, of lines.
type keys []key

type key struct {
	name  string
	color color.RGBA
}

const (
	keyLine = 26 // pixels of a line before its name
	keyGap  = 7  // between them
	keyNext = 28 // between a name and the next line
)

// widths returns where each key begins, and the width of all.
func (l keys) widths(fonts *typeface) (at []int, width int) {
	for _, k := range l {
		at = append(at, width)
		// A reader of an SVG may have a font that is wider by a seventh.
		text := fonts[labelText].width(k.name)
		width += keyLine + keyGap + text + text/6 + keyNext
	}
	return at, max(width-keyNext, 0)
}

// draw draws the keys with their upper left corner at (x, y).
func (l keys) draw(c canvas, fonts *typeface, x, y int) {
	at, _ := l.widths(fonts)
	w := fonts[labelText]
	base := float64(y + w.ascent)
	for i, k := range l {
		left := float64(x + at[i])
		middle := base - 0.36*labelText.pixels()
		c.line([]pt{{left, middle}, {left + keyLine, middle}}, 3, k.color)
		c.text(pt{left + keyLine + keyGap, base}, k.name, textStyle{size: labelText, color: ink})
	}
}
