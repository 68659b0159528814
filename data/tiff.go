package data

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"

	"github.com/glimpse-go/glimpse/internal/tiff"
)

func configTIFF(r io.Reader) (image.Config, error) {
	file := r.(*io.SectionReader) // as source.reader gives the codecs that seek
	return tiff.DecodeConfig(file, file.Size())
}

// decodeTIFF returns the first page.
func decodeTIFF(ctx context.Context, s *source) (image.Image, error) {
	p, err := tiff.Decode(ctx, s.r, s.size, decodeTIFFJPEG)
	if err != nil {
		return nil, err
	}
	return &Image{p.Width, p.Height, p.Pix}, nil
}

// decodeTIFFJPEG decodes a strip or tile of JPEG, as [tiff.JPEG] has it. The tables
// are put before it, without the markers between them.
func decodeTIFFJPEG(ctx context.Context, tables, stream []byte, ycbcr bool) (pix []uint8, width, height, channels int, err error) {
	stream = bytes.TrimPrefix(stream, []byte("\xff\xd8"))
	tables = bytes.TrimSuffix(bytes.TrimPrefix(tables, []byte("\xff\xd8")), []byte("\xff\xd9"))
	im, err := jpeg.Decode(io.MultiReader(bytes.NewReader([]byte("\xff\xd8")), bytes.NewReader(tables), bytes.NewReader(stream)))
	if err != nil {
		return nil, 0, 0, 0, err
	}
	w, h := im.Bounds().Dx(), im.Bounds().Dy()
	switch m := im.(type) {
	case *image.Gray:
		for y := range h {
			pix = append(pix, m.Pix[y*m.Stride:][:w]...)
		}
		return pix, w, h, 1, nil
	case *image.YCbCr:
		if ycbcr {
			rgb, err := fromJFIF(ctx, m)
			if err != nil {
				return nil, 0, 0, 0, err
			}
			return rgb.Pix, w, h, 3, nil
		}
		pix = make([]uint8, 0, 3*w*h)
		b, r := newUpsampler(m, m.Cb), newUpsampler(m, m.Cr)
		for y := range h {
			second, third := b.row(y), r.row(y)
			for x, first := range m.Y[y*m.YStride:][:w] {
				pix = append(pix, first, second[x], third[x])
			}
		}
		return pix, w, h, 3, ctx.Err()
	}
	return nil, 0, 0, 0, errors.New("components that are neither gray nor three of 8 bits")
}
