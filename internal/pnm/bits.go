package pnm

import (
	"bufio"
	"fmt"
	"image"
	"io"
)

// readPlainBits reads the digits 0, white, and 1, black, between which white space
// need not be.
func readPlainBits(r *bufio.Reader, m *image.Gray) error {
	for i := 0; i < len(m.Pix); {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case b == '0':
			m.Pix[i] = 255
			i++
		case b == '1':
			i++
		case b == '#':
			if err := skipComment(r); err != nil {
				return err
			}
		case !isSpace(b):
			return fmt.Errorf("the value %q, expected 0 or 1", b)
		}
	}
	return nil
}

// readBits reads rows of bits, 0 is white, that fill up to whole bytes.
func readBits(r io.Reader, m *image.Gray) error {
	row := make([]byte, (m.Rect.Dx()+7)/8)
	for y := range m.Rect.Dy() {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		for x := range m.Rect.Dx() {
			if row[x/8]<<(x%8)&0x80 == 0 {
				m.Pix[y*m.Stride+x] = 255
			}
		}
	}
	return nil
}
