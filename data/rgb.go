package data

import (
	"context"
	"image"
	"image/color"
)

// toRGB converts a decoded picture as Pillow's convert("RGB") does: alpha is
// dropped, not blended; 16-bit colour keeps its upper byte, but 16-bit gray is
// clipped to 255; CMYK goes through Pillow's formula.
func toRGB(ctx context.Context, im image.Image) (*Image, error) {
	b := im.Bounds()
	w, h := b.Dx(), b.Dy()
	out := &Image{w, h, make([]uint8, 3*w*h)}
	row := rowConverter(im)
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row(out.Pix[3*y*w:3*(y+1)*w], b.Min.Y+y)
	}
	return out, nil
}

// rowConverter returns a function that writes row y of im as RGB.
func rowConverter(im image.Image) func(dst []uint8, y int) {
	b := im.Bounds()
	switch m := im.(type) {
	case *image.Gray:
		return func(dst []uint8, y int) {
			for x, v := range m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)] {
				o := dst[3*x : 3*x+3 : 3*x+3]
				o[0], o[1], o[2] = v, v, v
			}
		}
	case *image.Gray16:
		return func(dst []uint8, y int) {
			src := m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)]
			for x := range len(src) / 2 {
				v := src[2*x+1]
				if src[2*x] != 0 {
					v = 255
				}
				o := dst[3*x : 3*x+3 : 3*x+3]
				o[0], o[1], o[2] = v, v, v
			}
		}
	case *image.Paletted:
		var table [256][3]uint8
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			table[i] = straight(c)
		}
		return func(dst []uint8, y int) {
			for x, v := range m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)] {
				*(*[3]uint8)(dst[3*x:]) = table[v]
			}
		}
	case *image.NRGBA:
		return func(dst []uint8, y int) {
			pick(dst, m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)], 4, 1)
		}
	case *image.NRGBA64:
		return func(dst []uint8, y int) {
			pick(dst, m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)], 8, 2)
		}
	case *image.RGBA64:
		if m.Opaque() {
			return func(dst []uint8, y int) {
				pick(dst, m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)], 8, 2)
			}
		}
	case *image.RGBA:
		if m.Opaque() {
			return func(dst []uint8, y int) {
				pick(dst, m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)], 4, 1)
			}
		}
	case *image.CMYK:
		return func(dst []uint8, y int) {
			src := m.Pix[m.PixOffset(b.Min.X, y):m.PixOffset(b.Max.X, y)]
			for x := range len(src) / 4 {
				c := src[4*x : 4*x+4 : 4*x+4]
				o := dst[3*x : 3*x+3 : 3*x+3]
				o[0], o[1], o[2] = ink(c[0], c[3]), ink(c[1], c[3]), ink(c[2], c[3])
			}
		}
	}
	return func(dst []uint8, y int) {
		for x := range len(dst) / 3 {
			*(*[3]uint8)(dst[3*x:]) = straight(im.At(b.Min.X+x, y))
		}
	}
}

// pick takes every step-th byte of pixels of the given size, three a pixel.
func pick(dst, src []uint8, size, step int) {
	for len(src) >= size {
		o := dst[:3:3]
		p := src[:size:size]
		o[0], o[1], o[2] = p[0], p[step], p[2*step]
		dst, src = dst[3:], src[size:]
	}
}

// straight returns the colour without its alpha.
func straight(c color.Color) [3]uint8 {
	switch c := c.(type) {
	case color.NRGBA:
		return [3]uint8{c.R, c.G, c.B}
	case color.RGBA:
		// Pillow's "RGBa" to "RGBA", which truncates, and leaves what has no alpha.
		if c.A == 255 || c.A == 0 {
			return [3]uint8{c.R, c.G, c.B}
		}
		un := func(v uint8) uint8 { return uint8(min(255*int(v)/int(c.A), 255)) }
		return [3]uint8{un(c.R), un(c.G), un(c.B)}
	}
	n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
	return [3]uint8{uint8(n.R >> 8), uint8(n.G >> 8), uint8(n.B >> 8)}
}

// ink is Pillow's cmyk2rgb for one of the three inks and black.
func ink(c, k uint8) uint8 {
	left := 255 - int(k)
	t := int(c)*left + 128
	return uint8(max(left-((t>>8)+t)>>8, 0))
}
