package render

import (
	"image"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// chain is a face of several fonts: each character is set by the first that has it,
// or as the first font's box where none has.
type chain struct {
	font.Face         // the Go font
	more      []*lent // for what it lacks
	has       map[rune]int
}

// lent is a font of others at one size.
type lent struct {
	font *Font
	face font.Face
	em   fixed.Int26_6
}

const (
	goFont  = -1
	nothing = -2 // not drawn
)

// newChain returns the face of a size in pixels an em.
func newChain(first font.Face, fonts []*Font, size float64) (*chain, error) {
	c := &chain{Face: first, has: map[rune]int{}}
	for _, f := range fonts {
		face, err := opentype.NewFace(f.outfit, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, err
		}
		c.more = append(c.more, &lent{f, face, fixed.Int26_6(size * 64)})
	}
	return c, nil
}

// of returns the number of the font that sets a character.
func (c *chain) of(r rune) int {
	if i, known := c.has[r]; known {
		return i
	}
	i := goFont
	if _, ok := c.Face.GlyphAdvance(r); !ok {
		if widthless(r) {
			i = nothing
		} else {
			for k, l := range c.more {
				if l.sets(r) {
					i = k
					break
				}
			}
		}
	}
	c.has[r] = i
	return i
}

// lacks tells whether no font has a character.
func (c *chain) lacks(r rune) bool {
	if c.of(r) != goFont {
		return false
	}
	_, ok := c.Face.GlyphAdvance(r)
	return !ok
}

// widthless tells whether a character only says how others are to be drawn.
func widthless(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == combiningGraphemeJoiner
}

const combiningGraphemeJoiner = '\u034f'

// begin takes the font for reading one glyph, until what it returns is called.
func (l *lent) begin() (end func()) {
	l.font.file.mu.Lock()
	l.font.allow()
	return l.font.file.mu.Unlock
}

// sets tells whether the font has a glyph of sensible size for a character: one
// within four ems of its place, so that no font can make a figure take all memory.
func (l *lent) sets(r rune) bool {
	defer l.begin()()
	b, advance, ok := l.face.GlyphBounds(r)
	far := 4 * l.em
	return ok && advance >= 0 && advance <= far &&
		b.Min.X >= -far && b.Min.Y >= -far && b.Max.X <= far && b.Max.Y <= far && b.Min.X <= b.Max.X && b.Min.Y <= b.Max.Y
}

// Glyph is for package font.
func (c *chain) Glyph(dot fixed.Point26_6, r rune) (image.Rectangle, image.Image, image.Point, fixed.Int26_6, bool) {
	switch i := c.of(r); i {
	case goFont:
		return c.Face.Glyph(dot, r)
	case nothing:
		return image.Rectangle{}, image.NewAlpha(image.Rectangle{}), image.Point{}, 0, true
	default:
		l := c.more[i]
		defer l.begin()()
		return l.face.Glyph(dot, r)
	}
}

// GlyphAdvance is for package font.
func (c *chain) GlyphAdvance(r rune) (fixed.Int26_6, bool) {
	switch i := c.of(r); i {
	case goFont:
		return c.Face.GlyphAdvance(r)
	case nothing:
		return 0, true
	default:
		l := c.more[i]
		defer l.begin()()
		return l.face.GlyphAdvance(r)
	}
}

// GlyphBounds is for package font.
func (c *chain) GlyphBounds(r rune) (fixed.Rectangle26_6, fixed.Int26_6, bool) {
	switch i := c.of(r); i {
	case goFont:
		return c.Face.GlyphBounds(r)
	case nothing:
		return fixed.Rectangle26_6{}, 0, true
	default:
		l := c.more[i]
		defer l.begin()()
		return l.face.GlyphBounds(r)
	}
}

// Kern is for package font: only letters of the Go font are kerned.
func (c *chain) Kern(r0, r1 rune) fixed.Int26_6 {
	if c.of(r0) == goFont && c.of(r1) == goFont {
		return c.Face.Kern(r0, r1)
	}
	return 0
}
