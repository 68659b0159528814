// Package png reads PNG files (W3C PNG, third edition) as Pillow does, which
// forgives what image/png refuses: a file without its end, more or fewer rows than
// the picture has, wrong checksums of the image data, whose own checksum is
// compared, and of what follows it.
//
// The first frame of an animation is the picture. Transparency by tRNS is not
// applied: it adds an alpha channel, which is dropped where the picture becomes RGB.
//
// Time is bounded by the size of the file and of the picture: chunks are passed
// over once, and of the compressed data no more is unpacked than the picture needs.
package png

import (
	"bufio"
	"context"
	"image"
	"image/color"
	"io"
)

// DecodeConfig reads the size of the picture and its color model.
func DecodeConfig(r io.Reader) (image.Config, error) {
	h, err := readHeader(&chunks{r: bufio.NewReader(r)})
	if err != nil {
		return image.Config{}, err
	}
	c := image.Config{Width: h.width, Height: h.height}
	switch h.kind {
	case gray:
		c.ColorModel = color.GrayModel
		if h.depth == 16 {
			c.ColorModel = color.Gray16Model
		}
	case palette:
		c.ColorModel = h.palette
	default:
		c.ColorModel = color.NRGBAModel
		if h.depth == 16 {
			c.ColorModel = color.NRGBA64Model
		}
	}
	return c, nil
}

// Decode reads a picture: an *image.Gray, *image.Gray16, *image.Paletted of 256
// colours, *image.NRGBA or *image.NRGBA64. Its size is not limited: look at
// DecodeConfig first. It stops with ctx's error when ctx ends.
func Decode(ctx context.Context, r io.Reader) (image.Image, error) {
	c := &chunks{r: bufio.NewReader(r)}
	h, err := readHeader(c)
	if err != nil {
		return nil, err
	}
	all := image.Rect(0, 0, h.width, h.height)
	var im image.Image
	p := &pixels{header: h}
	switch {
	case h.kind == gray && h.depth == 16:
		m := image.NewGray16(all)
		im, p.pix, p.stride, p.size = m, m.Pix, m.Stride, 2
	case h.kind == gray:
		m := image.NewGray(all)
		im, p.pix, p.stride, p.size = m, m.Pix, m.Stride, 1
	case h.kind == palette:
		m := image.NewPaletted(all, h.palette)
		im, p.pix, p.stride, p.size = m, m.Pix, m.Stride, 1
	case h.depth == 16:
		m := image.NewNRGBA64(all)
		im, p.pix, p.stride, p.size = m, m.Pix, m.Stride, 8
	default:
		m := image.NewNRGBA(all)
		im, p.pix, p.stride, p.size = m, m.Pix, m.Stride, 4
	}
	return im, p.read(ctx, c)
}
