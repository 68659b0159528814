package augment

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/glimpse-go/glimpse/data"
)

// ColorJitter changes brightness, contrast, saturation and hue by random factors and
// in a random order (torchvision.transforms.ColorJitter). The zero value changes nothing.
type ColorJitter struct {
	// The factor of each is uniform in [max(0, 1-x), 1+x].
	Brightness, Contrast, Saturation float64
	// Hue is shifted by a uniform share of the circle, in [-Hue, Hue]; at most 0.5.
	Hue float64
}

// ranges returns the range of each factor, in the order of the fields, and which of them
// there are.
func (j ColorJitter) ranges() (ranges [4][2]float64, set [4]bool) {
	for i, x := range []float64{j.Brightness, j.Contrast, j.Saturation} {
		ranges[i], set[i] = [2]float64{max(1-x, 0), 1 + x}, x != 0
	}
	ranges[3], set[3] = [2]float64{-j.Hue, j.Hue}, j.Hue != 0
	return ranges, set
}

// Check returns an error for options that mean nothing.
func (j ColorJitter) Check() error {
	for i, x := range []float64{j.Brightness, j.Contrast, j.Saturation, j.Hue} {
		most := 1e6
		if i == 3 {
			most = 0.5
		}
		if !(x >= 0 && x <= most) {
			return fmt.Errorf("augment: ColorJitter: %s is %v, expected 0 to %v", [...]string{"Brightness", "Contrast", "Saturation", "Hue"}[i], x, most)
		}
	}
	return nil
}

// String is torchvision's.
func (j ColorJitter) String() string {
	ranges, set := j.ranges()
	var shown [4]any
	for i, r := range ranges {
		shown[i] = "None"
		if set[i] {
			shown[i] = fmt.Sprintf("(%s, %s)", float(r[0]), float(r[1]))
		}
	}
	return fmt.Sprintf("ColorJitter(brightness=%s, contrast=%s, saturation=%s, hue=%s)", shown[:]...)
}

// Augment implements [data.Augmentation].
func (j ColorJitter) Augment(ctx context.Context, im *data.Image, r *rand.Rand) (*data.Image, error) {
	if err := j.Check(); err != nil {
		return nil, err
	}
	if err := check(im); err != nil {
		return nil, err
	}
	order, factors := j.params(r)
	_, set := j.ranges()
	return jitter(ctx, im, order, factors, set)
}

// params draws the order of the four changes and the factor of each.
func (j ColorJitter) params(r *rand.Rand) (order []int, factors [4]float64) {
	order = r.Perm(4)
	ranges, set := j.ranges()
	for i := range factors {
		if set[i] {
			factors[i] = float64(float32(uniform(r, ranges[i]))) // as torch draws
		}
	}
	return order, factors
}

// jitter makes those of the four changes that are set.
func jitter(ctx context.Context, im *data.Image, order []int, factors [4]float64, set [4]bool) (*data.Image, error) {
	adjust := [...]func(context.Context, *data.Image, float64) (*data.Image, error){adjustBrightness, adjustContrast, adjustSaturation, adjustHue}
	var err error
	for _, i := range order {
		if set[i] {
			if im, err = adjust[i](ctx, im, factors[i]); err != nil {
				return nil, err
			}
		}
	}
	return im, nil
}
