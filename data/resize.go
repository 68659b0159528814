package data

import (
	"context"
	"fmt"
	"image"

	"github.com/glimpse-go/glimpse/internal/resample"
)

// Resize scales an image to w x h pixels, bit for bit as Pillow's
// Image.resize((w, h), BILINEAR) does on RGB images, and so as torchvision's
// Resize: a triangle filter, widened by the scale when shrinking, in 22-bit
// fixed point, along one axis and then along the other, with bytes between.
//
// The order of the axes is Pillow 13's: first along the rows, unless more than
// twice as many rows as columns are lost. Earlier versions of Pillow always
// began along the rows; where the two disagree they differ by a rounding. A
// Resize that keeps the shape meets the difference when it shrinks pictures
// more than twice as high as wide.
//
// Beyond 1<<26 pixels (64 megapixels) it returns an error.
func Resize(im *Image, w, h int) (*Image, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	if err := checkOutput(w, h); err != nil {
		return nil, err
	}
	return scaled(context.Background(), im, w, h, image.Rect(0, 0, w, h))
}

// ResizedCrop scales the part of im with the upper left corner (left, top) and the sides
// height and width to h x w pixels, as [Resize] does
// (torchvision.transforms.functional.resized_crop, whose order of arguments this is). It
// returns an error when the part is empty or not within im, and stops with ctx's error
// when ctx ends.
func ResizedCrop(ctx context.Context, im *Image, top, left, height, width, h, w int) (*Image, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	if top < 0 || left < 0 || height <= 0 || width <= 0 || height > im.Height-top || width > im.Width-left {
		return nil, fmt.Errorf("data: no part of %d x %d pixels at (%d, %d) in an image of %d x %d", width, height, left, top, im.Width, im.Height)
	}
	if err := checkOutput(w, h); err != nil {
		return nil, err
	}
	part, err := scaled(ctx, im, im.Width, im.Height, image.Rect(left, top, left+width, top+height))
	if err != nil || (w == width && h == height) {
		return part, err
	}
	return scaled(ctx, part, w, h, image.Rect(0, 0, w, h))
}

// maxOutput bounds the pixels that a transform may produce: an image one pixel
// high and a million wide would otherwise grow without limit.
const maxOutput = 1 << 26

func checkOutput(w, h int) error {
	if w <= 0 || h <= 0 || w > maxOutput/h {
		return fmt.Errorf("data: cannot resize to %d x %d pixels, at most %d in all", w, h, maxOutput)
	}
	return nil
}

// scaled returns the part win of im resized to w x h.
func scaled(ctx context.Context, im *Image, w, h int, win image.Rectangle) (*Image, error) {
	pix, err := resample.RGB(ctx, im.Pix, im.Width, im.Height, w, h, win)
	return &Image{win.Dx(), win.Dy(), pix}, err
}
