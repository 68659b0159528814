package render

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
)

// GrayOf converts an image to gray as Pillow's convert("L") does, to the byte:
// the luma of ITU-R 601, (19595 R + 38470 G + 7471 B + 32768) >> 16. Alpha is
// ignored, as there; 16-bit channels give their upper byte. The result's
// bounds begin at (0, 0). It returns an error when the image is nil, has no
// pixels or a side over 20,000 of them.
func GrayOf(im image.Image) (*image.Gray, error) {
	if im == nil {
		return nil, errors.New("render: no image to convert to gray")
	}
	b := im.Bounds()
	if err := checkSides(b.Dx(), b.Dy()); err != nil {
		return nil, err
	}
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch im := im.(type) {
	case *image.Gray:
		draw.Draw(out, out.Rect, im, b.Min, draw.Src)
	case *image.NRGBA:
		grayRows(out, im.Pix[im.PixOffset(b.Min.X, b.Min.Y):], im.Stride)
	case *image.YCbCr:
		rgb := image.NewRGBA(out.Rect)
		draw.Draw(rgb, rgb.Rect, im, b.Min, draw.Src)
		grayRows(out, rgb.Pix, rgb.Stride)
	default:
		for y := range b.Dy() {
			for x := range b.Dx() {
				c := color.NRGBAModel.Convert(im.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
				out.Pix[y*out.Stride+x] = luma(c.R, c.G, c.B)
			}
		}
	}
	return out, nil
}

// grayRows converts rows of four bytes a pixel, the alpha last.
func grayRows(out *image.Gray, pix []uint8, stride int) {
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:][:out.Rect.Dx()]
		for x := range row {
			p := pix[y*stride+4*x:][:4]
			row[x] = luma(p[0], p[1], p[2])
		}
	}
}

func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 0x8000) >> 16)
}
