package data

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/orientation"
)

// orient returns the picture that an orientation asks for.
func orient(ctx context.Context, im *Image, o orientation.Orientation) (*Image, error) {
	if o == 1 || !o.Known() {
		return im, nil
	}
	w, h := o.Size(im.Width, im.Height)
	out, at := &Image{w, h, make([]uint8, len(im.Pix))}, o.Placement(im.Width, im.Height)
	for y := range im.Height {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at.Put(out.Pix, im.Pix[3*y*im.Width:3*(y+1)*im.Width], 0, y)
	}
	return out, nil
}
