// Package gif reads the first frame of GIF files (GIF89a specification, 1990) on
// their screen as Pillow does, which forgives what image/gif refuses: frames that
// reach beyond the screen, which grows, files without any palette, which are gray,
// and codes of any size.
//
// Time is bounded by the size of the file up to the end of the first frame, and of
// the picture: what follows is not read.
package gif

import (
	"bufio"
	"context"
	"image"
	"image/color"
	"io"
)

// DecodeConfig reads the size of the picture and its palette.
func DecodeConfig(r io.Reader) (image.Config, error) {
	f, err := readHeader(bufio.NewReader(r))
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{ColorModel: f.palette, Width: f.screen.X, Height: f.screen.Y}, nil
}

// Decode reads the first frame, an *image.Paletted of 256 colours. What it leaves
// free has the index that the frame declares transparent, or else index 0; the
// colour of that index is not made transparent. The size of the picture is not
// limited: look at DecodeConfig first. It stops with ctx's error when ctx ends.
func Decode(ctx context.Context, r io.Reader) (image.Image, error) {
	b := bufio.NewReader(r)
	f, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	im := image.NewPaletted(image.Rectangle{Max: f.screen}, f.palette)
	if f.free > 0 {
		for i := range im.Pix {
			im.Pix[i] = f.free
		}
	}
	passes := []pass{{0, 1}}
	if f.interlaced {
		passes = interlace
	}
	codes := newLZW(b, f.codeSize)
	for _, p := range passes {
		for y := p.start; y < f.bounds.Dy(); y += p.step {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			row := im.Pix[im.PixOffset(f.bounds.Min.X, f.bounds.Min.Y+y):]
			if err := codes.read(row[:f.bounds.Dx()]); err != nil {
				return nil, err
			}
		}
	}
	return im, nil
}

// pass is a part of an interlaced frame (appendix E): the rows from start on, every
// step-th.
type pass struct{ start, step int }

var interlace = []pass{{0, 8}, {4, 8}, {2, 4}, {1, 2}}

// frame is what a file says of its first frame before the frame's codes.
type frame struct {
	screen     image.Point
	bounds     image.Rectangle
	palette    color.Palette
	free       byte // index of what the frame leaves free
	interlaced bool
	codeSize   int
}
