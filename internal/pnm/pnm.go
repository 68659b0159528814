// Package pnm reads the files of netpbm: bitmaps, gray maps and pixel maps (.pbm, .pgm,
// .ppm, .pnm), plain and raw, and gray float maps (.pfm).
//
// They become the pictures that Pillow 13 shows, which stretches values to the range of
// a byte, or of 16 bits where a gray value takes more than a byte.
//
// Sources: netpbm's pbm(5), pgm(5), ppm(5) and pfm(5), and Pillow's PpmImagePlugin.
package pnm

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// errShort is that of a file that ends before its pixels do.
var errShort = errors.New("the file ends before its pixels do")

// short replaces the end of the file by that error.
func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// DecodeConfig reads the header and returns the size of the picture. It returns an
// error when that is not of a file that [Decode] reads.
func DecodeConfig(r io.Reader) (image.Config, error) {
	h, err := readHeader(bufio.NewReader(r))
	if err != nil {
		return image.Config{}, fmt.Errorf("pnm: %w", err)
	}
	return image.Config{ColorModel: h.model(), Width: h.width, Height: h.height}, nil
}

// Decode reads a picture: an *image.Gray16 of gray values above 255, an *image.Gray of
// others, bits and floats (clipped to 0 and 255), an opaque *image.NRGBA of colours.
// Before it is called the size should be known from [DecodeConfig]: memory is taken
// for all pixels. What follows them, such as a second picture, is not read. It returns
// an error when the file is of another kind, has values beyond its range or ends
// before its pixels do.
func Decode(r io.Reader) (image.Image, error) {
	b := bufio.NewReader(r)
	h, err := readHeader(b)
	if err != nil {
		return nil, fmt.Errorf("pnm: %w", err)
	}
	bounds := image.Rect(0, 0, h.width, h.height)
	var m image.Image
	switch {
	case h.kind == 'f':
		gray := image.NewGray(bounds)
		m, err = gray, readFloats(b, gray, h.scale < 0)
	case h.kind == '1':
		gray := image.NewGray(bounds)
		m, err = gray, readPlainBits(b, gray)
	case h.kind == '4':
		gray := image.NewGray(bounds)
		m, err = gray, readBits(b, gray)
	case h.model() == color.Gray16Model:
		gray := image.NewGray16(bounds)
		values := h.values(b, 65535)
		for i := 0; i < len(gray.Pix) && err == nil; i += 2 {
			var v int
			v, err = values()
			gray.Pix[i], gray.Pix[i+1] = uint8(v>>8), uint8(v)
		}
		m = gray
	case h.kind == '5' && h.most == 255:
		gray := image.NewGray(bounds)
		_, err = io.ReadFull(b, gray.Pix)
		m = gray
	case h.kind == '6' && h.most == 255:
		rgb := image.NewNRGBA(bounds)
		m, err = rgb, readColours(b, rgb)
	case h.model() == color.GrayModel:
		gray := image.NewGray(bounds)
		values := h.values(b, 255)
		for i := 0; i < len(gray.Pix) && err == nil; i++ {
			var v int
			v, err = values()
			gray.Pix[i] = uint8(v)
		}
		m = gray
	default:
		rgb := image.NewNRGBA(bounds)
		values := h.values(b, 255)
		for i := 0; i < len(rgb.Pix) && err == nil; i++ {
			if i%4 == 3 {
				rgb.Pix[i] = 255
				continue
			}
			var v int
			v, err = values()
			rgb.Pix[i] = uint8(v)
		}
		m = rgb
	}
	if err != nil {
		return nil, fmt.Errorf("pnm: %w", short(err))
	}
	return m, nil
}
