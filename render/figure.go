package render

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// A Figure is a drawing that can be had as pixels and as SVG, both from the
// same description. It is safe for concurrent use.
type Figure struct {
	Width, Height int // pixels

	fonts  *typeface
	paint  func(canvas)
	legend []string
	notes  []string
	mu     sync.Mutex // guards fonts, which Image draws with
}

// Legend returns the names in the figure's legend, as they are drawn but for those that
// are shortened. It must not be changed.
func (f *Figure) Legend() []string { return f.legend }

// Notes says in a line each what the figure does not show, such as names that have no
// room in the legend. It is empty as a rule.
func (f *Figure) Notes() []string { return f.notes }

// canvas is what a figure is painted on: pixels or SVG. Coordinates are in
// pixels, with (0, 0) at the upper left corner of the upper left pixel.
type canvas interface {
	// rect fills a rectangle whose corners are whole numbers.
	rect(r image.Rectangle, c color.RGBA)
	// line joins points by a line of a width, with round joins and ends.
	line(at []pt, width float64, c color.RGBA)
	// markers draws one marker at each point, each blended by itself.
	markers(m marker, at []pt)
	// text writes a line of text.
	text(at pt, text string, s textStyle)
	// picture scales an image into a rectangle.
	picture(r image.Rectangle, im image.Image)
}

// pt is a place in a figure, in pixels.
type pt struct{ x, y float64 }

// Image draws the figure as pixels. It stops with ctx's error soon after ctx
// ends.
func (f *Figure) Image(ctx context.Context) (*image.RGBA, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := newRaster(ctx, f.Width, f.Height, f.fonts)
	f.paint(r)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return r.im, nil
}

// WriteSVG writes the figure as SVG 1.1, its texts as text in whatever
// sans-serif font the reader has. The same figure gives the same bytes. It stops
// with ctx's error soon after ctx ends.
func (f *Figure) WriteSVG(ctx context.Context, w io.Writer) error {
	s := newSVG(ctx, f.Width, f.Height)
	f.paint(s)
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.writeTo(w)
}

// SavePNG writes the figure to a PNG file that is whole or absent. It stops with
// ctx's error, nothing written, soon after ctx ends.
func (f *Figure) SavePNG(ctx context.Context, path string) error {
	im, err := f.Image(ctx)
	if err != nil {
		return err
	}
	return SavePNG(ctx, path, im)
}

// SaveSVG writes the figure to an SVG file that is whole or absent. It stops with
// ctx's error, nothing written, soon after ctx ends.
func (f *Figure) SaveSVG(ctx context.Context, path string) error {
	return atomicfile.Write(ctx, path, func(w io.Writer) error { return f.WriteSVG(ctx, w) })
}

// CheckFigureName returns an error unless Figure.Save can write a file of this
// name: one that ends with .png or .svg, in upper or lower case.
func CheckFigureName(path string) error {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".png" && ext != ".svg" {
		return fmt.Errorf("render: %q: a figure is saved as .png or .svg", path)
	}
	return nil
}

// Save writes the figure in the format that the name of the file ends with;
// see CheckFigureName, SavePNG and SaveSVG.
func (f *Figure) Save(ctx context.Context, path string) error {
	if err := CheckFigureName(path); err != nil {
		return err
	}
	if strings.EqualFold(filepath.Ext(path), ".svg") {
		return f.SaveSVG(ctx, path)
	}
	return f.SavePNG(ctx, path)
}

// checkSize returns an error for a figure too small to read or too large to
// hold in memory.
func checkSize(width, height int) error {
	if width < 200 || height < 200 || width > maxSide || height > maxSide || width*height > 1<<28 {
		return fmt.Errorf("render: a figure of %d x %d pixels; sides from 200 to %d and at most %d pixels in all can be drawn", width, height, maxSide, 1<<28)
	}
	return nil
}
