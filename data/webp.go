package data

import (
	"context"
	"image"

	"github.com/glimpse-go/glimpse/internal/webp"
)

// decodeWebP returns the first frame of a file on its canvas, which is black
// where the frame does not reach.
func decodeWebP(ctx context.Context, s *source) (image.Image, error) {
	f, err := webp.Decode(s.reader(), s.size)
	if err != nil {
		return nil, err
	}
	var frame *Image
	if m, ok := f.Picture.(*image.YCbCr); ok {
		frame, err = fromVP8(ctx, m)
	} else {
		frame, err = toRGB(ctx, f.Picture)
	}
	if err != nil || frame.Width == f.Width && frame.Height == f.Height {
		return frame, err
	}
	out, err := NewImage(f.Width, f.Height)
	if err != nil {
		return nil, err
	}
	for y := range frame.Height {
		copy(out.Pix[3*((f.At.Y+y)*f.Width+f.At.X):], frame.Pix[3*y*frame.Width:3*(y+1)*frame.Width])
	}
	return out, nil
}
