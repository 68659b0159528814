package nn

import (
	"fmt"
	"math"
)

// A Target is a scalar of an image, a function of its logits z. It writes the
// derivatives of the scalar of image i of a batch by each logit to d, which has
// as many elements as z. It returns an error when there is no such scalar.
type Target func(i int, z []float32, d []float64) error

// Predicted stands for the class with the largest logit.
const Predicted = -1

// Logit is the logit of a class: classes[i] for image i, or the predicted one
// where that is [Predicted] or classes is nil.
//
//	s = z[c]
func Logit(classes []int) Target {
	return func(i int, z []float32, d []float64) error {
		c, err := classOf(classes, i, z)
		if err != nil {
			return err
		}
		clear(d)
		d[c] = 1
		return nil
	}
}

// Probability is the probability of a class, chosen as for [Logit]:
//
//	s = p[c], p = softmax(z), ds/dz[k] = p[c] ((k = c) - p[k])
func Probability(classes []int) Target {
	return func(i int, z []float32, d []float64) error {
		c, err := classOf(classes, i, z)
		if err != nil {
			return err
		}
		Softmax(d, z)
		p := d[c]
		for k := range d {
			d[k] *= -p
		}
		d[c] += p
		return nil
	}
}

// LogProbability is the logarithm of the probability of a class, chosen as for
// [Logit]: minus the cross entropy.
//
//	s = log p[c], ds/dz[k] = (k = c) - p[k]
func LogProbability(classes []int) Target {
	return func(i int, z []float32, d []float64) error {
		c, err := classOf(classes, i, z)
		if err != nil {
			return err
		}
		Softmax(d, z)
		for k := range d {
			d[k] = -d[k]
		}
		d[c]++
		return nil
	}
}

// Weighted is a sum of the logits with the same weights for every image:
//
//	s = sum over k of weights[k] z[k]
func Weighted(weights []float64) Target {
	return func(_ int, z []float32, d []float64) error {
		if len(weights) != len(z) {
			return fmt.Errorf("nn: %d weights for %d logits", len(weights), len(z))
		}
		copy(d, weights)
		return nil
	}
}

// Minus is -s.
func Minus(s Target) Target {
	return func(i int, z []float32, d []float64) error {
		err := s(i, z, d)
		for k := range d {
			d[k] = -d[k]
		}
		return err
	}
}

func classOf(classes []int, i int, z []float32) (int, error) {
	c := Predicted
	if classes != nil {
		if i >= len(classes) {
			return 0, fmt.Errorf("nn: %d classes for a batch that has an image %d", len(classes), i)
		}
		c = classes[i]
	}
	if c == Predicted {
		c = Argmax(z)
	}
	if c < 0 || c >= len(z) {
		return 0, fmt.Errorf("nn: no class %d among %d", c, len(z))
	}
	return c, nil
}

// Softmax writes exp(z) / sum(exp(z)), shifted by the largest so that nothing
// overflows.
func Softmax(p []float64, z []float32) {
	top := float64(z[max(Argmax(z), 0)])
	sum := 0.0
	for k, v := range z {
		p[k] = math.Exp(float64(v) - top)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}

// Argmax returns the index of the largest value, the first of equals, or -1
// for none.
func Argmax(x []float32) int {
	best := -1
	for i, v := range x {
		if best < 0 || v > x[best] {
			best = i
		}
	}
	return best
}
