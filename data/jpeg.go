package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"

	"github.com/glimpse-go/glimpse/internal/jpeg"
)

func configJPEG(r io.Reader) (image.Config, error) {
	w, h, _, err := jpeg.Header(bufio.NewReader(r))
	return image.Config{ColorModel: color.RGBAModel, Width: w, Height: h}, err
}

// decodeJPEG reads the file whole, and gives up at what is missing unless the source says
// otherwise.
func decodeJPEG(ctx context.Context, s *source) (image.Image, error) {
	file := make([]byte, s.size)
	if n, err := s.r.ReadAt(file, 0); n < len(file) {
		return nil, err
	}
	p, err := jpeg.Decode(ctx, file, jpeg.Options{Truncated: s.truncated})
	if errors.Is(err, jpeg.ErrTruncated) && !s.truncated {
		return nil, fmt.Errorf("%w (Truncated reads what there is of it)", err)
	}
	if err != nil {
		return nil, err
	}
	frame := image.Rect(0, 0, p.Width, p.Height)
	switch p.Components {
	case 1:
		return &image.Gray{Pix: p.Pix, Stride: p.Width, Rect: frame}, nil
	case 3:
		return &Image{p.Width, p.Height, p.Pix}, nil
	}
	return &image.CMYK{Pix: p.Pix, Stride: 4 * p.Width, Rect: frame}, nil
}

// decodeTIFFJPEG decodes a strip or tile of JPEG, as [tiff.JPEG] has it.
func decodeTIFFJPEG(ctx context.Context, tables, stream []byte, ycbcr bool) (pix []uint8, width, height, channels int, err error) {
	opt := jpeg.Options{Tables: tables, Colours: jpeg.Plain}
	if ycbcr {
		opt.Colours = jpeg.YCbCr
	}
	p, err := jpeg.Decode(ctx, stream, opt)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	if p.Components == 4 { // inks as they were coded
		for i, v := range p.Pix {
			p.Pix[i] = 255 - v
		}
	}
	return p.Pix, p.Width, p.Height, p.Components, nil
}
