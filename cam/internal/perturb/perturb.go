// Package perturb asks a network about variants of the images of a batch: masked, noisy or
// partly hidden ones, in full batches, whose composition has no effect on what comes out.
package perturb

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// A Subject is a batch and what a network makes of it as it is.
type Subject struct {
	Net      nn.Network
	Input    *nn.Tensor // N x C x H x W
	Progress func(done, total int)
	Run      *nn.Result
	Classes  []int
	Score    nn.Target // of image i of the batch
	Scores   []float64 // what it is
}

// New runs a network on a batch, and taps some modules; target makes the scalar of the
// classes, which are as for [ClassesOf]. Progress may be nil.
func New(ctx context.Context, net nn.Network, input *nn.Tensor, classes []int, target func(classes []int) nn.Target, progress func(done, total int), taps ...string) (*Subject, error) {
	if net == nil {
		return nil, fmt.Errorf("cam: a question without a network")
	}
	s := &Subject{Net: net, Input: input, Progress: progress}
	var err error
	if s.Run, err = net.Run(ctx, input, taps...); err != nil {
		return nil, err
	}
	if s.Classes, err = ClassesOf(s.Run.Logits, classes); err != nil {
		return nil, err
	}
	s.Score = target(s.Classes)
	s.Scores = make([]float64, len(s.Classes))
	for i := range s.Scores {
		if s.Scores[i], err = s.value(i, s.Run.Logits, i); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// ClassesOf returns the class of each image: the one that is given, or the predicted one
// where that is [nn.Predicted] or classes is nil. It returns an error when a logit is not finite, or there is no such class.
func ClassesOf(logits *nn.Tensor, given []int) ([]int, error) {
	n, total := logits.Shape[0], logits.Shape[1]
	if given != nil && len(given) != n {
		return nil, fmt.Errorf("cam: %d classes for a batch of %d images", len(given), n)
	}
	classes := make([]int, n)
	for i := range classes {
		z := logits.Data[i*total : (i+1)*total]
		for c, v := range z {
			if v-v != 0 {
				return nil, fmt.Errorf("cam: image %d: the logit of class %d is %v", i, c, v)
			}
		}
		classes[i] = nn.Predicted
		if given != nil {
			classes[i] = given[i]
		}
		if classes[i] == nn.Predicted {
			classes[i] = nn.Argmax(z)
		}
		if classes[i] < 0 || classes[i] >= total {
			return nil, fmt.Errorf("cam: no class %d among %d", classes[i], total)
		}
	}
	return classes, nil
}

// value is the scalar of image i where row of some logits is what the network makes of it.
func (s *Subject) value(i int, logits *nn.Tensor, row int) (float64, error) {
	total := logits.Shape[1]
	z := make([]float64, total)
	for k, v := range logits.Data[row*total : (row+1)*total] {
		if z[k] = float64(v); v-v != 0 {
			return 0, fmt.Errorf("cam: image %d: the logit of class %d is %v", i, k, v)
		}
	}
	return s.Score(i, z, nil)
}

// A Variant is one of those that a method makes of an image.
type Variant struct{ Image, Number int }

// passes of an image go through the network together at most, and no more of them than
// make so many bytes.
const (
	passes     = 40
	passesSize = 64 << 20
)

// together is how many tensors of so many elements go through the network at once.
func together(elements int) int { return max(1, min(passes, passesSize/(4*max(elements, 1)))) }

// EachBatch runs count variants of every image through the network in batches; elements is
// the size of a variant. Which are together in a batch has no effect on what comes out.
func (s *Subject) EachBatch(ctx context.Context, count, elements int, f func(batch []Variant) error) error {
	most := together(elements)
	total := count * len(s.Classes)
	for lo := 0; lo < total; lo += most {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := make([]Variant, min(most, total-lo))
		for j := range batch {
			batch[j] = Variant{(lo + j) / count, (lo + j) % count}
		}
		if err := f(batch); err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(lo+len(batch), total)
		}
	}
	return nil
}

// written is a batch of variants, which write may be called for by several goroutines.
func (s *Subject) written(ctx context.Context, batch []Variant, write func(v Variant, x []float32)) (*nn.Tensor, error) {
	x := s.Batch(s.Input, len(batch))
	size := len(x.Data) / len(batch)
	return x, parallel.ForContext(ctx, len(batch), 1, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			write(batch[j], x.Data[j*size:(j+1)*size])
		}
	})
}

// ScoreEach writes variants of the images with write, runs them, and hands got the scalar
// of each.
func (s *Subject) ScoreEach(ctx context.Context, count int, write func(v Variant, x []float32), got func(v Variant, score float64)) error {
	size := len(s.Input.Data) / len(s.Classes)
	return s.EachBatch(ctx, count, size, func(batch []Variant) error {
		x, err := s.written(ctx, batch, write)
		if err != nil {
			return err
		}
		r, err := s.Net.Run(ctx, x)
		if err != nil {
			return err
		}
		return s.Hand(batch, r.Logits, got)
	})
}

// Hand hands got the scalar of each of a batch of variants.
func (s *Subject) Hand(batch []Variant, logits *nn.Tensor, got func(v Variant, score float64)) error {
	for j, v := range batch {
		score, err := s.value(v.Image, logits, j)
		if err != nil {
			return err
		}
		got(v, score)
	}
	return nil
}

// Gradients returns the gradients of the scalar by modules, or by the input, at a batch of
// variants of the images.
func (s *Subject) Gradients(ctx context.Context, batch []Variant, x *nn.Tensor, guided bool, at ...string) (*nn.Result, error) {
	opt := nn.GradientOptions{Guided: guided, Target: func(j int, z, d []float64) (float64, error) {
		return s.Score(batch[j].Image, z, d)
	}}
	return s.Net.Gradients(ctx, x, opt, at...)
}

// Batch is memory for n tensors like those of t, a batch.
func (s *Subject) Batch(t *nn.Tensor, n int) *nn.Tensor {
	shape := append([]int{n}, t.Shape[1:]...)
	return &nn.Tensor{Shape: shape, Data: make([]float32, n*(len(t.Data)/t.Shape[0]))}
}

// Image is image i of the batch.
func (s *Subject) Image(i int) []float32 {
	size := len(s.Input.Data) / len(s.Classes)
	return s.Input.Data[i*size : (i+1)*size]
}

// GradientEach writes variants of the images with write, runs them there and back, and
// hands got the gradient of each by a module or the input.
func (s *Subject) GradientEach(ctx context.Context, count int, guided bool, at string, write func(v Variant, x []float32), got func(v Variant, gradient []float32)) error {
	size := len(s.Input.Data) / len(s.Classes)
	return s.EachBatch(ctx, count, size, func(batch []Variant) error {
		x, err := s.written(ctx, batch, write)
		if err != nil {
			return err
		}
		r, err := s.Gradients(ctx, batch, x, guided, at)
		if err != nil {
			return err
		}
		g := r.Gradients[at]
		per := len(g.Data) / len(batch)
		for j, v := range batch {
			got(v, g.Data[j*per:(j+1)*per])
		}
		return nil
	})
}

// ScoreAll runs a batch of any size, in parts, and hands got the scalar of each; image says
// of which image each is a variant.
func (s *Subject) ScoreAll(ctx context.Context, x *nn.Tensor, image func(v int) int, got func(v int, score float64)) error {
	n := x.Shape[0]
	size := len(x.Data) / n
	most := together(size)
	for lo := 0; lo < n; lo += most {
		hi := min(lo+most, n)
		part := &nn.Tensor{Shape: append([]int{hi - lo}, x.Shape[1:]...), Data: x.Data[lo*size : hi*size]}
		r, err := s.Net.Run(ctx, part)
		if err != nil {
			return err
		}
		for v := lo; v < hi; v++ {
			score, err := s.value(image(v), r.Logits, v-lo)
			if err != nil {
				return err
			}
			got(v, score)
		}
	}
	return nil
}
