package render

import (
	"image"
	"image/color"
	"image/draw"
)

// footer is the caption of a figure and the scale of its colours: side by
// side where there is room, else one under the other.
type footer struct {
	lines  []string
	top    int
	height int
	bar    image.Rectangle // empty: no scale
}

const low, high = "low", "high"

// newFooter lays out the footer of pictures that end at bottom, inner pixels
// wide.
func (l *layout) newFooter(caption string, heats bool, bottom, inner int) footer {
	if caption == "" {
		return footer{}
	}
	f := footer{top: bottom + l.px(10)}
	space, line := l.px(8), l.text.line()
	words := l.text.width(low) + l.text.width(high) + 2*space
	bar := min(l.px(140), inner-words)
	beside := inner
	if heats && bar >= l.px(20) {
		beside -= bar + words + 3*space
	} else {
		bar = 0
	}
	f.lines = l.text.wrap(caption, beside)
	barLine := 0
	if bar > 0 && (len(f.lines) > 1 || beside < inner/3) {
		f.lines = l.text.wrap(caption, inner)
		barLine = len(f.lines) - 1
		if l.text.width(f.lines[barLine]) > beside {
			barLine++
		}
	}
	rows := len(f.lines)
	if bar > 0 {
		rows = max(rows, barLine+1)
		right := l.margin + inner - l.text.width(high) - space
		baseline := f.top + barLine*line + l.text.ascent
		f.bar = image.Rect(right-bar, baseline-l.text.capital, right, baseline)
	}
	f.height = f.top + rows*line - bottom
	return f
}

// drawFooter writes the caption and draws the scale of the colours.
func (l *layout) drawFooter(fig *image.RGBA) {
	f := &l.footer
	for i, s := range f.lines {
		l.text.draw(fig, l.margin, f.top+i*l.text.line()+l.text.ascent, s, ink)
	}
	if f.bar.Empty() {
		return
	}
	for x := range f.bar.Dx() {
		c := l.cmap[x*255/max(f.bar.Dx()-1, 1)]
		column := image.Rect(f.bar.Min.X+x, f.bar.Min.Y, f.bar.Min.X+x+1, f.bar.Max.Y)
		draw.Draw(fig, column, image.NewUniform(color.RGBA{c[0], c[1], c[2], 255}), image.Point{}, draw.Src)
	}
	space := l.px(8)
	l.text.draw(fig, f.bar.Min.X-space-l.text.width(low), f.bar.Max.Y, low, ink)
	l.text.draw(fig, f.bar.Max.X+space, f.bar.Max.Y, high, ink)
}

// drawHeading writes the heading over the pictures.
func (l *layout) drawHeading(fig *image.RGBA) {
	for i, s := range l.headings {
		l.heading.draw(fig, l.margin, l.margin+i*l.heading.line()+l.heading.ascent, s, ink)
	}
}
