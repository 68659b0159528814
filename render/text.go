package render

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var regular = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

// writer measures and draws text of one size. It is not safe for
// concurrent use.
type writer struct {
	face            *chain
	ascent, descent int // pixels that accents and tails need
	capital         int // height of a capital letter in pixels
}

// newWriter returns a writer of the Go font at a size in pixels an em, and of others
// for what that lacks.
func newWriter(size float64, more ...*Font) (*writer, error) {
	f, err := regular()
	if err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	c, err := newChain(face, more, size)
	if err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	m := face.Metrics()
	w := &writer{c, m.Ascent.Ceil(), m.Descent.Ceil(), m.CapHeight.Round()}
	for _, l := range c.more { // what others need above and below, within reason
		m := l.face.Metrics()
		w.ascent = max(w.ascent, min(m.Ascent, l.em*3/2).Ceil())
		w.descent = max(w.descent, min(m.Descent, l.em*3/4).Ceil())
	}
	return w, nil
}

// line is the distance of baselines in pixels.
func (w *writer) line() int { return w.ascent + w.descent }

// width is how many pixels a text takes.
func (w *writer) width(text string) int {
	n, _ := w.within(text, fixed.Int26_6(1<<31-1))
	return n.Ceil()
}

// fit shortens a text with an ellipsis until it is at most width pixels wide;
// it returns "" when not even one letter fits.
func (w *writer) fit(text string, width int) string {
	limit := fixed.I(max(width, 0))
	if _, n := w.within(text, limit); n == len(text) {
		return text
	}
	const ellipsis = "…"
	dots, _ := w.within(ellipsis, limit)
	_, n := w.within(text, limit-dots)
	// Kerning before the ellipsis could still make it a little too wide.
	for ; n > 0; n-- {
		if short := text[:n] + ellipsis; text[n]&0xC0 != 0x80 && w.width(short) <= width {
			return short
		}
	}
	return ""
}

// within returns the width of the longest prefix of a text that is at most
// limit wide, and its length in bytes. It looks no further.
func (w *writer) within(text string, limit fixed.Int26_6) (width fixed.Int26_6, bytes int) {
	last := rune(-1)
	for i, r := range text {
		advance, _ := w.face.GlyphAdvance(r)
		if last >= 0 {
			advance += w.face.Kern(last, r)
		}
		if advance > limit-width {
			return width, i
		}
		width += advance
		last = r
	}
	return width, len(text)
}

// wrap breaks a text into lines of at most width pixels, between words; a
// word that is longer than a line is shortened.
func (w *writer) wrap(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines) - 1; n >= 0 {
			if longer := lines[n] + " " + word; w.width(longer) <= width {
				lines[n] = longer
				continue
			}
		}
		lines = append(lines, w.fit(word, width))
	}
	return lines
}

// draw writes a text, which must be visible, with its left end and its baseline at (x, y).
func (w *writer) draw(dst draw.Image, x, y int, text string, c color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: w.face, Dot: fixed.P(x, y)}
	d.DrawString(leftToRight(text))
}
