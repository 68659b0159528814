package gif

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// readHeader reads up to the codes of the first frame.
func readHeader(r *bufio.Reader) (*frame, error) {
	var b [13]byte
	if err := fill(r, b[:]); err != nil {
		return nil, err
	}
	if s := string(b[:6]); s != "GIF87a" && s != "GIF89a" {
		return nil, fmt.Errorf("it begins with %q, expected GIF87a or GIF89a", s)
	}
	f := &frame{screen: image.Pt(u16(b[6:]), u16(b[8:]))}
	colours, err := readPalette(r, b[10])
	if err != nil {
		return nil, err
	}
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return nil, noEOF(err)
		}
		switch kind {
		case ';':
			return nil, errors.New("the file has no picture")
		case '!':
			if err := f.readExtension(r); err != nil {
				return nil, err
			}
		case ',':
			return f, f.readDescriptor(r, colours)
		}
		// Anything else is passed over, as Pillow does.
	}
}

// readDescriptor reads a frame's place and palette (section 20).
func (f *frame) readDescriptor(r *bufio.Reader, global color.Palette) error {
	var b [9]byte
	if err := fill(r, b[:]); err != nil {
		return err
	}
	at, size := image.Pt(u16(b[0:]), u16(b[2:])), image.Pt(u16(b[4:]), u16(b[6:]))
	if size.X == 0 || size.Y == 0 {
		return fmt.Errorf("a frame of %d x %d pixels", size.X, size.Y)
	}
	f.bounds = image.Rectangle{at, at.Add(size)}
	f.screen = image.Pt(max(f.screen.X, f.bounds.Max.X), max(f.screen.Y, f.bounds.Max.Y))
	f.interlaced = b[8]&0x40 != 0
	var err error
	if f.palette, err = readPalette(r, b[8]); err != nil {
		return err
	}
	if f.palette == nil {
		f.palette = global
	}
	if f.palette == nil {
		f.palette = grays()
	}
	size0, err := r.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if f.codeSize = int(size0); f.codeSize > 12 {
		return fmt.Errorf("codes of %d bits, expected at most 12", f.codeSize)
	}
	return nil
}

// readExtension reads an extension, of which the graphic control (section 23) says
// what is transparent.
func (f *frame) readExtension(r *bufio.Reader) error {
	label, err := r.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	for first := true; ; first = false {
		n, err := r.ReadByte()
		if err != nil {
			return noEOF(err)
		}
		if n == 0 {
			return nil
		}
		b, err := r.Peek(int(n))
		if err != nil {
			return noEOF(err)
		}
		if label == 0xf9 && first {
			transparent := b[0]&1 != 0
			if n < 3 || transparent && n < 4 {
				return fmt.Errorf("a graphic control of %d bytes, expected 4", n)
			}
			if transparent {
				f.free = b[3]
			}
		}
		r.Discard(int(n))
	}
}

// readPalette reads the palette that flags tell of, 256 colours, the last black. It
// returns nil where there is none, and where index i is the gray i, which Pillow
// takes for none: a frame with that palette has the colours of the file's.
func readPalette(r *bufio.Reader, flags byte) (color.Palette, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	b := make([]byte, 3*256)
	n := 2 << (flags & 7)
	if err := fill(r, b[:3*n]); err != nil {
		return nil, err
	}
	p, ramp := make(color.Palette, 256), true
	for i := range p {
		c := color.RGBA{b[3*i], b[3*i+1], b[3*i+2], 255}
		p[i] = c
		if g := byte(i); i < n && (c != color.RGBA{g, g, g, 255}) {
			ramp = false
		}
	}
	if ramp {
		return nil, nil
	}
	return p, nil
}

// grays returns the palette of a file without one.
func grays() color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		p[i] = color.RGBA{uint8(i), uint8(i), uint8(i), 255}
	}
	return p
}

func u16(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }

// fill reads the whole of b.
func fill(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return noEOF(err)
}

// noEOF makes an end where there should be more an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
