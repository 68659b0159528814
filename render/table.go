package render

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// TableOptions says how a Table looks.
type TableOptions struct {
	Title   string
	Caption string
	// Scale enlarges the figure with its text, 0.5 to 8. Default (0): 1.
	Scale float64
	// Colormap shades the cells. Default (nil): Viridis.
	Colormap *Colormap
	// Fonts set what the Go font lacks, the first that has a character.
	Fonts []*Font
}

// A TableRow is a name and its cells.
type TableRow struct {
	Name  string
	Cells []TableCell
}

// A TableCell is a text, on a colour of the map where Shade is in [0, 1]; NaN is none.
type TableCell struct {
	Text  string
	Shade float64
}

// Table draws a table: columns by name, rows below. It returns an error when there are no
// rows or columns, a row has another number of cells than there are columns, or the figure
// is too large.
func Table(ctx context.Context, columns []string, rows []TableRow, opt TableOptions) (*image.RGBA, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(columns) == 0 || len(rows) == 0 {
		return nil, errors.New("render: a table without rows or columns")
	}
	for _, r := range rows {
		if len(r.Cells) != len(columns) {
			return nil, fmt.Errorf("render: row %q has %d cells for %d columns", r.Name, len(r.Cells), len(columns))
		}
	}
	unit := opt.Scale
	if unit == 0 {
		unit = 1
	}
	if !(unit >= 0.5 && unit <= 8) {
		return nil, fmt.Errorf("render: a scale of %v, want 0.5 to 8", unit)
	}
	cmap := opt.Colormap
	if cmap == nil {
		cmap = &Viridis
	}
	columns, rows, texts := visibleTable(columns, rows)
	opt.Title, opt.Caption = oneLine(opt.Title), oneLine(opt.Caption)
	fonts, err := needed(opt.Fonts, append(texts, opt.Title, opt.Caption))
	if err != nil {
		return nil, err
	}
	text, err := newWriter(15*unit, fonts...)
	if err != nil {
		return nil, err
	}
	heading, err := newWriter(19*unit, fonts...)
	if err != nil {
		return nil, err
	}
	pad := int(math.Round(10 * unit))
	line := text.line() + pad
	// The widths of the names' column and of all others.
	first, other := 0, 0
	for _, r := range rows {
		first = max(first, text.width(r.Name)+2*pad)
		for _, c := range r.Cells {
			other = max(other, text.width(c.Text)+2*pad)
		}
	}
	for _, c := range columns {
		other = max(other, text.width(c)+pad)
	}
	width := first + len(columns)*other + 2*pad
	titles, captions := heading.wrap(opt.Title, width-2*pad), text.wrap(opt.Caption, width-2*pad)
	top := pad + len(titles)*heading.line()
	height := top + (len(rows)+1)*line + pad + len(captions)*text.line() + pad
	if width > maxSide || height > maxSide || width*height > maxPixels {
		return nil, tooLarge(width, height)
	}
	fig := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(fig, fig.Rect, image.White, image.Point{}, draw.Src)
	for i, t := range titles {
		heading.draw(fig, pad, pad+i*heading.line()+heading.ascent, t, titleInk)
	}
	base := func(y int) int { return y + (line-text.line())/2 + text.ascent }
	for j, c := range columns {
		text.draw(fig, pad+first+j*other+(other-text.width(c))/2, base(top), c, titleInk)
	}
	for i, r := range rows {
		y := top + (i+1)*line
		text.draw(fig, pad, base(y), r.Name, titleInk)
		for j, c := range r.Cells {
			x := pad + first + j*other
			ink := color.Color(titleInk)
			if c.Shade >= 0 && c.Shade <= 1 {
				shade := cmap[int(math.Round(c.Shade*255))]
				under := color.RGBA{shade[0], shade[1], shade[2], 255}
				draw.Draw(fig, image.Rect(x, y, x+other-1, y+line-1), image.NewUniform(under), image.Point{}, draw.Src)
				if luma(under.R, under.G, under.B) < 128 {
					ink = color.White
				}
			}
			text.draw(fig, x+(other-text.width(c.Text))/2, base(y), c.Text, ink)
		}
	}
	for i, t := range captions {
		text.draw(fig, pad, height-pad-len(captions)*text.line()+i*text.line()+text.ascent, t, titleInk)
	}
	return fig, nil
}

// visibleTable returns a table whose texts can be drawn, and the texts.
func visibleTable(columns []string, rows []TableRow) (_ []string, _ []TableRow, texts []string) {
	shown := func(s string) string {
		texts = append(texts, visible.Text(s))
		return texts[len(texts)-1]
	}
	columns, rows = slices.Clone(columns), slices.Clone(rows)
	for i := range columns {
		columns[i] = shown(columns[i])
	}
	for i := range rows {
		rows[i].Name, rows[i].Cells = shown(rows[i].Name), slices.Clone(rows[i].Cells)
		for j := range rows[i].Cells {
			rows[i].Cells[j].Text = shown(rows[i].Cells[j].Text)
		}
	}
	return columns, rows, texts
}
