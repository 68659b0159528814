// Package webp reads the first frame of WebP files (RFC 9649), still or animated,
// on their canvas. The bitstreams are decoded by golang.org/x/image/vp8 and vp8l;
// this package finds them in their container, where golang.org/x/image/webp knows
// no animations and refuses what libwebp takes.
//
// The alpha channel of lossy pictures is passed over, as they become RGB without
// it; so are color profiles and metadata. Every chunk's length is checked against
// the file, and none is held in memory but the beginning of a few.
package webp

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// Frame is a picture and where it lies on the canvas, which is black around it.
type Frame struct {
	Width, Height int // of the canvas
	At            image.Point
	Picture       image.Image // *image.YCbCr of VP8, *image.NRGBA of VP8L
}

// DecodeConfig reads the size of the canvas.
func DecodeConfig(r io.Reader) (image.Config, error) {
	f, err := open(r, math.MaxInt64-1)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{ColorModel: color.RGBAModel, Width: f.canvas.X, Height: f.canvas.Y}, nil
}

// Decode reads the first frame of a file of size bytes. The size of the canvas is not limited: look at
// DecodeConfig first. The picture is never larger than the canvas.
func Decode(r io.Reader, size int64) (*Frame, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, err
	}
	out := &Frame{Width: f.canvas.X, Height: f.canvas.Y, At: f.at}
	body := io.LimitReader(f.c.r, int64(f.length))
	if f.lossy {
		d := vp8.NewDecoder()
		d.Init(body, int(f.length))
		if _, err := d.DecodeFrameHeader(); err != nil {
			return nil, err
		}
		out.Picture, err = d.DecodeFrame()
	} else {
		out.Picture, err = vp8l.Decode(bufio.NewReader(body))
	}
	if err != nil {
		return nil, err
	}
	// A lossy bitstream has no checksum. Where bytes are lost or too many, what is
	// left of the file shows it.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return nil, err
	}
	return out, f.c.rest()
}

// bitstream is the chunk with the pixels of the first frame.
type bitstream struct {
	c      *chunks
	canvas image.Point
	at     image.Point // of the frame on the canvas
	lossy  bool
	length uint32
}

// open reads up to the bitstream of the first frame that has one. As in libwebp,
// the bitstream tells how large a frame is, and the frame where it lies.
func open(r io.Reader, size int64) (*bitstream, error) {
	c := &chunks{r: bufio.NewReader(r)}
	if err := c.begin(size); err != nil {
		return nil, err
	}
	f := &bitstream{c: c}
	var extended, animated, inFrame bool
	var end int64 // of the frame, as bytes that are left of the file then
	for {
		kind, length, err := c.next()
		if err != nil {
			return nil, err
		}
		if inFrame = inFrame && c.left+8 > end; inFrame && c.left-int64(length) < end {
			return nil, fmt.Errorf("the chunk %q of %d bytes reaches beyond its frame", kind, length)
		}
		switch {
		case kind == "VP8X" && !extended:
			b, err := c.peek(10)
			if err != nil {
				return nil, err
			}
			extended, animated = true, b[0]&2 != 0
			f.canvas = image.Pt(u24(b[4:])+1, u24(b[7:])+1)
		case kind == "ANMF" && animated:
			b, err := c.peek(16)
			if err != nil {
				return nil, err
			}
			inFrame, end = true, c.left-int64(length)
			f.at = image.Pt(2*u24(b[0:]), 2*u24(b[3:]))
			if err := c.enter(16); err != nil {
				return nil, err
			}
			continue
		case kind == "VP8 ", kind == "VP8L":
			if animated && !inFrame {
				return nil, fmt.Errorf("the chunk %q of an animation lies outside of its frames", kind)
			}
			f.lossy, f.length = kind == "VP8 ", length
			picture, err := f.size()
			if err != nil {
				return nil, err
			}
			if !extended {
				f.canvas = picture
			}
			corner := f.at.Add(picture)
			if corner.X > f.canvas.X || corner.Y > f.canvas.Y || !animated && corner != f.canvas {
				return nil, fmt.Errorf("a picture of %d x %d pixels at %v on a canvas of %d x %d", picture.X, picture.Y, f.at, f.canvas.X, f.canvas.Y)
			}
			return f, nil
		}
		if err := c.skip(); err != nil {
			return nil, err
		}
	}
}

// size looks at the head of the bitstream.
func (f *bitstream) size() (image.Point, error) {
	if f.lossy {
		b, err := f.c.peek(10)
		if err != nil {
			return image.Point{}, err
		}
		// RFC 6386, section 9.1: a frame that can be decoded alone, of a known
		// version, and shown; and a first partition that leaves room for others.
		tag := u24(b)
		if tag&1 != 0 || tag>>1&7 > 3 || tag>>4&1 == 0 || string(b[3:6]) != "\x9d\x01\x2a" {
			return image.Point{}, fmt.Errorf("the chunk \"VP8 \" begins with % x, expected a key frame", b[:6])
		}
		if uint32(tag>>5) >= f.length {
			return image.Point{}, fmt.Errorf("a partition of %d bytes in a chunk of %d", tag>>5, f.length)
		}
		p := image.Pt(int(b[6])|int(b[7])&0x3f<<8, int(b[8])|int(b[9])&0x3f<<8)
		if p.X == 0 || p.Y == 0 {
			return p, fmt.Errorf("a picture of %d x %d pixels", p.X, p.Y)
		}
		return p, nil
	}
	b, err := f.c.peek(5)
	if err != nil {
		return image.Point{}, err
	}
	if b[0] != 0x2f {
		return image.Point{}, fmt.Errorf("the chunk VP8L begins with %#02x, expected 0x2f", b[0])
	}
	bits := int(b[1]) | int(b[2])<<8 | int(b[3])<<16 | int(b[4])<<24
	return image.Pt(bits&0x3fff+1, bits>>14&0x3fff+1), nil
}
