package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/glimpse-go/glimpse/data"
)

// MixUp replaces each sample by the mean of it and the one before it in the batch,
// the first by that of it and the last, with the weights l and 1-l, and its target
// likewise (torchvision.transforms.v2.MixUp; Zhang et al., mixup: Beyond Empirical Risk
// Minimization, https://arxiv.org/abs/1710.09412). One l, of the distribution Beta(Alpha,
// Alpha), serves a batch.
type MixUp struct {
	Alpha   float64 // 0 means 1
	Classes int     // of the targets; at least one
}

// CutMix replaces a rectangle of each sample by that of the one before it in the batch, of
// the first by that of the last, and mixes the targets by area
// (torchvision.transforms.v2.CutMix; Yun et al., CutMix, https://arxiv.org/abs/1905.04899).
// One rectangle serves a batch: its centre is uniform and its area, before it is cut
// at the edges, is 1-l of the image, with l of the distribution Beta(Alpha, Alpha).
type CutMix struct {
	Alpha   float64 // 0 means 1
	Classes int     // of the targets; at least one
}

// Check returns an error for options that mean nothing.
func (m MixUp) Check() error { return checkMix("MixUp", m.Alpha, m.Classes) }

// Check returns an error for options that mean nothing.
func (m CutMix) Check() error { return checkMix("CutMix", m.Alpha, m.Classes) }

// maxClasses bounds targets; ImageNet-21k has 21,841 classes.
const maxClasses = 1 << 16

func checkMix(name string, alpha float64, classes int) error {
	if alpha != 0 && !(alpha >= 1e-6 && alpha <= 1e6) {
		return fmt.Errorf("augment: %s: Alpha is %v, expected from 1e-6 to 1e6", name, alpha)
	}
	if classes < 1 || classes > maxClasses {
		return fmt.Errorf("augment: %s: there are %d classes, expected 1 to %d", name, classes, maxClasses)
	}
	return nil
}

// String is torchvision's.
func (m MixUp) String() string { return mixString("MixUp", m.Alpha, m.Classes) }

// String is torchvision's.
func (m CutMix) String() string { return mixString("CutMix", m.Alpha, m.Classes) }

func mixString(name string, alpha float64, classes int) string {
	return fmt.Sprintf("%s(alpha=%s, num_classes=%d)", name, float(or1(alpha)), classes)
}

func or1(alpha float64) float64 {
	if alpha == 0 {
		return 1
	}
	return alpha
}

// AugmentBatch implements [data.BatchAugmentation].
func (m MixUp) AugmentBatch(b *data.Batch, r *rand.Rand) error {
	if err := m.Check(); err != nil {
		return err
	}
	targets, err := oneHot(b, m.Classes)
	if err != nil {
		return err
	}
	l := beta(r, or1(m.Alpha))
	blendParts(b.Pixels, len(b.Samples), l)
	blendParts(targets, len(b.Samples), l)
	b.Targets = targets
	return nil
}

// AugmentBatch implements [data.BatchAugmentation].
func (m CutMix) AugmentBatch(b *data.Batch, r *rand.Rand) error {
	if err := m.Check(); err != nil {
		return err
	}
	targets, err := oneHot(b, m.Classes)
	if err != nil {
		return err
	}
	n, h, w := b.Shape[0], b.Shape[2], b.Shape[3]
	x1, y1, x2, y2 := cutMixParams(r, h, w, beta(r, or1(m.Alpha)))
	paste(b.Pixels, n, h, w, x1, y1, x2, y2)
	blendParts(targets, n, kept(h, w, x1, y1, x2, y2))
	b.Targets = targets
	return nil
}

// oneHot returns the labels of a batch, N x classes: of Targets, where there are any
// already.
func oneHot(b *data.Batch, classes int) ([]float32, error) {
	n := len(b.Samples)
	if s := b.Shape; n == 0 || len(s) != 4 || s[0] != n || s[1] != 3 || s[2] <= 0 || s[3] <= 0 ||
		s[2] > maxPixels/s[3] || len(b.Pixels) != n*3*s[2]*s[3] {
		return nil, fmt.Errorf("augment: a batch of %d samples has the shape %v and %d pixels", n, s, len(b.Pixels))
	}
	if b.Targets != nil {
		if len(b.Targets) != n*classes {
			return nil, fmt.Errorf("augment: %d targets for %d samples of %d classes", len(b.Targets), n, classes)
		}
		return slices.Clone(b.Targets), nil
	}
	targets := make([]float32, n*classes)
	for i, s := range b.Samples {
		if s.Label < 0 {
			return nil, fmt.Errorf("augment: %s has no label", s.Name)
		}
		if s.Label >= classes {
			return nil, fmt.Errorf("augment: %s has the label %d, expected 0 to %d", s.Name, s.Label, classes-1)
		}
		targets[i*classes+s.Label] = 1
	}
	return targets, nil
}

// blendParts replaces each of n equal parts of x by l of it and 1-l of the part before, as
// x.roll(1, 0).mul_(1-l).add_(x.mul(l)) does: each step rounds to float32.
func blendParts(x []float32, n int, l float64) {
	size := len(x) / n
	own, other := float32(l), float32(1-l)
	last := slices.Clone(x[(n-1)*size:])
	for i := n - 1; i >= 0; i-- {
		part, before := x[i*size:(i+1)*size], last
		if i > 0 {
			before = x[(i-1)*size : i*size]
		}
		for k, v := range part {
			part[k] = float32(before[k]*other) + float32(v*own)
		}
	}
}

// cutMixParams mirrors CutMix.make_params: the rectangle [x1, x2) x [y1, y2).
func cutMixParams(r *rand.Rand, h, w int, l float64) (x1, y1, x2, y2 int) {
	x, y := r.IntN(w), r.IntN(h)
	return cutMixBox(x, y, h, w, l)
}

// cutMixBox is the rectangle around (x, y), cut at the edges.
func cutMixBox(x, y, h, w int, l float64) (x1, y1, x2, y2 int) {
	half := 0.5 * math.Sqrt(1-l)
	dx, dy := int(half*float64(w)), int(half*float64(h))
	return max(x-dx, 0), max(y-dy, 0), min(x+dx, w), min(y+dy, h)
}

// kept is the share of h x w pixels that a rectangle leaves.
func kept(h, w, x1, y1, x2, y2 int) float64 {
	return 1 - float64((x2-x1)*(y2-y1))/float64(w*h)
}

// paste replaces a rectangle of each of n images by that of the image before.
func paste(x []float32, n, h, w, x1, y1, x2, y2 int) {
	size := 3 * h * w
	last := slices.Clone(x[(n-1)*size:])
	for i := n - 1; i >= 0; i-- {
		part, before := x[i*size:(i+1)*size], last
		if i > 0 {
			before = x[(i-1)*size : i*size]
		}
		for c := range 3 {
			for y := y1; y < y2; y++ {
				at := (c*h + y) * w
				copy(part[at+x1:at+x2], before[at+x1:at+x2])
			}
		}
	}
}
