package pnm

import (
	"encoding/binary"
	"image"
	"io"
	"math"
)

// readFloats reads rows of float32 from the bottom up, and clips them to a byte: whole
// numbers below, 0 what is not a number.
func readFloats(r io.Reader, m *image.Gray, littleEndian bool) error {
	var order binary.ByteOrder = binary.BigEndian
	if littleEndian {
		order = binary.LittleEndian
	}
	row := make([]byte, 4*m.Rect.Dx())
	for y := m.Rect.Dy() - 1; y >= 0; y-- {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		for x := range m.Rect.Dx() {
			v := math.Float32frombits(order.Uint32(row[4*x:]))
			switch {
			case v >= 255:
				m.Pix[y*m.Stride+x] = 255
			case v > 0:
				m.Pix[y*m.Stride+x] = uint8(v)
			}
		}
	}
	return nil
}
