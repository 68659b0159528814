package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// Cell is one picture of a Grid.
type Cell struct {
	Base image.Image // drawn in gray under the heat map, in colour without one
	Heat []uint8     // one byte a pixel of Base, row-major; nil: none
	// Color keeps the picture's colours under the heat map.
	Color bool
	// Title is written in a white box on the picture; empty: none.
	Title string
	Wrong bool   // the title is red
	Mark  *Point // a ring around this point of Base, such as the map's peak; nil: none
}

// Point is a place in an image in pixels: the upper left corner of the image
// is (0, 0), the centre of its first pixel (0.5, 0.5).
type Point struct{ X, Y float64 }

var (
	titleInk = color.RGBA{0, 0, 0, 255}
	wrongInk = color.RGBA{214, 0, 0, 255}
	boxEdge  = color.RGBA{130, 130, 130, 255}
)

// check returns an error unless the cell can be drawn.
func (c *Cell) check() error {
	if c.Base == nil {
		return errors.New("render: no image")
	}
	b := c.Base.Bounds()
	if err := checkSides(b.Dx(), b.Dy()); err != nil {
		return err
	}
	if c.Heat != nil && len(c.Heat) != b.Dx()*b.Dy() {
		return fmt.Errorf("render: a heat map of %d bytes does not fit an image of %d x %d pixels", len(c.Heat), b.Dx(), b.Dy())
	}
	if m := c.Mark; m != nil && !(m.X >= 0 && m.Y >= 0 && m.X <= float64(b.Dx()) && m.Y <= float64(b.Dy())) {
		return fmt.Errorf("render: a mark at (%g, %g) is outside an image of %d x %d pixels", m.X, m.Y, b.Dx(), b.Dy())
	}
	return nil
}

// drawPicture draws the picture over all of place: under its heat map in gray or in
// colour, or in colour alone.
func (c *Cell) drawPicture(fig *image.RGBA, place image.Rectangle, heated bool, alpha float64, cmap *Colormap) error {
	w, h := place.Dx(), place.Dy()
	if !heated {
		draw.Draw(fig, place, scale(c.Base, w, h), image.Point{}, draw.Src)
		return nil
	}
	b := c.Base.Bounds()
	heat, err := Resize(c.Heat, b.Dx(), b.Dy(), w, h)
	if err != nil {
		return err
	}
	mixed, err := c.overlay(w, h, heat, cmap, alpha)
	if err != nil {
		return err
	}
	draw.Draw(fig, place, mixed, image.Point{}, draw.Src)
	return nil
}

// overlay is the picture at w x h pixels under a heat map of that size.
func (c *Cell) overlay(w, h int, heat []uint8, cmap *Colormap, alpha float64) (*image.RGBA, error) {
	if c.Color {
		return OverlayColor(scale(c.Base, w, h), heat, cmap, alpha)
	}
	under, err := GrayOf(c.Base)
	if err != nil {
		return nil, err
	}
	if under.Rect.Size() != image.Pt(w, h) {
		wide := scale(under, w, h)
		under = image.NewGray(wide.Rect)
		for i := range under.Pix {
			under.Pix[i] = wide.Pix[4*i]
		}
	}
	return Overlay(under, heat, cmap, alpha)
}

// scale brings an image to w x h pixels on white, smoothly in both directions.
func scale(im image.Image, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	b := im.Bounds()
	if b.Size() == out.Rect.Size() {
		draw.Draw(out, out.Rect, im, b.Min, draw.Over)
	} else {
		xdraw.CatmullRom.Scale(out, out.Rect, im, b, xdraw.Over, nil)
	}
	return out
}

// markRadius is that of the ring around a mark, in pixels of the design.
const markRadius = 7

// drawMark draws the ring around the marked point of a picture at place:
// black around white, to be seen on every colour.
func (c *Cell) drawMark(fig *image.RGBA, place image.Rectangle, unit float64) {
	at := c.markAt(place)
	drawRing(fig, place, at, markRadius*unit, 4*unit, color.RGBA{0, 0, 0, 255})
	drawRing(fig, place, at, markRadius*unit, 2*unit, color.RGBA{255, 255, 255, 255})
}

// markAt returns where the marked point is in the figure.
func (c *Cell) markAt(place image.Rectangle) Point {
	b := c.Base.Bounds()
	return Point{
		float64(place.Min.X) + float64(c.Mark.X*float64(place.Dx())/float64(b.Dx())),
		float64(place.Min.Y) + float64(c.Mark.Y*float64(place.Dy())/float64(b.Dy())),
	}
}

// drawRing draws a circle's outline of a width, half of it on each side,
// within clip. A pixel is covered by as much of the line as reaches into it
// along the radius.
func drawRing(fig *image.RGBA, clip image.Rectangle, c Point, r, width float64, ink color.RGBA) {
	reach := r + width/2 + 1
	box := image.Rect(int(c.X-reach), int(c.Y-reach), int(c.X+reach)+1, int(c.Y+reach)+1).Intersect(clip)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			off := math.Abs(math.Hypot(float64(x)+0.5-c.X, float64(y)+0.5-c.Y) - r)
			cover := min(max(width/2+0.5-off, 0), 1)
			p := fig.Pix[fig.PixOffset(x, y):][:3]
			for ch, v := range [3]uint8{ink.R, ink.G, ink.B} {
				p[ch] = uint8(math.Round(float64(p[ch]) + float64(cover*(float64(v)-float64(p[ch])))))
			}
		}
	}
}

// titlePad is the space around a title and around its box, in pixels.
func titlePad(unit float64) int { return max(1, int(math.Round(4*unit))) }

// drawTitle writes the title into a white box, within cell, at the upper left
// of the first of its pictures, or at the lower left where the box would hide
// the mark. It takes the first of the fonts in which the title fits, or
// shortens it in the last.
func (c *Cell) drawTitle(fig *image.RGBA, cell image.Rectangle, places []image.Rectangle, fonts []*writer, unit float64) {
	pad := titlePad(unit)
	room := cell.Dx() - 4*pad
	title := visible.Text(c.Title)
	text, shown := fonts[0], ""
	for _, text = range fonts {
		if shown = text.fit(title, room); shown == title {
			break
		}
	}
	if shown == "" {
		return
	}
	box := image.Rect(0, 0, text.width(shown)+2*pad, text.line()+pad)
	left := min(places[0].Min.X+pad, cell.Max.X-pad-box.Dx())
	top := min(places[0].Min.Y+pad, cell.Max.Y-pad-box.Dy())
	bottom := places[0].Max.Y - pad - box.Dy()
	box = box.Add(image.Pt(left, top))
	if c.Mark != nil && c.hides(box, places, unit) && bottom > top {
		box = box.Add(image.Pt(0, bottom-top))
	}
	draw.Draw(fig, box, image.NewUniform(boxEdge), image.Point{}, draw.Src)
	draw.Draw(fig, box.Inset(max(1, int(unit))), image.White, image.Point{}, draw.Src)
	ink := titleInk
	if c.Wrong {
		ink = wrongInk
	}
	text.draw(fig, box.Min.X+pad, box.Min.Y+pad/2+text.ascent, shown, ink)
}

// hides tells whether a box covers any of the ring around the mark.
func (c *Cell) hides(box image.Rectangle, places []image.Rectangle, unit float64) bool {
	ring := int(math.Ceil((markRadius + 2) * unit))
	for _, place := range places {
		at := c.markAt(place)
		if image.Pt(int(at.X), int(at.Y)).In(box.Inset(-ring)) {
			return true
		}
	}
	return false
}
