package data

import (
	"context"
	"image"
)

// fromVP8 converts a decoded lossy WebP with the chroma upsampling and the
// colour formulas of libwebp (dsp/upsampling.c, dsp/yuv.h). VP8 has luma in 16
// to 235, which image.YCbCr, made for JPEG, does not know.
func fromVP8(ctx context.Context, m *image.YCbCr) (*Image, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := &Image{w, h, make([]uint8, 3*w*h)}
	u, v := make([]uint8, w), make([]uint8, w)
	cw := (w + 1) / 2
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// The chroma row of this pair of rows, and the nearest of the others.
		near := y / 2
		far := max(0, min(near-1+y%2*2, (h-1)/2))
		line := func(plane []uint8, y int) []uint8 { return plane[y*m.CStride:][:cw] }
		vp8Upsample(u, line(m.Cb, near), line(m.Cb, far))
		vp8Upsample(v, line(m.Cr, near), line(m.Cr, far))
		luma := m.Y[y*m.YStride:][:w]
		dst := out.Pix[3*y*w : 3*(y+1)*w]
		for x, l := range luma {
			o := dst[3*x : 3*x+3 : 3*x+3]
			o[0], o[1], o[2] = vp8RGB(int32(l), int32(u[x]), int32(v[x]))
		}
	}
	return out, nil
}

// vp8Upsample writes one row of chroma: of the four samples around a pixel the
// nearest counts 9/16, the farthest 1/16, and the other two 3/16 each, rounded
// in two steps.
func vp8Upsample(dst, near, far []uint8) {
	w := len(dst)
	dst[0] = uint8((3*int(near[0]) + int(far[0]) + 2) >> 2)
	for x := 1; x <= (w-1)/2; x++ {
		nl, nr := int(near[x-1]), int(near[x])
		fl, fr := int(far[x-1]), int(far[x])
		sum := nl + nr + fl + fr + 8
		rising := (sum + 2*(nr+fl)) >> 3
		falling := (sum + 2*(nl+fr)) >> 3
		dst[2*x-1] = uint8((rising + nl) >> 1)
		dst[2*x] = uint8((falling + nr) >> 1)
	}
	if w%2 == 0 {
		dst[w-1] = uint8((3*int(near[w/2-1]) + int(far[w/2-1]) + 2) >> 2)
	}
}

// vp8RGB is yuv.h's conversion of BT.601 video levels in 14-bit fixed point.
func vp8RGB(y, u, v int32) (r, g, b uint8) {
	l := y * 19077 >> 8
	return clip((l + v*26149>>8 - 14234) >> 6),
		clip((l - u*6419>>8 - v*13320>>8 + 8708) >> 6),
		clip((l + u*33050>>8 - 17685) >> 6)
}

func clip(v int32) uint8 { return uint8(max(0, min(v, 255))) }
