package render

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// SavePNG writes an image to a PNG file that is whole or absent. The same
// image gives the same bytes. It returns an error when the image is nil, has
// no pixels or a side over 20,000 of them, or the file cannot be written. It
// stops with ctx's error, nothing written, soon after ctx ends.
func SavePNG(ctx context.Context, path string, im image.Image) error {
	if im == nil {
		return fmt.Errorf("render: %s: no image to write", path)
	}
	if err := checkSides(im.Bounds().Dx(), im.Bounds().Dy()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	// The default level: a figure of photographs takes 12 % more at BestSpeed,
	// and 1 % less, in five times the time, at BestCompression.
	return atomicfile.Write(ctx, path, func(w io.Writer) error { return png.Encode(w, im) })
}
