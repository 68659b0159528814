package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

// Cell is one picture of a Grid.
type Cell struct {
	Base  image.Image // drawn in gray under the heat map, in colour without one
	Heat  []uint8     // one byte a pixel of Base, row-major; nil: none
	Title string      // in a white box; empty: none
	Wrong bool        // the title is red
}

// GridOptions says how a Grid looks. The zero value is the notebook's figure.
type GridOptions struct {
	// Cols is the number of pictures in a row. Default: 10.
	Cols int
	// Alpha is the opacity of the heat maps, 0 to 1. Default (nil): 0.4.
	Alpha *float64
	// Colormap colours the heat maps. Default: Jet.
	Colormap *Colormap
	// CellSize is the longer side of each picture in the figure, in pixels.
	// Default: 160.
	CellSize int
	// Caption is a line under the pictures, beside the scale of the colours.
	// Empty: neither.
	Caption string
}

const (
	cellGap  = 6  // pixels between pictures
	margin   = 14 // around the figure
	textSize = 14 // pixels an em
	boxPad   = 4  // white around a title
	barWidth = 140
)

var (
	titleRed = color.RGBA{214, 0, 0, 255}
	darkText = color.RGBA{40, 40, 40, 255}
)

// Grid draws pictures in rows: each in gray under its heat map, its title in a
// white box, red where it is wrong. Pictures of any size are scaled into equal
// cells and keep their shape. It returns an error when there are no pictures,
// a heat map does not fit its picture, or the figure would be larger than
// 32768 pixels a side or 2^28 pixels.
func Grid(cells []Cell, opt GridOptions) (*image.RGBA, error) {
	if len(cells) == 0 {
		return nil, errors.New("render: no pictures to draw")
	}
	alpha := 0.4
	if opt.Alpha != nil {
		alpha = *opt.Alpha
	}
	if opt.Cols == 0 {
		opt.Cols = 10
	}
	if opt.CellSize == 0 {
		opt.CellSize = 160
	}
	if opt.Cols < 1 || opt.CellSize < 16 || opt.CellSize > 4096 {
		return nil, fmt.Errorf("render: %d columns of %d pixels", opt.Cols, opt.CellSize)
	}
	cols := min(opt.Cols, len(cells))
	rows := (len(cells) + cols - 1) / cols
	cellW, cellH, err := cellSides(cells, opt.CellSize)
	if err != nil {
		return nil, err
	}
	footer := 0
	if opt.Caption != "" {
		footer = 34
	}
	width := 2*margin + cols*(cellW+cellGap) - cellGap
	height := 2*margin + rows*(cellH+cellGap) - cellGap + footer
	if width > maxSide || height > maxSide || width*height > 1<<28 {
		return nil, fmt.Errorf("render: a figure of %d x %d pixels is too large", width, height)
	}
	text, err := newWriter(textSize)
	if err != nil {
		return nil, err
	}
	fig := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(fig, fig.Bounds(), image.White, image.Point{}, draw.Src)
	for i, c := range cells {
		x := margin + i%cols*(cellW+cellGap)
		y := margin + i/cols*(cellH+cellGap)
		if err := c.draw(fig, image.Rect(x, y, x+cellW, y+cellH), text, alpha, opt.Colormap); err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
	}
	if opt.Caption != "" {
		caption(fig, text, opt)
	}
	return fig, nil
}

// cellSides returns the sides of a cell: those of the pictures when they all
// have one shape, else a square.
func cellSides(cells []Cell, side int) (w, h int, err error) {
	for i, c := range cells {
		if c.Base == nil || c.Base.Bounds().Empty() {
			return 0, 0, fmt.Errorf("render: picture %d is empty", i)
		}
		cw, ch := fitInto(c.Base.Bounds(), side, side)
		if i == 0 {
			w, h = cw, ch
		} else if cw != w || ch != h {
			return side, side, nil
		}
	}
	return w, h, nil
}

// fitInto scales a rectangle into w x h pixels, keeping its shape.
func fitInto(b image.Rectangle, w, h int) (int, int) {
	s := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
	return max(1, int(math.Round(s*float64(b.Dx())))), max(1, int(math.Round(s*float64(b.Dy()))))
}

// draw draws one picture into the middle of its cell.
func (c Cell) draw(fig *image.RGBA, cell image.Rectangle, text *writer, alpha float64, cmap *Colormap) error {
	b := c.Base.Bounds()
	w, h := fitInto(b, cell.Dx(), cell.Dy())
	at := cell.Min.Add(image.Pt((cell.Dx()-w)/2, (cell.Dy()-h)/2))
	place := image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
	scaled := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(scaled, scaled.Bounds(), c.Base, b, xdraw.Src, nil)
	if c.Heat != nil {
		heat, err := Resize(c.Heat, b.Dx(), b.Dy(), w, h)
		if err != nil {
			return err
		}
		if scaled, err = Overlay(GrayOf(scaled), heat, cmap, alpha); err != nil {
			return err
		}
	}
	draw.Draw(fig, place, scaled, image.Point{}, draw.Src)
	if c.Title == "" {
		return nil
	}
	ink := color.Color(color.Black)
	if c.Wrong {
		ink = titleRed
	}
	title := text.fit(c.Title, cell.Dx()-4*boxPad)
	corner := cell.Min.Add(image.Pt(boxPad, boxPad))
	box := image.Rect(0, 0, text.width(title)+2*boxPad, text.ascent+text.descent+boxPad).Add(corner)
	draw.Draw(fig, box.Intersect(cell), image.White, image.Point{}, draw.Src)
	text.draw(fig, corner.X+boxPad, corner.Y+boxPad/2+text.ascent, title, ink)
	return nil
}

// caption writes the line under the pictures and, at its right end, the scale
// of the colours.
func caption(fig *image.RGBA, text *writer, opt GridOptions) {
	cmap := opt.Colormap
	if cmap == nil {
		cmap = &Jet
	}
	baseline := fig.Rect.Dy() - margin - 4
	const low, high = "low", "high"
	right := fig.Rect.Dx() - margin
	x := right - text.width(high)
	text.draw(fig, x, baseline, high, darkText)
	x -= 8 + barWidth
	for i := range barWidth {
		c := cmap[i*255/(barWidth-1)]
		bar := image.Rect(x+i, baseline-11, x+i+1, baseline+1)
		draw.Draw(fig, bar, image.NewUniform(color.RGBA{c[0], c[1], c[2], 255}), image.Point{}, draw.Src)
	}
	x -= 8 + text.width(low)
	text.draw(fig, x, baseline, low, darkText)
	text.draw(fig, margin, baseline, text.fit(opt.Caption, x-2*margin), darkText)
}
