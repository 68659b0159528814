package data

import (
	"context"
	"image"

	"github.com/glimpse-go/glimpse/internal/jpeg"
)

// fromJFIF converts a decoded JPEG with the chroma upsampling and the colour
// formulas of libjpeg (jdsample.c, jdcolor.c), which Pillow uses: a triangle
// filter where the chroma planes are half as wide or half as high, not the
// nearest sample as image.YCbCr has it.
func fromJFIF(ctx context.Context, m *image.YCbCr) (*Image, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := &Image{w, h, make([]uint8, 3*w*h)}
	cb, cr := plane(m, m.Cb), plane(m, m.Cr)
	blue, red := make([]uint8, cb.Width*cb.Across), make([]uint8, cr.Width*cr.Across)
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		luma := m.Y[y*m.YStride:][:w]
		jpeg.RGB(out.Pix[3*y*w:3*(y+1)*w], luma, cb.Row(blue, y)[:w], cr.Row(red, y)[:w])
	}
	return out, nil
}

// plane is one of the two planes of colour.
func plane(m *image.YCbCr, samples []uint8) *jpeg.Plane {
	p := &jpeg.Plane{Samples: samples, Stride: m.CStride, Across: 1, Down: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		p.Across = 2
	case image.YCbCrSubsampleRatio420:
		p.Across, p.Down = 2, 2
	case image.YCbCrSubsampleRatio440:
		p.Down = 2
	case image.YCbCrSubsampleRatio411:
		p.Across = 4
	case image.YCbCrSubsampleRatio410:
		p.Across, p.Down = 4, 2
	}
	p.Width = (m.Rect.Dx() + p.Across - 1) / p.Across
	p.Height = (m.Rect.Dy() + p.Down - 1) / p.Down
	return p
}
