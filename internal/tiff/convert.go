package tiff

import (
	"encoding/binary"
	"fmt"
	"math"
)

// converter writes a row of pixels as RGB, from a row of samples side by side in
// the file's byte order. What it does to each kind is Pillow's way: its modes are
// named beside.
type converter func(dst []uint8, src []byte)

// converter returns the converter of the samples, or nil for samples that are not
// read. Subsampled YCbCr has its own, as its rows are no rows of pixels.
func (l *layout) converter(d *directory) converter {
	extra, order := l.samples-l.colours(), d.order
	associated := len(l.extra) > 0 && l.extra[0] == associatedAlpha
	if extra == 1 && len(l.extra) == 0 && l.planes > 1 && l.compression != compressNone {
		associated = true // where the file says nothing Pillow takes it for this, but only here
	}
	plain := l.format == unsigned
	switch {
	case l.photometric == palette && plain && (l.bits == 1 || l.bits == 2 || l.bits == 4 || l.bits == 8):
		if extra == 0 || extra == 1 && l.bits == 8 && !associated {
			return l.lookup // P, PA
		}
	case l.photometric == whiteIsZero || l.photometric == blackIsZero:
		switch {
		case extra == 1 && l.bits == 8 && plain && l.photometric == blackIsZero && associated:
			return grayPremultiplied // La
		case extra == 1 && l.bits == 8 && plain && l.photometric == blackIsZero:
			return l.lookup // L, LA
		case extra == 0:
			return l.gray(order)
		}
	case l.photometric == trueColour && plain && (l.bits == 8 && extra <= 3 || l.bits == 16 && extra <= 1):
		if associated {
			return premultiplied(l.samples, l.bits, order) // RGBa
		}
		return trueColours(l.samples, l.bits, order) // RGB, RGBA
	case l.photometric == separated && plain && !associated && (l.bits == 8 && extra <= 2 || l.bits == 16 && extra == 0):
		return inks(l.samples, l.bits, order) // CMYK
	case l.photometric == yCbCr && plain && l.bits == 8 && l.samples == 1:
		return l.lookup // L
	case l.photometric == yCbCr && plain && l.bits == 8 && extra == 0:
		switch {
		case l.compression == compressNone && l.across*l.down == 1:
			return pillowYCbCr // YCbCr
		case l.compression == compressJPEG && l.planes == 1:
			return trueColours(3, 8, order) // the decoder of JPEG has made RGB of it
		}
		return func(dst []uint8, src []byte) {
			l.chroma.subsampled(dst, src, len(dst)/3/l.down, l.across, l.down)
		}
	}
	return nil
}

// gray returns the converter of one sample a pixel: of up to 8 bits it is brought
// to the range of 8, of more it is clipped to it.
func (l *layout) gray(order binary.ByteOrder) converter {
	dark := l.photometric == blackIsZero
	switch {
	case l.format == unsigned && (l.bits == 1 || l.bits == 2 || l.bits == 4 || l.bits == 8):
		return l.lookup // 1, L
	case l.format == signed && l.bits == 8 && dark:
		return l.lookup // L, which forgets the sign
	case l.format == unsigned && l.bits == 12 && dark:
		return gray12 // I;16
	// White that is zero is not undone in these, nor in float.
	case l.format == unsigned && l.bits == 16:
		return gray16(order) // I;16
	case l.format == signed && l.bits == 16 && dark:
		return clipped(2, func(b []byte) uint8 { return uint8(max(0, min(int16(order.Uint16(b)), 255))) }) // I
	case (l.format == signed || l.format == unsigned) && l.bits == 32 && dark:
		// Mode I is signed, so that what is beyond becomes negative, and black.
		return clipped(4, func(b []byte) uint8 { return uint8(max(0, min(int32(order.Uint32(b)), 255))) })
	case l.format == float && l.bits == 32:
		return clipped(4, func(b []byte) uint8 { return clipFloat(math.Float32frombits(order.Uint32(b))) }) // F
	}
	return nil
}

// clipFloat cuts off the fraction; what is no number is black.
func clipFloat(v float32) uint8 {
	switch {
	case v >= 255:
		return 255
	case v > 0:
		return uint8(v)
	}
	return 0
}

// clipped makes gray of samples of size bytes.
func clipped(size int, value func([]byte) uint8) converter {
	return func(dst []uint8, src []byte) {
		for x := range len(dst) / 3 {
			setGray(dst[3*x:], value(src[x*size:]))
		}
	}
}

func setGray(dst []uint8, v uint8) { dst[0], dst[1], dst[2] = v, v, v }

// gray16 clips unsigned samples: the lower byte, if the upper is zero.
func gray16(order binary.ByteOrder) converter {
	upper, _ := upperByte(16, order)
	return func(dst []uint8, src []byte) {
		for ; len(src) >= 2 && len(dst) >= 3; dst, src = dst[3:], src[2:] {
			v := src[1-upper]
			if src[upper] != 0 {
				v = 255
			}
			setGray(dst, v)
		}
	}
}

// gray12 has two samples in three bytes, the upper bits first in either byte order.
func gray12(dst []uint8, src []byte) {
	for x := range len(dst) / 3 {
		b := src[x/2*3+x%2:]
		v := uint16(b[0])<<4 | uint16(b[1])>>4
		if x%2 == 1 {
			v = uint16(b[0]&15)<<8 | uint16(b[1])
		}
		setGray(dst[3*x:], uint8(min(v, 255)))
	}
}

// lookup takes the first sample of each pixel for an index of the table.
func (l *layout) lookup(dst []uint8, src []byte) {
	if l.bits == 8 {
		for x := range len(dst) / 3 {
			*(*[3]uint8)(dst[3*x:]) = l.table[src[x*l.samples]]
		}
		return
	}
	left := 8 - l.bits
	for b := byte(0); len(dst) >= 3; dst = dst[3:] {
		if left += l.bits; left == 8 {
			b, src, left = src[0], src[1:], 0
		}
		*(*[3]uint8)(dst) = l.table[b>>(8-l.bits)]
		b <<= l.bits
	}
}

// readTable makes the table of [layout.lookup]: the file's palette, whose 16-bit
// values lose their lower byte, or grays.
func (l *layout) readTable(d *directory) error {
	if l.bits > 8 {
		return nil
	}
	l.table = new([256][3]uint8)
	if l.photometric == palette {
		v, err := d.uints(tagColorMap, 3*256+3)
		if err != nil {
			return err
		}
		n := len(v) / 3
		if n == 0 || n > 256 {
			return fmt.Errorf("a palette of %d colours, expected %d", n, 1<<l.bits)
		}
		for i := range n { // all reds, all greens, all blues
			l.table[i] = [3]uint8{uint8(v[i] >> 8), uint8(v[n+i] >> 8), uint8(v[2*n+i] >> 8)}
		}
		return nil
	}
	most := 1<<l.bits - 1
	for i := range most + 1 {
		v := uint8(i * 255 / max(most, 1))
		if l.photometric == whiteIsZero {
			v = ^v
		}
		setGray(l.table[i][:], v)
	}
	return nil
}

// upperByte returns where the upper byte of a sample is, and the bytes of one.
func upperByte(bits int, order binary.ByteOrder) (at, size int) {
	if bits == 16 && order == binary.LittleEndian {
		return 1, 2
	}
	return 0, bits / 8
}

// trueColours takes the upper bytes of the first three samples.
func trueColours(samples, bits int, order binary.ByteOrder) converter {
	at, size := upperByte(bits, order)
	return func(dst []uint8, src []byte) {
		for x := range len(dst) / 3 {
			p := src[x*samples*size+at:]
			o := dst[3*x : 3*x+3 : 3*x+3]
			o[0], o[1], o[2] = p[0], p[size], p[2*size]
		}
	}
}

// premultiplied divides the upper bytes by that of alpha (Pillow's unpackRGBa).
func premultiplied(samples, bits int, order binary.ByteOrder) converter {
	at, size := upperByte(bits, order)
	return func(dst []uint8, src []byte) {
		for x := range len(dst) / 3 {
			p := src[x*samples*size+at:]
			o := dst[3*x : 3*x+3 : 3*x+3]
			alpha := int(p[3*size])
			for i := range o {
				o[i] = 0
				if alpha != 0 {
					o[i] = uint8(min(int(p[i*size])*255/alpha, 255))
				}
			}
		}
	}
}

// grayPremultiplied is Pillow's la2lA, which keeps the gray where alpha is zero.
func grayPremultiplied(dst []uint8, src []byte) {
	for x := range len(dst) / 3 {
		v, alpha := int(src[2*x]), int(src[2*x+1])
		if alpha != 0 {
			v = min(255*v/alpha, 255)
		}
		setGray(dst[3*x:], uint8(v))
	}
}

// inks makes light of the upper bytes of four inks (Pillow's cmyk2rgb).
func inks(samples, bits int, order binary.ByteOrder) converter {
	at, size := upperByte(bits, order)
	return func(dst []uint8, src []byte) {
		for x := range len(dst) / 3 {
			p := src[x*samples*size+at:]
			o := dst[3*x : 3*x+3 : 3*x+3]
			light := 255 - int(p[3*size])
			for i := range o {
				t := int(p[i*size])*light + 128
				o[i] = uint8(max(light-(t>>8+t)>>8, 0))
			}
		}
	}
}
