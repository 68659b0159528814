package render

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// DefaultAlpha is the opacity of heat maps over images.
const DefaultAlpha = 0.4

// Overlay blends a heat map, row-major, one byte a pixel of the gray image,
// over that image: with c = cmap[heat] (nil: Jet), g the gray level and
// a = floor(255 alpha),
//
//	out = floor((256 c a + g (65280 - 255 a)) / (65280 + a))
//
// and out = c when a is 255. This is alpha c + (1-alpha) g in the arithmetic
// of Agg, which draws for matplotlib: the result is, to the byte, what it
// shows of imshow(heat, cmap, alpha=alpha, vmin=0, vmax=255) over the gray
// image as RGB. It returns an error when the sizes differ or alpha is not in
// [0, 1].
func Overlay(gray *image.Gray, heat []uint8, cmap *Colormap, alpha float64) (*image.RGBA, error) {
	if gray == nil {
		return nil, errors.New("render: no gray image under the heat map")
	}
	return overlay(under{gray.Pix, gray.Stride, 1, [3]int{}, gray.Rect.Size()}, heat, cmap, alpha)
}

// OverlayColor is [Overlay] over the image in its colours, channel by channel; what is
// transparent is white below.
func OverlayColor(im image.Image, heat []uint8, cmap *Colormap, alpha float64) (*image.RGBA, error) {
	if im == nil {
		return nil, errors.New("render: no image under the heat map")
	}
	b := im.Bounds()
	if err := checkSides(b.Dx(), b.Dy()); err != nil {
		return nil, err
	}
	rgb := scale(im, b.Dx(), b.Dy())
	return overlay(under{rgb.Pix, rgb.Stride, 4, [3]int{0, 1, 2}, b.Size()}, heat, cmap, alpha)
}

// under is an image below a heat map: its bytes, how many lie from row to row and pixel to
// pixel, and where red, green and blue are in a pixel.
type under struct {
	pix          []uint8
	stride, step int
	at           [3]int
	size         image.Point
}

func overlay(base under, heat []uint8, cmap *Colormap, alpha float64) (*image.RGBA, error) {
	w, h := base.size.X, base.size.Y
	if err := checkSides(w, h); err != nil {
		return nil, err
	}
	if len(heat) != w*h {
		return nil, fmt.Errorf("render: a heat map of %d bytes does not fit an image of %d x %d pixels", len(heat), w, h)
	}
	if err := checkAlpha(alpha); err != nil {
		return nil, err
	}
	if cmap == nil {
		cmap = &Jet
	}
	a := uint32(math.Floor(alpha * 255))
	divisor := 65280 + a
	if a == 255 { // Agg copies what is opaque
		divisor = 65280
	}
	// Both terms of the numerator, for every heat and level below.
	var over [256][3]uint32
	var below [256]uint32
	for i := range 256 {
		for ch, c := range cmap[i] {
			over[i][ch] = 256 * uint32(c) * a
		}
		below[i] = uint32(i) * (65280 - 255*a)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row, pixels := out.Pix[y*out.Stride:][:4*w], base.pix[y*base.stride:][:base.step*w]
		for x, level := range heat[y*w : (y+1)*w] {
			p, c, g := row[4*x:4*x+4:4*x+4], &over[level], pixels[base.step*x:]
			p[0] = uint8((c[0] + below[g[base.at[0]]]) / divisor)
			p[1] = uint8((c[1] + below[g[base.at[1]]]) / divisor)
			p[2] = uint8((c[2] + below[g[base.at[2]]]) / divisor)
			p[3] = 255
		}
	}
	return out, nil
}

func checkAlpha(alpha float64) error {
	if !(alpha >= 0 && alpha <= 1) {
		return fmt.Errorf("render: alpha %v is not in 0 to 1", alpha)
	}
	return nil
}
