package render

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/visible"
)

// GridOptions says how a Grid looks. The zero value is the usual figure.
type GridOptions struct {
	// Cols is the number of pictures in a row. Default (0): 10.
	Cols int
	// Alpha is the opacity of the heat maps, 0 to 1. Default (nil):
	// DefaultAlpha.
	Alpha *float64
	// Colormap colours the heat maps. Default (nil): Jet.
	Colormap *Colormap
	// CellSize is the longer side of each picture in the figure, in pixels
	// before Scale, 32 to 4096. Default (0): 180.
	CellSize int
	// Scale enlarges the whole figure with its text, 0.5 to 8, as for screens
	// of high density. Default (0): 1.
	Scale float64
	// Originals puts each picture that has a heat map in colour to the left
	// of its map.
	Originals bool
	// Title is a heading over the figure. Empty: none.
	Title string
	// Caption is a line under the pictures, and beside it the scale of the
	// heat maps' colours. Empty: neither.
	Caption string
	// Fonts set what the Go font lacks, the first that has a character.
	Fonts []*Font
}

// maxPixels bounds the size of a figure.
const maxPixels = 100_000_000

// Grid draws pictures in rows: each in gray or colour under its heat map, its title in a
// white box, red where it is wrong. Pictures of any size are scaled into equal
// cells and keep their shape; a title too long for its cell ends in an
// ellipsis. It returns an error when there are no pictures, an image is empty,
// a heat map does not fit its image, an option is out of range, or the figure
// would have a side over 20,000 pixels or over 10^8 pixels. It stops with ctx's
// error when ctx ends, after the pictures that are being drawn.
func Grid(ctx context.Context, cells []Cell, opt GridOptions) (*image.RGBA, error) {
	l, err := newLayout(cells, opt)
	if err != nil {
		return nil, err
	}
	fig := image.NewRGBA(l.figure)
	draw.Draw(fig, fig.Rect, image.White, image.Point{}, draw.Src)
	errs := make([]error, len(cells))
	err = parallel.ForContext(ctx, len(cells), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			errs[i] = l.draw(fig, i, &cells[i])
		}
	})
	if err != nil {
		return nil, err
	}
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
	}
	for i := range cells {
		if cells[i].Title != "" {
			cell := l.cell(i)
			cells[i].drawTitle(fig, cell, l.places(cell, &cells[i]), l.titles, l.unit)
		}
	}
	l.drawHeading(fig)
	l.drawFooter(fig)
	return fig, nil
}

// layout is where the parts of a figure go, in pixels.
type layout struct {
	unit          float64 // pixels that one pixel of the design takes
	cols          int
	side          image.Point // of one picture's room
	gap           int
	across        int // pictures side by side in a cell: 2 with the originals
	alpha         float64
	cmap          *Colormap
	figure        image.Rectangle
	top           int // of the first row
	margin        int
	titles        []*writer // the fonts to try for titles, in this order
	heading, text *writer
	headings      []string
	footer        footer
}

// newLayout checks everything that Grid draws and finds the places.
func newLayout(cells []Cell, opt GridOptions) (*layout, error) {
	if len(cells) == 0 {
		return nil, errors.New("render: no pictures to draw")
	}
	l := &layout{unit: 1, cols: 10, across: 1, alpha: DefaultAlpha, cmap: opt.Colormap}
	size := 180
	if opt.Cols != 0 {
		l.cols = opt.Cols
	}
	if opt.CellSize != 0 {
		size = opt.CellSize
	}
	if opt.Scale != 0 {
		l.unit = opt.Scale
	}
	if opt.Alpha != nil {
		l.alpha = *opt.Alpha
	}
	if l.cmap == nil {
		l.cmap = &Jet
	}
	if opt.Originals {
		l.across = 2
	}
	if l.cols < 1 || size < 32 || size > 4096 || !(l.unit >= 0.5 && l.unit <= 8) {
		return nil, fmt.Errorf("render: a figure of %d columns of %d pixels at scale %v; want at least 1 column, 32 to 4096 pixels, scale 0.5 to 8", l.cols, size, l.unit)
	}
	if err := checkAlpha(l.alpha); err != nil {
		return nil, err
	}
	heats, titles := false, false
	for i := range cells {
		if err := cells[i].check(); err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		heats = heats || cells[i].Heat != nil
		titles = titles || cells[i].Title != ""
	}
	opt.Title, opt.Caption = oneLine(opt.Title), oneLine(opt.Caption)
	texts := []string{opt.Title, opt.Caption}
	for i := range cells {
		texts = append(texts, visible.Text(cells[i].Title))
	}
	if err := l.fonts(opt.Fonts, texts); err != nil {
		return nil, err
	}
	l.cols = min(l.cols, len(cells))
	l.gap, l.margin = l.px(6), l.px(14)
	l.side = room(cells, l.px(float64(size)))
	if titles { // flat or narrow pictures leave them some room
		l.side.X = max(l.side.X, l.px(float64(size))/2)
		l.side.Y = max(l.side.Y, l.titles[0].line()+3*titlePad(l.unit))
	}
	// Checked before they are multiplied, so that nothing overflows.
	rows := (len(cells) + l.cols - 1) / l.cols
	if l.cols > maxSide || rows > maxSide {
		return nil, tooLarge(l.cols*l.side.X, rows*l.side.Y)
	}
	inner := l.cols*(l.pitch()+l.gap) - l.gap
	l.top = l.margin
	if l.headings = l.heading.wrap(opt.Title, inner); len(l.headings) > 0 {
		l.top += len(l.headings)*l.heading.line() + l.px(4)
	}
	bottom := l.top + rows*(l.side.Y+l.gap) - l.gap
	l.footer = l.newFooter(opt.Caption, heats, bottom, inner)
	w, h := inner+2*l.margin, bottom+l.footer.height+l.margin
	if w > maxSide || h > maxSide || w*h > maxPixels {
		return nil, tooLarge(w, h)
	}
	l.figure = image.Rect(0, 0, w, h)
	return l, nil
}

func tooLarge(w, h int) error {
	return fmt.Errorf("render: a figure of %d x %d pixels is too large; sides are up to %d, %d pixels in all", w, h, maxSide, maxPixels)
}

// fonts makes the writers for texts.
func (l *layout) fonts(more []*Font, texts []string) error {
	more, err := needed(more, texts)
	if err != nil {
		return err
	}
	var made [4]*writer
	for i, size := range []float64{16, 13.5, 16, 20} {
		w, err := newWriter(size*l.unit, more...)
		if err != nil {
			return err
		}
		made[i] = w
	}
	l.titles, l.text, l.heading = made[:2], made[2], made[3]
	return nil
}

// px brings a length of the design to whole pixels.
func (l *layout) px(v float64) int { return max(1, int(math.Round(v*l.unit))) }

// pitch is the width of a cell.
func (l *layout) pitch() int { return l.across*(l.side.X+1) - 1 }

// room returns the sides of the room for one picture: those of the scaled
// pictures when they all have one shape, else a square.
func room(cells []Cell, side int) image.Point {
	w, h := fitInto(cells[0].Base.Bounds(), side, side)
	for i := range cells {
		if cw, ch := fitInto(cells[i].Base.Bounds(), side, side); cw != w || ch != h {
			return image.Pt(side, side)
		}
	}
	return image.Pt(w, h)
}

// fitInto scales a rectangle into w x h pixels, keeping its shape.
func fitInto(b image.Rectangle, w, h int) (int, int) {
	s := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
	return max(1, int(math.Round(s*float64(b.Dx())))), max(1, int(math.Round(s*float64(b.Dy()))))
}

// cell returns the place of cell i.
func (l *layout) cell(i int) image.Rectangle {
	x := l.margin + i%l.cols*(l.pitch()+l.gap)
	y := l.top + i/l.cols*(l.side.Y+l.gap)
	return image.Rect(x, y, x+l.pitch(), y+l.side.Y)
}

// places returns where in its cell a picture is drawn: in the middle of the
// room, and when there are originals, that in colour first.
func (l *layout) places(cell image.Rectangle, c *Cell) []image.Rectangle {
	w, h := fitInto(c.Base.Bounds(), l.side.X, l.side.Y)
	pictures := l.across
	if c.Heat == nil {
		pictures = 1
	}
	x := cell.Min.X + (cell.Dx()-pictures*(w+1)+1)/2
	y := cell.Min.Y + (cell.Dy()-h)/2
	var out []image.Rectangle
	for range pictures {
		out = append(out, image.Rect(x, y, x+w, y+h))
		x += w + 1
	}
	return out
}

// draw draws the pictures of cell i, and its mark.
func (l *layout) draw(fig *image.RGBA, i int, c *Cell) error {
	places := l.places(l.cell(i), c)
	for k, place := range places {
		heated := c.Heat != nil && k == len(places)-1
		if err := c.drawPicture(fig, place, heated, l.alpha, l.cmap); err != nil {
			return err
		}
		if c.Mark != nil {
			c.drawMark(fig, place, l.unit)
		}
	}
	return nil
}
