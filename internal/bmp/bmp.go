// Package bmp reads Windows and OS/2 bitmaps: all headers from OS/2 1 to Windows 5,
// 1 to 32 bits a pixel, bit fields and run lengths.
//
// What Pillow 13 reads becomes the picture that it shows, malformed run lengths
// included. What it refuses and the formats allow is read as they say: two bits, any
// contiguous bit fields, short OS/2 headers, run lengths of 24 bits, and pictures that
// leave pixels out, which become colour 0. One thing differs: Pillow takes 4 and 8-bit
// pixels for 1-bit ones when the palette is just black and white.
//
// Sources: Microsoft's wingdi.h (BITMAPFILEHEADER to BITMAPV5HEADER, "Bitmap
// Compression"), IBM's "OS/2 Presentation Manager Reference" (BITMAPINFOHEADER2), and
// the descriptions of Jason Summers' bmpsuite.
package bmp

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// DecodeConfig reads the header and returns the size of the picture. It returns an
// error when that is no bitmap of a kind that [Decode] reads.
func DecodeConfig(r io.Reader) (image.Config, error) {
	h, err := readHeader(r)
	if err != nil {
		return image.Config{}, fmt.Errorf("bmp: %w", err)
	}
	var model color.Model = color.NRGBAModel
	if h.paletted() {
		model = color.Palette(h.palette)
	}
	return image.Config{ColorModel: model, Width: h.width, Height: h.height}, nil
}

// Decode reads a bitmap that begins where r stands: an *image.Paletted up to 8 bits a
// pixel, an opaque *image.NRGBA above, as alpha is not read. Before it is called the
// size should be known from [DecodeConfig]: memory is taken for all pixels. It returns
// an error when the file is no bitmap, ends before its pixels do, or holds a JPEG, a
// PNG or a fax.
func Decode(r io.ReadSeeker) (image.Image, error) {
	m, err := decode(r)
	if err != nil {
		return nil, fmt.Errorf("bmp: %w", err)
	}
	return m, nil
}

func decode(r io.ReadSeeker) (image.Image, error) {
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	pixels := func() (*bufio.Reader, error) {
		_, err := r.Seek(start+h.offset, io.SeekStart)
		return bufio.NewReader(r), err
	}
	bounds := image.Rect(0, 0, h.width, h.height)
	if h.paletted() {
		m := image.NewPaletted(bounds, h.palette)
		if h.compression != rgb {
			return m, h.runs(pixels, func(i int, pixel uint32) { m.Pix[h.place(i)] = uint8(pixel) })
		}
		b, err := pixels()
		if err != nil {
			return nil, err
		}
		return m, h.indices(m, b)
	}
	m := image.NewNRGBA(bounds)
	if h.compression != rle24 {
		b, err := pixels()
		if err != nil {
			return nil, err
		}
		return m, h.colours(m, b)
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m, h.runs(pixels, func(i int, pixel uint32) {
		p := m.Pix[4*h.place(i):]
		p[0], p[1], p[2] = uint8(pixel>>16), uint8(pixel>>8), uint8(pixel)
	})
}

// place returns where pixel i in the file's order stands in the picture: rows come from
// the bottom up, or not.
func (h *header) place(i int) int {
	if h.topDown {
		return i
	}
	y, x := i/h.width, i%h.width
	return (h.height-1-y)*h.width + x
}

// errShort is that of a file that ends before its pixels do.
var errShort = errors.New("the file ends before its pixels do")

// short replaces the end of the file by that error.
func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}
