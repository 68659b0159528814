package nn

import (
	"fmt"
	"math"
	"slices"
)

// A Target is a scalar s of an image, a function of its logits z: it returns s for image
// i of a batch and, unless d is nil, writes the derivatives of s by each logit to d, which
// has as many elements as z. It returns an error when there is no such scalar. It must not
// keep or change z, and may be called by several goroutines.
type Target func(i int, z, d []float64) (float64, error)

// Predicted stands for the class with the largest logit.
const Predicted = -1

// Logit is the logit of a class: classes[i] for image i, or the predicted one
// where that is [Predicted] or classes is nil.
//
//	s = z[c]
func Logit(classes []int) Target {
	return func(i int, z, d []float64) (float64, error) {
		c, err := classOf(classes, i, z)
		if err != nil {
			return 0, err
		}
		if d != nil {
			clear(d)
			d[c] = 1
		}
		return z[c], nil
	}
}

// Probability is the probability of a class, chosen as for [Logit]:
//
//	s = p[c], p = softmax(z), ds/dz[k] = p[c] ((k = c) - p[k])
func Probability(classes []int) Target {
	return func(i int, z, d []float64) (float64, error) {
		c, err := classOf(classes, i, z)
		if err != nil {
			return 0, err
		}
		if d == nil {
			d = make([]float64, len(z))
		}
		Softmax(d, z)
		p := d[c]
		for k := range d {
			d[k] *= -p
		}
		d[c] += p
		return p, nil
	}
}

// LogProbability is the logarithm of the probability of a class, chosen as for
// [Logit]: minus the cross entropy.
//
//	s = log p[c] = z[c] - log sum over k of exp(z[k]), ds/dz[k] = (k = c) - p[k]
func LogProbability(classes []int) Target {
	return func(i int, z, d []float64) (float64, error) {
		c, err := classOf(classes, i, z)
		if err != nil {
			return 0, err
		}
		if d == nil {
			d = make([]float64, len(z))
		}
		total := Softmax(d, z)
		for k := range d {
			d[k] = -d[k]
		}
		d[c]++
		return z[c] - total, nil
	}
}

// Weighted is a sum of the logits with the same weights for every image:
//
//	s = sum over k of weights[k] z[k]
func Weighted(weights []float64) Target {
	return func(_ int, z, d []float64) (float64, error) {
		if len(weights) != len(z) {
			return 0, fmt.Errorf("nn: %d weights for %d logits", len(weights), len(z))
		}
		s := 0.0
		for k, w := range weights {
			s += w * z[k]
		}
		if d != nil {
			copy(d, weights)
		}
		return s, nil
	}
}

// Minus is -s: what speaks against.
func Minus(s Target) Target { return Times(-1, s) }

// Times is factor s.
func Times(factor float64, s Target) Target {
	return func(i int, z, d []float64) (float64, error) {
		v, err := s(i, z, d)
		for k := range d {
			d[k] *= factor
		}
		return factor * v, err
	}
}

// Plus is s + t: Plus(Logit(a), Minus(Logit(b))) is the difference of two classes, and
// Plus(Logit(c), LogProbability(c)) the target "ReST" of Cai (2025).
func Plus(s, t Target) Target {
	return func(i int, z, d []float64) (float64, error) {
		var other []float64
		if d != nil {
			other = make([]float64, len(d))
		}
		v, err := s(i, z, d)
		if err != nil {
			return 0, err
		}
		w, err := t(i, z, other)
		for k := range d {
			d[k] += other[k]
		}
		return v + w, err
	}
}

// Finer tells a class c, chosen as for [Logit], from those most like it (Zhang et al.,
// "Finer-CAM: Spotting the difference reveals finer details for visual explanation",
// CVPR 2025, equation 5): its logit less alpha times each of theirs, weighed by their
// probabilities,
//
//	s = sum over d of r[d] (z[c] - alpha z[d]), r[d] = p[d] / sum over d of p[d]
//
// over the n classes whose logits are nearest to z[c]. The weights are derived too.
func Finer(classes []int, alpha float64, n int) Target {
	return func(i int, z, d []float64) (float64, error) {
		c, err := classOf(classes, i, z)
		if err != nil {
			return 0, err
		}
		near := nearest(z, c, n)
		if len(near) == 0 {
			return 0, fmt.Errorf("nn: a network of %d outputs has no class to tell class %d from", len(z), c)
		}
		rivals, r := make([]float64, len(near)), make([]float64, len(near))
		for j, k := range near {
			rivals[j] = z[k]
		}
		Softmax(r, rivals)
		s := 0.0
		for j, v := range rivals {
			s += r[j] * (z[c] - alpha*v)
		}
		if d != nil {
			clear(d)
			d[c] = 1
			for j, k := range near {
				d[k] = r[j] * (z[c] - alpha*rivals[j] - s - alpha)
			}
		}
		return s, nil
	}
}

// nearest returns the n classes whose logits are nearest to that of c, nearest first and
// of equals the first.
func nearest(z []float64, c, n int) []int {
	var others []int
	for k := range z {
		if k != c {
			others = append(others, k)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int {
		da, db := math.Abs(z[a]-z[c]), math.Abs(z[b]-z[c])
		switch {
		case da < db:
			return -1
		case da > db:
			return 1
		}
		return 0
	})
	return others[:max(0, min(n, len(others)))]
}

func classOf(classes []int, i int, z []float64) (int, error) {
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
// overflows, and returns log(sum(exp(z))). p and z may be the same.
func Softmax(p, z []float64) float64 {
	top := z[max(Argmax(z), 0)]
	sum := 0.0
	for k, v := range z {
		p[k] = math.Exp(v - top)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return top + math.Log(sum)
}

// Argmax returns the index of the largest value, the first of equals, or -1
// for none.
func Argmax[T float32 | float64](x []T) int {
	best := -1
	for i, v := range x {
		if best < 0 || v > x[best] {
			best = i
		}
	}
	return best
}
