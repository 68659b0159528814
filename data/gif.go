package data

import (
	"errors"
	"image"
	"image/color"
	"image/gif"
	"io"
)

// decodeGIF returns the first frame on the file's screen, as Pillow does: what
// the frame leaves free has the transparent index, or else index 0. The
// palette is read here because image/gif blackens the transparent colour,
// which convert('RGB') shows.
func decodeGIF(s *source) (image.Image, error) {
	screen, palette, transparent, err := readGIFHeader(s.reader())
	if err != nil {
		return nil, err
	}
	decoded, err := gif.Decode(s.reader())
	if err != nil {
		return nil, err
	}
	frame, ok := decoded.(*image.Paletted)
	if !ok {
		return nil, errors.New("gif: the first frame has no palette")
	}
	out := image.NewPaletted(screen, palette)
	if transparent > 0 {
		for i := range out.Pix {
			out.Pix[i] = uint8(transparent)
		}
	}
	b := frame.Bounds().Intersect(screen)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(b.Min.X, y):], frame.Pix[frame.PixOffset(b.Min.X, y):frame.PixOffset(b.Max.X, y)])
	}
	return out, nil
}

// readGIFHeader reads up to the first frame, whose palette it returns with
// the index that the frame declares transparent, -1 for none.
func readGIFHeader(r io.Reader) (screen image.Rectangle, p color.Palette, transparent int, err error) {
	var b [256]byte
	read := func(n int) []byte {
		if err == nil {
			_, err = io.ReadFull(r, b[:n])
		}
		if err != nil {
			clear(b[:n])
		}
		return b[:n]
	}
	palette := func(flags byte) {
		if flags&0x80 == 0 {
			return
		}
		p = make(color.Palette, 2<<(flags&7))
		for i := range p {
			c := read(3)
			p[i] = color.RGBA{c[0], c[1], c[2], 255}
		}
	}
	transparent = -1
	h := read(13)
	screen = image.Rect(0, 0, int(h[6])|int(h[7])<<8, int(h[8])|int(h[9])<<8)
	palette(h[10])
	for err == nil {
		switch read(1)[0] {
		case ',':
			palette(read(9)[8])
			return screen, p, transparent, err
		case '!':
			control := read(1)[0] == 0xf9
			for err == nil {
				n := int(read(1)[0])
				if n == 0 {
					break
				}
				if block := read(n); control && n == 4 {
					transparent = -1
					if block[0]&1 != 0 {
						transparent = int(block[3])
					}
				}
			}
		default:
			if err == nil {
				err = errors.New("gif: no frame")
			}
		}
	}
	return screen, p, transparent, err
}
