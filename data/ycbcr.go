package data

import (
	"context"
	"image"
)

// fromJFIF converts a decoded JPEG with the chroma upsampling and the colour
// formulas of libjpeg (jdsample.c, jdcolor.c), which Pillow uses: a triangle
// filter where the chroma planes are half as wide or half as high, not the
// nearest sample as image.YCbCr has it.
func fromJFIF(ctx context.Context, m *image.YCbCr) (*Image, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := &Image{w, h, make([]uint8, 3*w*h)}
	cb, cr := newUpsampler(m, m.Cb), newUpsampler(m, m.Cr)
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b, r := cb.row(y), cr.row(y)
		luma := m.Y[y*m.YStride:][:w]
		dst := out.Pix[3*y*w : 3*(y+1)*w]
		for x, l := range luma {
			o := dst[3*x : 3*x+3 : 3*x+3]
			o[0], o[1], o[2] = jfifRGB(int32(l), int32(b[x]), int32(r[x]))
		}
	}
	return out, nil
}

// jfifRGB is jdcolor.c's conversion in 16-bit fixed point.
func jfifRGB(y, cb, cr int32) (r, g, b uint8) {
	cb -= 128
	cr -= 128
	const half = 1 << 15
	return clip(y + (91881*cr+half)>>16),
		clip(y + (-22554*cb-46802*cr+half)>>16),
		clip(y + (116130*cb+half)>>16)
}

func clip(v int32) uint8 { return uint8(max(0, min(v, 255))) }

// upsampler makes rows of full width from one chroma plane.
type upsampler struct {
	plane  []uint8
	stride int
	w, h   int // samples that belong to the picture
	across int // pixels a sample stands for, along the row
	down   int
	out    []uint8
	sums   []int32
}

func newUpsampler(m *image.YCbCr, plane []uint8) *upsampler {
	u := &upsampler{plane: plane, stride: m.CStride, across: 1, down: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.across = 2
	case image.YCbCrSubsampleRatio420:
		u.across, u.down = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.down = 2
	case image.YCbCrSubsampleRatio411:
		u.across = 4
	case image.YCbCrSubsampleRatio410:
		u.across, u.down = 4, 2
	}
	u.w = (m.Rect.Dx() + u.across - 1) / u.across
	u.h = (m.Rect.Dy() + u.down - 1) / u.down
	u.out = make([]uint8, u.w*u.across)
	u.sums = make([]int32, u.w)
	return u
}

func (u *upsampler) line(y int) []uint8 { return u.plane[y*u.stride:][:u.w] }

// row returns row y of the picture; it is overwritten by the next call.
func (u *upsampler) row(y int) []uint8 {
	near := u.line(y / u.down)
	if u.across == 1 && u.down == 1 {
		return near
	}
	// Of the two chroma rows around y the nearer counts three times.
	other := y/2 - 1 + y%2*2
	far := u.line(max(0, min(other, u.h-1)))
	switch {
	case u.across == 1: // h1v2_fancy_upsample
		bias := int32(1 + y%2)
		for x := range u.out {
			u.out[x] = uint8((3*int32(near[x]) + int32(far[x]) + bias) >> 2)
		}
	case u.across == 2 && u.w > 2 && u.down == 1: // h2v1_fancy_upsample
		for x, v := range near {
			u.sums[x] = int32(v)
		}
		u.widen(1, 2, 2)
	case u.across == 2 && u.w > 2: // h2v2_fancy_upsample
		for x := range near {
			u.sums[x] = 3*int32(near[x]) + int32(far[x])
		}
		u.widen(8, 7, 4)
	default: // int_upsample
		for x := range u.out {
			u.out[x] = near[x/u.across]
		}
	}
	return u.out
}

// widen doubles the width of sums: of two samples the nearer counts three
// times, and what lies left and right of a sample is rounded by its own bias.
// At the ends there is but one sample.
func (u *upsampler) widen(left, right int32, shift int) {
	s, n := u.sums, u.w
	for x, v := range s {
		u.out[2*x] = uint8((3*v + s[max(x-1, 0)] + left) >> shift)
		u.out[2*x+1] = uint8((3*v + s[min(x+1, n-1)] + right) >> shift)
	}
}
