package augment

import (
	"context"

	"github.com/glimpse-go/glimpse/data"
)

// adjustBrightness is torchvision.transforms.functional.adjust_brightness on a PIL
// image: a blend with black.
func adjustBrightness(ctx context.Context, im *data.Image, factor float64) (*data.Image, error) {
	return mapped(ctx, im, levels(0, factor))
}

// adjustContrast is adjust_contrast: a blend with the mean gray of the image.
func adjustContrast(ctx context.Context, im *data.Image, factor float64) (*data.Image, error) {
	sum, stride := uint64(0), 3*im.Width
	for y := range im.Height {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for p := im.Pix[y*stride : (y+1)*stride]; len(p) >= 3; p = p[3:] {
			sum += uint64(gray(p[0], p[1], p[2]))
		}
	}
	mean := float64(sum) / float64(im.Width*im.Height)
	return mapped(ctx, im, levels(uint8(mean+0.5), factor))
}

// adjustSaturation is adjust_saturation: a blend of each pixel with its gray.
func adjustSaturation(ctx context.Context, im *data.Image, factor float64) (*data.Image, error) {
	f := float32(factor)
	return each(ctx, im, func(dst, src []uint8) {
		for i := 0; i+3 <= len(src); i += 3 {
			s, d := src[i:i+3:i+3], dst[i:i+3:i+3]
			g := gray(s[0], s[1], s[2])
			d[0], d[1], d[2] = blended(g, s[0], f), blended(g, s[1], f), blended(g, s[2], f)
		}
	})
}

// adjustHue is adjust_hue: the hue, of 256 steps, is shifted by factor*255 of them, towards
// zero and around.
func adjustHue(ctx context.Context, im *data.Image, factor float64) (*data.Image, error) {
	shift := uint8(int(factor * 255))
	return each(ctx, im, func(dst, src []uint8) {
		for i := 0; i+3 <= len(src); i += 3 {
			s, d := src[i:i+3:i+3], dst[i:i+3:i+3]
			h, sat, v := hsv(s[0], s[1], s[2])
			d[0], d[1], d[2] = rgb(h+shift, sat, v)
		}
	})
}

// gray is Pillow's conversion to L.
func gray(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// blended is Pillow's Image.blend of two bytes, in float32: b at 1 and beyond that
// farther from a.
func blended(a, b uint8, factor float32) uint8 {
	switch x := float32(a) + float32(factor*float32(int32(b)-int32(a))); {
	case x <= 0:
		return 0
	case x >= 255:
		return 255
	default:
		return uint8(int32(x))
	}
}

// levels is blended(a, b) by b.
func levels(a uint8, factor float64) *[256]uint8 {
	var l [256]uint8
	for b := range l {
		l[b] = blended(a, uint8(b), float32(factor))
	}
	return &l
}

// mapped replaces every byte by its level.
func mapped(ctx context.Context, im *data.Image, l *[256]uint8) (*data.Image, error) {
	return each(ctx, im, func(dst, src []uint8) {
		for i, v := range src {
			dst[i] = l[v]
		}
	})
}

// each makes an image row by row.
func each(ctx context.Context, im *data.Image, f func(dst, src []uint8)) (*data.Image, error) {
	out := &data.Image{Width: im.Width, Height: im.Height, Pix: make([]uint8, len(im.Pix))}
	stride := 3 * im.Width
	for y := range im.Height {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f(out.Pix[y*stride:(y+1)*stride], im.Pix[y*stride:(y+1)*stride])
	}
	return out, nil
}
