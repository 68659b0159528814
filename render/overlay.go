// Package render draws what the other packages compute: heat maps over images,
// figures of many images, scatter plots.
package render

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
)

// GrayOf converts an image to gray as Pillow's convert("L") does, by the luma
// of ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16, ignoring alpha.
func GrayOf(im image.Image) *image.Gray {
	b := im.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	if g, ok := im.(*image.Gray); ok {
		draw.Draw(out, out.Bounds(), g, b.Min, draw.Src)
		return out
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.NRGBAModel.Convert(im.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			out.Pix[y*out.Stride+x] = uint8((19595*uint32(c.R) + 38470*uint32(c.G) + 7471*uint32(c.B) + 0x8000) >> 16)
		}
	}
	return out
}

// Overlay blends a heat map, one byte a pixel of the gray image, over it:
//
//	out = alpha * cmap[heat] + (1 - alpha) * gray
//
// rounded, which is what matplotlib shows of imshow(gray, cmap="gray") under
// imshow(heat, cmap, alpha). It returns an error when the sizes differ or
// alpha is not in [0, 1].
func Overlay(gray *image.Gray, heat []uint8, cmap *Colormap, alpha float64) (*image.RGBA, error) {
	w, h := gray.Rect.Dx(), gray.Rect.Dy()
	if len(heat) != w*h {
		return nil, fmt.Errorf("render: a heat map of %d bytes does not fit an image of %d x %d pixels", len(heat), w, h)
	}
	if !(alpha >= 0 && alpha <= 1) {
		return nil, fmt.Errorf("render: alpha %v is not in [0, 1]", alpha)
	}
	if cmap == nil {
		cmap = &Jet
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			under := (1 - alpha) * float64(gray.Pix[y*gray.Stride+x])
			p := out.Pix[y*out.Stride+4*x:][:4]
			for ch, over := range cmap[heat[y*w+x]] {
				p[ch] = uint8(math.Round(float64(alpha*float64(over)) + under))
			}
			p[3] = 255
		}
	}
	return out, nil
}
