package data

import (
	"context"
	"image"
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
