package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// The kinds of color (section 11.2.1, color type).
const (
	gray      = 0
	rgb       = 2
	palette   = 3
	grayAlpha = 4
	rgbAlpha  = 6
)

// channels tells how many samples a pixel of each kind has, and depths the sizes
// in bits that a sample may have.
var (
	channels = map[byte]int{gray: 1, rgb: 3, palette: 1, grayAlpha: 2, rgbAlpha: 4}
	depths   = map[byte][]int{gray: {1, 2, 4, 8, 16}, rgb: {8, 16}, palette: {1, 2, 4, 8}, grayAlpha: {8, 16}, rgbAlpha: {8, 16}}
)

// header is what a file says before its image data.
type header struct {
	width, height int
	depth         int // bits of a sample
	kind          byte
	interlaced    bool
	palette       color.Palette // 256 colours, black where the file has none
	frame         image.Rectangle
}

// readHeader reads the chunks up to the first image data, which c reads next.
func readHeader(c *chunks) (*header, error) {
	var head [len(signature)]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return nil, noEOF(err)
	}
	if string(head[:]) != signature {
		return nil, fmt.Errorf("it begins with %q, expected %q", head, signature)
	}
	var h *header
	var plte []byte
	frames := uint32(0)
	for {
		if err := c.next(); err != nil {
			return nil, err
		}
		switch c.kind {
		case "IDAT", "fdAT":
			if h == nil {
				return nil, errors.New("image data before the chunk IHDR")
			}
			if c.kind == "fdAT" {
				if frames == 0 {
					return nil, errors.New("a chunk fdAT before the first fcTL")
				}
				if err := c.sequence(); err != nil {
					return nil, err
				}
			}
			return h, h.setPalette(plte)
		case "IEND":
			return nil, errors.New("the chunk IEND comes before any image data")
		}
		b, err := c.body(1024)
		if err != nil {
			return nil, err
		}
		switch c.kind {
		case "IHDR":
			if h, err = parseHeader(b); err != nil {
				return nil, err
			}
		case "PLTE":
			plte = b
		case "fcTL":
			if h == nil {
				return nil, errors.New("the chunk fcTL before IHDR")
			}
			if err := h.setFrame(b, frames); err != nil {
				return nil, err
			}
			frames++
		}
	}
}

// parseHeader reads the chunk IHDR.
func parseHeader(b []byte) (*header, error) {
	if len(b) < 13 {
		return nil, fmt.Errorf("the chunk IHDR has %d bytes, expected 13", len(b))
	}
	w, height := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || height == 0 || w > 1<<31-1 || height > 1<<31-1 {
		return nil, fmt.Errorf("an image of %d x %d pixels", w, height)
	}
	h := &header{width: int(w), height: int(height), depth: int(b[8]), kind: b[9], interlaced: b[12] != 0}
	for _, d := range depths[h.kind] {
		if d == h.depth {
			if b[11] != 0 {
				return nil, fmt.Errorf("filter method %d, expected 0", b[11])
			}
			h.frame = image.Rect(0, 0, h.width, h.height)
			return h, nil
		}
	}
	return nil, fmt.Errorf("color type %d with %d bits a sample is not in the format", h.kind, h.depth)
}

// setPalette takes the colours of the chunk PLTE.
func (h *header) setPalette(plte []byte) error {
	if h.kind != palette {
		return nil
	}
	if len(plte) > 3*256 {
		return errors.New("a palette of more than 256 colours")
	}
	h.palette = make(color.Palette, 256)
	for i := range h.palette {
		c := color.RGBA{A: 255}
		if 3*i+3 <= len(plte) {
			c.R, c.G, c.B = plte[3*i], plte[3*i+1], plte[3*i+2]
		}
		h.palette[i] = c
	}
	return nil
}

// setFrame takes the place of an animation's first frame from a chunk fcTL, the
// n-th one before the image data.
func (h *header) setFrame(b []byte, n uint32) error {
	if len(b) < 26 {
		return fmt.Errorf("the chunk fcTL has %d bytes, expected 26", len(b))
	}
	u := func(i int) int64 { return int64(binary.BigEndian.Uint32(b[4*i:])) }
	if got := u(0); got != int64(n) {
		return fmt.Errorf("the chunk fcTL has the number %d, expected %d", got, n)
	}
	w, height, x, y := u(1), u(2), u(3), u(4)
	if w == 0 || height == 0 || x+w > int64(h.width) || y+height > int64(h.height) {
		return fmt.Errorf("a frame of %d x %d pixels at (%d, %d) in an image of %d x %d", w, height, x, y, h.width, h.height)
	}
	h.frame = image.Rect(int(x), int(y), int(x+w), int(y+height))
	if h.interlaced && h.frame != image.Rect(0, 0, h.width, h.height) {
		return errors.New("an interlaced frame smaller than the image")
	}
	return nil
}
