package data

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"

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

// adobe is the marker of components that are as they were coded. What has four is
// refused by image/jpeg without it.
const adobe = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

// decodeTIFFJPEG decodes a strip or tile of JPEG, as [tiff.JPEG] has it. The tables
// are put before it, without the markers between them.
func decodeTIFFJPEG(ctx context.Context, tables, stream []byte, ycbcr bool) (pix []uint8, width, height, channels int, err error) {
	stream = bytes.TrimPrefix(stream, []byte("\xff\xd8"))
	tables = bytes.TrimSuffix(bytes.TrimPrefix(tables, []byte("\xff\xd8")), []byte("\xff\xd9"))
	begin := "\xff\xd8"
	if !ycbcr {
		begin += adobe
	}
	im, err := jpeg.Decode(io.MultiReader(strings.NewReader(begin), bytes.NewReader(tables), bytes.NewReader(stream)))
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
	case *image.RGBA: // three components that are RGB by their markers
		pix = make([]uint8, 0, 3*w*h)
		for y := range h {
			for row := m.Pix[y*m.Stride:][:4*w]; len(row) > 0; row = row[4:] {
				a, b, c := row[0], row[1], row[2]
				if ycbcr {
					a, b, c = jfifRGB(int32(a), int32(b), int32(c))
				}
				pix = append(pix, a, b, c)
			}
		}
		return pix, w, h, 3, ctx.Err()
	case *image.CMYK: // which image/jpeg inverts
		pix = make([]uint8, 0, 4*w*h)
		for y := range h {
			for _, v := range m.Pix[y*m.Stride:][:4*w] {
				pix = append(pix, 255-v)
			}
		}
		return pix, w, h, 4, ctx.Err()
	}
	return nil, 0, 0, 0, errors.New("components of a kind that is not read")
}
