package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
)

// thumbnail is a small image in a frame.
type thumbnail struct {
	place image.Rectangle // with the frame
	im    image.Image
	color color.RGBA
}

const thumbnailFrame = 2 // pixels

func (t thumbnail) draw(c canvas) {
	c.rect(t.place, t.color)
	c.picture(t.place.Inset(thumbnailFrame), t.im)
}

// thumbnails picks points whose images do not overlap, greedily: it goes
// through the series in turns, so that each gets its share, and takes every
// point whose square is free. It asks for the images of those alone.
func thumbnails(series []Series, looks []marker, a *axes, opt ScatterOptions) ([]thumbnail, error) {
	if opt.Thumbnail == nil {
		return nil, nil
	}
	first := make([]int, len(series)) // the row of the first point where there are no rows
	longest := 0
	for i, s := range series {
		if i > 0 {
			first[i] = first[i-1] + len(series[i-1].X)
		}
		longest = max(longest, len(s.X))
	}
	side := opt.ThumbnailSize + 2*thumbnailFrame
	var taken occupancy = map[image.Point]image.Point{}
	var out []thumbnail
	for j := range longest {
		for i, s := range series {
			if j >= len(s.X) {
				continue
			}
			p := a.place(s.X[j], s.Y[j])
			centre := image.Pt(int(math.Round(p.x)), int(math.Round(p.y)))
			if !taken.claim(centre, side+2) {
				continue
			}
			row := first[i] + j
			if s.Rows != nil {
				row = s.Rows[j]
			}
			im, err := opt.Thumbnail(row)
			if err == nil && (im == nil || im.Bounds().Empty()) {
				err = errors.New("the image is empty")
			}
			if err != nil {
				return nil, fmt.Errorf("render: thumbnail of row %d: %w", row, err)
			}
			w, h := fitInto(im.Bounds(), opt.ThumbnailSize, opt.ThumbnailSize)
			place := image.Rect(0, 0, w+2*thumbnailFrame, h+2*thumbnailFrame).Add(centre)
			place = place.Sub(image.Pt(place.Dx()/2, place.Dy()/2))
			out = append(out, thumbnail{place, im, looks[i].color})
		}
	}
	return out, nil
}

// occupancy remembers the centres of squares, by the cell of a grid that each
// lies in. With cells as large as the squares, at most one centre fits a cell,
// and squares overlap only those of the eight cells around.
type occupancy map[image.Point]image.Point

// claim takes the square of a side about a centre, if it is free.
func (o occupancy) claim(centre image.Point, side int) bool {
	cell := image.Pt(centre.X/side, centre.Y/side)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			other, ok := o[cell.Add(image.Pt(dx, dy))]
			if d := other.Sub(centre); ok && max(d.X, -d.X) < side && max(d.Y, -d.Y) < side {
				return false
			}
		}
	}
	o[cell] = centre
	return true
}
