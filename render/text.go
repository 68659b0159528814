package render

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var regular = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

// writer draws text of one size. It is not safe for concurrent use.
type writer struct {
	face            font.Face
	ascent, descent int // pixels
}

// newWriter returns a writer of the Go font at a size in pixels.
func newWriter(size float64) (*writer, error) {
	f, err := regular()
	if err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("render: font: %w", err)
	}
	m := face.Metrics()
	return &writer{face, m.Ascent.Ceil(), m.Descent.Ceil()}, nil
}

// width is how many pixels a text takes.
func (w *writer) width(text string) int { return font.MeasureString(w.face, text).Ceil() }

// fit shortens a text with an ellipsis until it is at most width pixels wide.
func (w *writer) fit(text string, width int) string {
	if w.width(text) <= width {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n > 0; n-- {
		if short := string(runes[:n]) + "…"; w.width(short) <= width {
			return short
		}
	}
	return ""
}

// draw writes a text with its left end and its baseline at (x, y).
func (w *writer) draw(dst draw.Image, x, y int, text string, c color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: w.face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}
