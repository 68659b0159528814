package augment

import (
	"context"
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/data"
)

// RandomHorizontalFlip exchanges left and right with a probability
// (torchvision.transforms.RandomHorizontalFlip).
type RandomHorizontalFlip struct {
	P float64 // probability; 0 means 0.5
}

// Check returns an error when P is no probability.
func (f RandomHorizontalFlip) Check() error {
	_, err := probability("RandomHorizontalFlip", f.P)
	return err
}

// String is torchvision's.
func (f RandomHorizontalFlip) String() string {
	p, _ := probability("", f.P)
	return "RandomHorizontalFlip(p=" + float(p) + ")"
}

// Augment implements [data.Augmentation].
func (f RandomHorizontalFlip) Augment(ctx context.Context, im *data.Image, r *rand.Rand) (*data.Image, error) {
	p, err := probability("RandomHorizontalFlip", f.P)
	if err != nil {
		return nil, err
	}
	if err := check(im); err != nil {
		return nil, err
	}
	if r.Float64() >= p {
		return im, nil
	}
	return hflip(ctx, im)
}

// hflip exchanges left and right.
func hflip(ctx context.Context, im *data.Image) (*data.Image, error) {
	out := &data.Image{Width: im.Width, Height: im.Height, Pix: make([]uint8, len(im.Pix))}
	stride := 3 * im.Width
	for y := range im.Height {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		src, dst := im.Pix[y*stride:(y+1)*stride], out.Pix[y*stride:(y+1)*stride]
		for i, j := 0, stride-3; j >= 0; i, j = i+3, j-3 {
			s, d := src[i:i+3:i+3], dst[j:j+3:j+3]
			d[0], d[1], d[2] = s[0], s[1], s[2]
		}
	}
	return out, nil
}
