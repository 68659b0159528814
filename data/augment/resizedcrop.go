package augment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/data"
)

// RandomResizedCrop cuts out a part of random size, shape and place, and scales it with
// the bilinear filter of [data.Resize] (torchvision.transforms.RandomResizedCrop).
type RandomResizedCrop struct {
	Size      int    // side of a square, or
	SizeExact [2]int // height and width
	// Scale is the range of the part's share of the image's area, uniform. Zero means 0.08 to 1.
	Scale [2]float64
	// Ratio is the range of its width by height, uniform in the logarithm. Zero means 3/4 to 4/3.
	Ratio [2]float64
}

// options returns Scale and Ratio, or what is wrong.
func (c RandomResizedCrop) options() (scale, ratio [2]float64, err error) {
	if _, _, err = sides("RandomResizedCrop", c.Size, c.SizeExact); err != nil {
		return scale, ratio, err
	}
	if scale, err = interval("RandomResizedCrop: Scale", c.Scale, [2]float64{0.08, 1}, 0, 1<<20); err != nil {
		return scale, ratio, err
	}
	ratio, err = interval("RandomResizedCrop: Ratio", c.Ratio, [2]float64{3.0 / 4, 4.0 / 3}, 1.0/(1<<20), 1<<20)
	return scale, ratio, err
}

// Check returns an error for options that mean nothing.
func (c RandomResizedCrop) Check() error {
	_, _, err := c.options()
	return err
}

// String is torchvision's.
func (c RandomResizedCrop) String() string {
	h, w, _ := sides("", c.Size, c.SizeExact)
	scale, ratio, _ := c.options()
	short := func(x float64) string { return float(math.RoundToEven(x*1e4) / 1e4) }
	return fmt.Sprintf("RandomResizedCrop(size=(%d, %d), scale=(%s, %s), ratio=(%s, %s), interpolation=bilinear, antialias=True)",
		h, w, short(scale[0]), short(scale[1]), short(ratio[0]), short(ratio[1]))
}

// Augment implements [data.Augmentation].
func (c RandomResizedCrop) Augment(ctx context.Context, im *data.Image, r *rand.Rand) (*data.Image, error) {
	scale, ratio, err := c.options()
	if err != nil {
		return nil, err
	}
	if err := check(im); err != nil {
		return nil, err
	}
	top, left, height, width := resizedCropParams(r, im.Height, im.Width, scale, ratio)
	h, w, _ := sides("", c.Size, c.SizeExact)
	return data.ResizedCrop(ctx, im, top, left, height, width, h, w)
}

// resizedCropParams mirrors RandomResizedCrop.get_params for an image of height x width:
// ten attempts, and then the largest part in the middle that has a ratio within range.
func resizedCropParams(r *rand.Rand, height, width int, scale, ratio [2]float64) (top, left, h, w int) {
	for range 10 {
		fw, fh := rectangle(r, height, width, scale, ratio)
		if fw, fh = math.RoundToEven(fw), math.RoundToEven(fh); fw > 0 && fw <= float64(width) && fh > 0 && fh <= float64(height) {
			h, w = int(fh), int(fw)
			return r.IntN(height - h + 1), r.IntN(width - w + 1), h, w
		}
	}
	h, w = height, width
	switch shape := float64(width) / float64(height); {
	case shape < ratio[0]:
		h = int(math.RoundToEven(float64(w) / ratio[0]))
	case shape > ratio[1]:
		w = int(math.RoundToEven(float64(h) * ratio[1]))
	}
	h, w = max(h, 1), max(w, 1) // of a line, where PIL has no image left
	return (height - h) / 2, (width - w) / 2, h, w
}
