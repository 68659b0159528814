package render

import (
	"image"
	"image/png"
	"io"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// SavePNG writes an image to a PNG file that is whole or absent. The same
// image gives the same bytes.
func SavePNG(path string, im image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, im) })
}
