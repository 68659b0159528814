package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math/bits"
)

// A compression is how pixels are stored.
type compression uint32

// The compressions, with wingdi.h's numbers. In an OS/2 header 3 and 4 mean other things.
const (
	rgb         compression = 0 // as they are
	rle8        compression = 1
	rle4        compression = 2
	bitFields   compression = 3
	jpeg        compression = 4
	png         compression = 5
	alphaFields compression = 6
	rle24       compression = 1 << 16 // OS/2's 4
)

// header is what stands before the pixels.
type header struct {
	width, height int
	topDown       bool
	bits          int
	compression   compression
	offset        int64      // of the pixels in the file
	channels      [3]channel // of pixels of more than 8 bits
	palette       []color.Color
}

func (h *header) paletted() bool { return h.bits <= 8 }

// readHeader reads the file's header, the bitmap's, its bit fields and its palette.
func readHeader(r io.Reader) (*header, error) {
	file := make([]byte, 18)
	if _, err := io.ReadFull(r, file); err != nil {
		return nil, short(err)
	}
	if file[0] != 'B' || file[1] != 'M' {
		return nil, fmt.Errorf("the file begins with %q, expected \"BM\"", file[:2])
	}
	h := &header{offset: int64(binary.LittleEndian.Uint32(file[10:]))}
	size := binary.LittleEndian.Uint32(file[14:])
	if size != 12 && (size < 16 || size > 64) && size != 108 && size != 124 {
		return nil, fmt.Errorf("a header of %d bytes, expected 12, 16 to 64, 108 or 124", size)
	}
	// A field that a short header lacks is 0, so that reading is as of a long one.
	fields := make([]byte, 124)
	binary.LittleEndian.PutUint32(fields, size)
	if _, err := io.ReadFull(r, fields[4:size]); err != nil {
		return nil, short(err)
	}
	colours, entry := 0, 4 // in the palette, and bytes each
	if size == 12 {
		h.width = int(binary.LittleEndian.Uint16(fields[4:]))
		h.height = int(binary.LittleEndian.Uint16(fields[6:]))
		h.bits = int(binary.LittleEndian.Uint16(fields[10:]))
		entry = 3
	} else {
		h.width = int(int32(binary.LittleEndian.Uint32(fields[4:])))
		h.height = int(int32(binary.LittleEndian.Uint32(fields[8:])))
		h.bits = int(binary.LittleEndian.Uint16(fields[14:]))
		h.compression = compression(binary.LittleEndian.Uint32(fields[16:]))
		colours = int(binary.LittleEndian.Uint32(fields[32:]))
	}
	if h.height < 0 {
		h.height, h.topDown = -h.height, true
	}
	if h.width <= 0 || h.height <= 0 {
		return nil, fmt.Errorf("a picture of %d x %d pixels", h.width, h.height)
	}
	if err := h.checkCompression(size); err != nil {
		return nil, err
	}
	end := int64(14 + size)
	if h.paletted() {
		return h, h.readPalette(r, end, colours, entry)
	}
	return h, h.readFields(r, end, fields)
}

// checkCompression returns an error for pixels that are not read, and for bits that
// their compression does not go with.
func (h *header) checkCompression(size uint32) error {
	switch h.bits {
	case 1, 2, 4, 8, 16, 24, 32:
	case 0:
		if h.compression != jpeg && h.compression != png {
			return errors.New("0 bits a pixel")
		}
	default:
		return fmt.Errorf("%d bits a pixel, expected 1, 2, 4, 8, 16, 24 or 32", h.bits)
	}
	windows := size == 40 || size == 52 || size == 56 || size > 64
	if h.compression == jpeg && !windows {
		h.compression = rle24
	}
	fits := true
	switch h.compression {
	case rgb:
	case rle4, rle8:
		fits = h.paletted()
	case rle24:
		fits = h.bits == 24
	case bitFields:
		if !windows && h.bits == 1 {
			return errors.New("a fax (OS/2's Huffman 1D) in a bitmap, which is not read: convert it to PNG")
		}
		fits = !h.paletted() && size >= 40
	case alphaFields:
		fits = !h.paletted() && windows
	case jpeg:
		return errors.New("a JPEG file in a bitmap, as printers are sent, which is not read: take it out, or convert it")
	case png:
		return errors.New("a PNG file in a bitmap, as printers are sent, which is not read: take it out, or convert it")
	default:
		return fmt.Errorf("compression %d, expected 0 to 3 or 6", h.compression)
	}
	if !fits {
		return fmt.Errorf("compression %d of %d bits a pixel in a header of %d bytes", h.compression, h.bits, size)
	}
	return nil
}

// readPalette reads the colours that follow the header, which ends at end. Those
// beyond the palette are black, but one that begins as a scale of gray goes on as one,
// as in Pillow. Entries beyond the 256th are passed over.
func (h *header) readPalette(r io.Reader, end int64, colours, entry int) error {
	if colours == 0 {
		colours = 1 << h.bits
	}
	const most = 1 << 16 // Pillow's bound
	if colours < 0 || colours > most {
		return fmt.Errorf("a palette of %d colours, expected at most %d", colours, most)
	}
	table := make([]byte, min(colours, 256)*entry)
	n, err := io.ReadFull(r, table)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	h.palette = make([]color.Color, 256)
	gray, bilevel := n == len(table), n == len(table) && colours <= 2
	for i := range h.palette {
		c := color.NRGBA{A: 255}
		switch {
		case (i+1)*entry <= n:
			c.B, c.G, c.R = table[i*entry], table[i*entry+1], table[i*entry+2]
			gray = gray && c == grayLevel(i)
			bilevel = bilevel && c == grayLevel(255*i)
		case bilevel:
			c = grayLevel(255)
		case gray:
			c = grayLevel(i)
		}
		h.palette[i] = c
	}
	// Pixels that are said to begin where the palette does begin behind it.
	if h.offset == end || h.offset == 0 {
		h.offset = end + int64(colours*entry)
	}
	return nil
}

func grayLevel(v int) color.NRGBA { return color.NRGBA{uint8(v), uint8(v), uint8(v), 255} }

// channel is one colour of a pixel: its bits.
type channel struct {
	shift int
	most  uint64 // the largest value; 0: not there
}

// value returns the channel of a pixel as a byte: the same proportion of 255, rounded
// down as Pillow's unpackers for 15 and 16 bits do.
func (c channel) value(pixel uint32) uint8 {
	if c.most == 0 {
		return 0
	}
	return uint8(uint64(pixel) >> c.shift & c.most * 255 / c.most)
}

// readFields finds the bits of red, green and blue in a pixel: in the header, behind
// one of 40 bytes, or in their usual places.
func (h *header) readFields(r io.Reader, end int64, fields []byte) error {
	masks := [3]uint32{0xff0000, 0xff00, 0xff}
	if h.bits == 16 {
		masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	}
	if h.compression == bitFields || h.compression == alphaFields {
		stored := fields[40:]
		if size := binary.LittleEndian.Uint32(fields); size < 52 {
			stored = stored[:12]
			if h.compression == alphaFields {
				stored = stored[:16]
			}
			if _, err := io.ReadFull(r, stored); err != nil {
				return short(err)
			}
			end += int64(len(stored))
		}
		var given [3]uint32
		for i := range given {
			given[i] = binary.LittleEndian.Uint32(stored[4*i:])
		}
		if given != [3]uint32{} || h.bits != 32 { // Pillow's exception
			masks = given
		}
	}
	for i, mask := range masks {
		c := channel{shift: bits.TrailingZeros32(mask)}
		c.most = uint64(mask) >> c.shift
		if c.most&(c.most+1) != 0 || uint64(mask)>>h.bits != 0 {
			return fmt.Errorf("the bit field %#x in pixels of %d bits, expected neighbouring bits", mask, h.bits)
		}
		h.channels[i] = c
	}
	if masks == [3]uint32{} {
		return errors.New("bit fields that are all 0")
	}
	if h.offset == 0 {
		h.offset = end
	}
	return nil
}
