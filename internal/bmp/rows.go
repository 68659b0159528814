package bmp

import (
	"encoding/binary"
	"image"
	"io"
)

// rows calls f with each row of the picture, in the file's order, and its number in
// the picture. Rows fill up to a multiple of four bytes, which the last may lack.
func (h *header) rows(r io.Reader, f func(row []byte, y int)) error {
	size := (h.width*h.bits + 7) / 8
	row := make([]byte, (size+3)&^3)
	for i := range h.height {
		n, err := io.ReadFull(r, row)
		if err != nil && (n < size || i < h.height-1) {
			return short(err)
		}
		y := h.height - 1 - i
		if h.topDown {
			y = i
		}
		f(row, y)
	}
	return nil
}

// indices reads pixels of 1, 2, 4 or 8 bits, the first in the highest bits of a byte.
func (h *header) indices(m *image.Paletted, r io.Reader) error {
	return h.rows(r, func(row []byte, y int) {
		out := m.Pix[y*m.Stride:][:h.width]
		if h.bits == 8 {
			copy(out, row)
			return
		}
		perByte, mask := 8/h.bits, uint8(1)<<h.bits-1
		for x := range out {
			out[x] = row[x/perByte] >> (8 - h.bits*(1+x%perByte)) & mask
		}
	})
}

// colours reads pixels of 16, 24 or 32 bits.
func (h *header) colours(m *image.NRGBA, r io.Reader) error {
	red, green, blue := h.channels[0], h.channels[1], h.channels[2]
	size := h.bits / 8
	at, whole := h.wholeBytes()
	return h.rows(r, func(row []byte, y int) {
		out := m.Pix[y*m.Stride:][:4*h.width]
		for ; len(out) > 0; out, row = out[4:], row[size:] {
			o := out[:4:4]
			o[3] = 255
			if whole {
				o[0], o[1], o[2] = row[at[0]], row[at[1]], row[at[2]]
				continue
			}
			var pixel uint32
			switch size {
			case 2:
				pixel = uint32(binary.LittleEndian.Uint16(row))
			case 3:
				pixel = uint32(row[0]) | uint32(row[1])<<8 | uint32(row[2])<<16
			default:
				pixel = binary.LittleEndian.Uint32(row)
			}
			o[0], o[1], o[2] = red.value(pixel), green.value(pixel), blue.value(pixel)
		}
	})
}

// wholeBytes returns which byte of a pixel is red, green and blue, when each is one.
func (h *header) wholeBytes() (at [3]int, whole bool) {
	for i, c := range h.channels {
		if c.most != 255 || c.shift%8 != 0 {
			return at, false
		}
		at[i] = c.shift / 8
	}
	return at, true
}
