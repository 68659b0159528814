package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
)

// ScreeOptions says how a scree plot looks.
type ScreeOptions struct {
	Title string
	// Width and Height of the figure in pixels. Default: 1000 x 700.
	Width, Height int
	// Palette gives the two colours. Default: Tableau.
	Palette Palette
	// Fonts set what the Go font lacks in Figure.Image, the first that has a character.
	Fonts []*Font
}

// Scree draws the explained variance ratio of each principal component as a
// bar, and their sum up to each component as a line. It returns an error when
// there are no ratios, one is not in [0, 1] or they sum to more than 1.
func Scree(ratios []float64, opt ScreeOptions) (*Figure, error) {
	if len(ratios) == 0 {
		return nil, errors.New("render: no explained variance to draw")
	}
	sums := make([]float64, len(ratios))
	sum := 0.0
	for i, r := range ratios {
		if !(r >= 0 && r <= 1+1e-9) {
			return nil, fmt.Errorf("render: explained variance ratio %d is %v, not in [0, 1]", i, r)
		}
		sum += r
		sums[i] = sum
	}
	if sum > 1+1e-6 {
		return nil, fmt.Errorf("render: explained variance ratios sum to %v, more than 1", sum)
	}
	if opt.Width == 0 {
		opt.Width = 1000
	}
	if opt.Height == 0 {
		opt.Height = 700
	}
	if err := checkSize(opt.Width, opt.Height); err != nil {
		return nil, err
	}
	colours, err := opt.Palette.colours(2)
	if err != nil {
		return nil, err
	}
	title := oneLine(opt.Title)
	fonts, err := typefaceFor(opt.Fonts, title)
	if err != nil {
		return nil, err
	}
	bars := marker{shape: square, radius: 5, color: colours[0], alpha: 1}
	line := marker{radius: 3.5, color: colours[1], alpha: 1}
	l := newLegend([]entry{{"each component", bars}, {"cumulative", line}}, fonts, opt.Height)
	a := &axes{
		title: title, xLabel: "principal component", yLabel: "explained variance ratio",
		x: span{0.4, float64(len(ratios)) + 0.6}, y: span{0, 1.04},
	}
	if err := a.layout(fonts, opt.Width, opt.Height, l.width(), false, true); err != nil {
		return nil, err
	}
	return &Figure{Width: opt.Width, Height: opt.Height, fonts: fonts, paint: func(c canvas) {
		a.grid(c)
		drawBars(c, a, ratios, bars, fonts)
		at := make([]pt, len(sums))
		for i, s := range sums {
			at[i] = a.place(float64(i+1), s)
		}
		c.line(at, 2, line.color)
		if len(at) <= a.box.Dx()/14 { // where they lie apart
			c.markers(line, at)
		}
		a.draw(c, fonts)
		l.draw(c, a.box.Max.X, a.box.Min.Y)
	}}, nil
}

// drawBars draws a bar for each ratio, and its value where there is room.
func drawBars(c canvas, a *axes, ratios []float64, m marker, fonts *typeface) {
	pitch := float64(a.box.Dx()) / (a.x.hi - a.x.lo)
	width := min(0.8*pitch, 120)
	if pitch < 3 {
		width = pitch
	}
	for i, r := range ratios {
		mid := a.placeX(float64(i + 1))
		bar := image.Rect(int(math.Round(mid-width/2)), int(math.Round(a.placeY(r))), int(math.Round(mid+width/2)), a.box.Max.Y)
		bar.Max.X = max(bar.Max.X, bar.Min.X+1)
		c.rect(bar, m.color)
		value := strconv.FormatFloat(r, 'f', 3, 64)
		if pitch < float64(fonts[tickText].width(value)+4) {
			continue
		}
		style, base := textStyle{size: tickText, anchor: middle, color: ink}, bar.Min.Y-5
		if i == 0 { // above it, the line of the sums begins
			base = bar.Min.Y + 8 + fonts[tickText].ascent
			style.color = color.RGBA{255, 255, 255, 255}
			if bar.Dy() < 30 {
				continue
			}
		}
		c.text(pt{mid, float64(base)}, value, style)
	}
}
