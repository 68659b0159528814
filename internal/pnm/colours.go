package pnm

import (
	"image"
	"io"
)

// readColours reads rows of red, green and blue, a byte each: by far the most files are
// of these, so they do not go value by value.
func readColours(r io.Reader, m *image.NRGBA) error {
	row := make([]byte, 3*m.Rect.Dx())
	for y := range m.Rect.Dy() {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		out := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		for from := row; len(from) > 0; from, out = from[3:], out[4:] {
			o := out[:4:4]
			o[0], o[1], o[2], o[3] = from[0], from[1], from[2], 255
		}
	}
	return nil
}
