package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// RandomErasing overwrites a random rectangle of a network's input
// (torchvision.transforms.RandomErasing; Zhong et al., Random Erasing Data Augmentation,
// https://arxiv.org/abs/1708.04896).
type RandomErasing struct {
	P float64 // probability; 0 means 0.5
	// Scale is the range of the erased share of the area, uniform. Zero means 0.02 to 0.33.
	Scale [2]float64
	// Ratio is the range of the rectangle's height by width, uniform in the logarithm. Zero means
	// 0.3 to 3.3.
	Ratio [2]float64
	// Value, of one number or of three for R, G and B, is what is written, after normalisation.
	// Nil is 0.
	Value []float32
	// Random writes normally distributed numbers instead (value="random").
	Random bool
}

// options returns P, Scale and Ratio, or what is wrong.
func (e RandomErasing) options() (p float64, scale, ratio [2]float64, err error) {
	if p, err = probability("RandomErasing", e.P); err != nil {
		return p, scale, ratio, err
	}
	if scale, err = interval("RandomErasing: Scale", e.Scale, [2]float64{0.02, 0.33}, 0, 1); err != nil {
		return p, scale, ratio, err
	}
	if ratio, err = interval("RandomErasing: Ratio", e.Ratio, [2]float64{0.3, 3.3}, 1.0/(1<<20), 1<<20); err != nil {
		return p, scale, ratio, err
	}
	if n := len(e.Value); n != 0 && n != 1 && n != 3 {
		err = fmt.Errorf("augment: RandomErasing: Value has %d numbers, expected 1 or 3", n)
	} else if n != 0 && e.Random {
		err = fmt.Errorf("augment: RandomErasing: both Value and Random are set")
	}
	for _, v := range e.Value {
		if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) {
			err = fmt.Errorf("augment: RandomErasing: Value is %v", e.Value)
		}
	}
	return p, scale, ratio, err
}

// Check returns an error for options that mean nothing.
func (e RandomErasing) Check() error {
	_, _, _, err := e.options()
	return err
}

// String is torchvision's.
func (e RandomErasing) String() string {
	p, scale, ratio, _ := e.options()
	value := "0"
	switch {
	case e.Random:
		value = "random"
	case len(e.Value) == 1:
		value = short32(e.Value[0])
	case len(e.Value) == 3:
		value = fmt.Sprintf("(%s, %s, %s)", short32(e.Value[0]), short32(e.Value[1]), short32(e.Value[2]))
	}
	return fmt.Sprintf("RandomErasing(p=%s, scale=(%s, %s), ratio=(%s, %s), value=%s, inplace=False)",
		float(p), float(scale[0]), float(scale[1]), float(ratio[0]), float(ratio[1]), value)
}

// AugmentTensor implements [data.TensorAugmentation].
func (e RandomErasing) AugmentTensor(x []float32, height, width int, r *rand.Rand) error {
	p, scale, ratio, err := e.options()
	if err != nil {
		return err
	}
	if height <= 0 || width <= 0 || height > maxPixels/width || len(x) != 3*height*width {
		return fmt.Errorf("augment: RandomErasing: %d numbers are no tensor of 3 x %d x %d", len(x), height, width)
	}
	if r.Float64() >= p {
		return nil
	}
	top, left, h, w := erasingParams(r, height, width, scale, ratio)
	erase(x, height, width, top, left, h, w, e.values(r, h, w))
	return nil
}

// erasingParams mirrors RandomErasing.get_params: ten attempts, and then nothing is
// erased.
func erasingParams(r *rand.Rand, height, width int, scale, ratio [2]float64) (top, left, h, w int) {
	for range 10 {
		fh, fw := rectangle(r, height, width, scale, ratio)
		if fh, fw = math.RoundToEven(fh), math.RoundToEven(fw); fh < float64(height) && fw < float64(width) {
			h, w = int(fh), int(fw)
			return r.IntN(height - h + 1), r.IntN(width - w + 1), h, w
		}
	}
	return 0, 0, 0, 0
}

// values returns what is written, 3 x h x w.
func (e RandomErasing) values(r *rand.Rand, h, w int) []float32 {
	v := make([]float32, 3*h*w)
	for i := range v {
		switch {
		case e.Random:
			v[i] = float32(r.NormFloat64())
		case len(e.Value) > 0:
			v[i] = e.Value[i/(h*w)%len(e.Value)]
		}
	}
	return v
}

// erase writes v, 3 x h x w, to a part of x, 3 x height x width.
func erase(x []float32, height, width, top, left, h, w int, v []float32) {
	for c := range 3 {
		for y := range h {
			copy(x[(c*height+top+y)*width+left:][:w], v[(c*h+y)*w:])
		}
	}
}
