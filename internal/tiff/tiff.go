// Package tiff reads the first picture of a TIFF file as 8-bit RGB: TIFF 6.0
// (Adobe, 1992), its Technical Note 2 (JPEG) and BigTIFF. The samples become the
// colours that Pillow's convert("RGB") gives, so what is no 8-bit colour is
// clipped or cut as there, alpha is dropped and the orientation is applied. What
// it cannot read it refuses; it never guesses.
//
// A file is read in steps, each in a file of its own: the header and the
// directory (directory.go), what the tags say of the samples (layout.go), where
// strips and tiles lie (grid.go), their bytes (stream.go, and a file for each
// compression), differences undone (predictor.go), samples to RGB (convert.go,
// ycbcr.go), and their place in the picture (package orientation).
package tiff

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
)

// Picture is a decoded picture.
type Picture struct {
	Width, Height int
	Pix           []uint8 // RGB, row by row: 3*Width*Height bytes
}

// DecodeConfig returns the size that [Decode] gives the picture, as its orientation
// turns it, having read but the tags. It returns an error when the first size bytes
// of r are no TIFF file, or one that Decode would refuse for its tags.
func DecodeConfig(r io.ReaderAt, size int64) (image.Config, error) {
	_, l, err := open(r, size)
	if err != nil {
		return image.Config{}, fmt.Errorf("tiff: %w", err)
	}
	w, h := l.orientation.Size(l.width, l.height)
	return image.Config{ColorModel: color.NRGBAModel, Width: w, Height: h}, nil
}

// Decode reads the first picture of the TIFF file in the first size bytes of r;
// jpeg decodes what is compressed as JPEG, nil refuses that. It takes three bytes a
// pixel, and little else; the caller asks DecodeConfig first and decides whether
// the size is bearable. The work is bounded by the size of the file and that of the
// picture. It returns an error when the file is damaged or of a kind that is not
// read, or ctx is done.
func Decode(ctx context.Context, r io.ReaderAt, size int64, jpeg JPEG) (*Picture, error) {
	f, l, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("tiff: %w", err)
	}
	d := &decoder{directory: f, layout: l, jpeg: jpeg}
	p, err := d.decode(ctx)
	if err != nil {
		return nil, fmt.Errorf("tiff: %w", err)
	}
	return p, nil
}

// open reads the directory and what it says of the picture.
func open(r io.ReaderAt, size int64) (*directory, *layout, error) {
	f, err := readDirectory(r, size)
	if err != nil {
		return nil, nil, err
	}
	l, err := newLayout(f)
	if err != nil {
		return nil, nil, err
	}
	return f, l, nil
}
