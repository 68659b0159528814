// Package augment has the transforms of torchvision.transforms that training makes by
// chance, on images (RandomCrop, RandomHorizontalFlip, RandomResizedCrop, ColorJitter),
// on tensors (RandomErasing) and on batches (MixUp and CutMix of transforms.v2). The
// zero value of an option is torchvision's default.
//
// Each draws its parameters and then applies a function of them. The functions are
// torchvision's on PIL images, the same to the last bit; the distributions are
// torchvision's, but the random numbers are others, those of [data.BatchOptions].
package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/glimpse-go/glimpse/data"
)

// Each transform is of one of three kinds.
var (
	_ = []data.Augmentation{RandomCrop{}, RandomHorizontalFlip{}, RandomResizedCrop{}, ColorJitter{}}
	_ = []data.TensorAugmentation{RandomErasing{}}
	_ = []data.BatchAugmentation{MixUp{}, CutMix{}}
)

// maxPixels bounds the sides' product of what a transform makes.
const maxPixels = 1 << 26

// sides returns height and width as Size and SizeExact ask for them.
func sides(name string, size int, exact [2]int) (h, w int, err error) {
	switch {
	case exact == [2]int{}:
		h, w = size, size
	case size != 0:
		return 0, 0, fmt.Errorf("augment: %s: both Size and SizeExact are set", name)
	default:
		h, w = exact[0], exact[1]
	}
	if h <= 0 || w <= 0 || h > maxPixels/w {
		return 0, 0, fmt.Errorf("augment: %s: the size is %d x %d, expected at least 1 x 1 and at most %d pixels in all", name, h, w, maxPixels)
	}
	return h, w, nil
}

// check tells whether an image is one.
func check(im *data.Image) error {
	if im == nil || im.Width <= 0 || im.Height <= 0 || im.Width > 1<<30/im.Height || len(im.Pix) != 3*im.Width*im.Height {
		return fmt.Errorf("augment: the image has no pixels, or not as many as its sides ask for")
	}
	return nil
}

// probability returns p, or 0.5 for 0, or an error where it is none.
func probability(name string, p float64) (float64, error) {
	if !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("augment: %s: P is %v, expected a probability", name, p)
	}
	if p == 0 {
		return 0.5, nil
	}
	return p, nil
}

// interval returns v, or missing where it is not set. It is an error when v does not
// ascend, or is not within [least, most].
func interval(name string, v, missing [2]float64, least, most float64) ([2]float64, error) {
	if v == [2]float64{} {
		return missing, nil
	}
	if !(least <= v[0] && v[0] <= v[1] && v[1] <= most) {
		return v, fmt.Errorf("augment: %s is %v, expected from %v to %v, ascending", name, v, least, most)
	}
	return v, nil
}

// uniform draws from [v[0], v[1]).
func uniform(r *rand.Rand, v [2]float64) float64 {
	return v[0] + float64((v[1]-v[0])*r.Float64())
}

// rectangle draws the sides, as real numbers, of a rectangle whose area is a uniform share of
// height x width and whose ratio of sides, first by second, is uniform in its logarithm.
func rectangle(r *rand.Rand, height, width int, scale, ratio [2]float64) (first, second float64) {
	area := float64(height) * float64(width) * uniform(r, scale)
	aspect := math.Exp(uniform(r, [2]float64{math.Log(ratio[0]), math.Log(ratio[1])}))
	return math.Sqrt(area * aspect), math.Sqrt(area / aspect)
}

// float shows a number as Python does.
func float(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if x == math.Trunc(x) && math.Abs(x) < 1e16 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return s
}

// short32 shows a float32 likewise.
func short32(x float32) string {
	if x == float32(math.Trunc(float64(x))) && math.Abs(float64(x)) < 1e16 {
		return strconv.FormatFloat(float64(x), 'f', 1, 32)
	}
	return strconv.FormatFloat(float64(x), 'g', -1, 32)
}
