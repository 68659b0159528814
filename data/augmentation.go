package data

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// An Augmentation changes an image by chance, so that training does not see the same
// one twice. Those of torchvision are in package augment. One value serves several
// goroutines at once.
type Augmentation interface {
	// Check returns an error for options that mean nothing.
	Check() error
	// Augment returns a changed image and leaves im as it is; it may return im itself. All
	// that is random comes from r. It stops with ctx's error when ctx ends.
	Augment(ctx context.Context, im *Image, r *rand.Rand) (*Image, error)
	// String shows the options as PyTorch prints the transform.
	fmt.Stringer
}

// A TensorAugmentation changes a network's input by chance, after [Transform].
type TensorAugmentation interface {
	Check() error
	// AugmentTensor changes x, 3 x height x width in row-major order.
	AugmentTensor(x []float32, height, width int, r *rand.Rand) error
	fmt.Stringer
}

// A BatchAugmentation mixes the samples of a batch by chance.
type BatchAugmentation interface {
	Check() error
	// AugmentBatch changes b.Pixels and sets b.Targets. It returns an error that names the
	// sample where one has no label.
	AugmentBatch(b *Batch, r *rand.Rand) error
	fmt.Stringer
}

// What random numbers are for: no two uses share a sequence.
const (
	forSample = iota + 1
	forBatch
	forOrder
	forHoldOut
)

// check returns the first error of the transform and the augmentations.
func (o *BatchOptions) check() error {
	checks := []interface{ Check() error }{o.Transform}
	for _, a := range o.Augment {
		checks = append(checks, a)
	}
	for _, a := range o.AugmentTensor {
		checks = append(checks, a)
	}
	for _, a := range o.AugmentBatch {
		checks = append(checks, a)
	}
	for _, c := range checks {
		if c == nil {
			return errors.New("data: batches: an augmentation is nil")
		}
		if err := c.Check(); err != nil {
			return err
		}
	}
	return nil
}

// random returns the random numbers of a sample, nil where nobody asks for any.
func (o *BatchOptions) random(index int) *rand.Rand {
	if len(o.Augment) == 0 && len(o.AugmentTensor) == 0 {
		return nil
	}
	return random(forSample, o.Seed, o.Epoch, index)
}

// augment changes an image.
func (o *BatchOptions) augment(ctx context.Context, im *Image, r *rand.Rand) (*Image, error) {
	for _, a := range o.Augment {
		out, err := a.Augment(ctx, im, r)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		im = out
	}
	return im, nil
}

// mix mixes the samples of a batch.
func (o *BatchOptions) mix(b *Batch) error {
	if len(o.AugmentBatch) == 0 {
		return nil
	}
	r := random(forBatch, o.Seed, o.Epoch, b.Start)
	a := o.AugmentBatch[0]
	if n := len(o.AugmentBatch); n > 1 {
		a = o.AugmentBatch[r.IntN(n)]
	}
	if err := a.AugmentBatch(b, r); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

// random returns the random numbers of one use, and of one thing in it: the number of
// a sample, say. They depend on the arguments alone.
func random(use int, seed uint64, epoch, index int) *rand.Rand {
	return rand.New(rand.NewPCG(mix(mix(mix(seed)+uint64(use))+uint64(epoch)), mix(uint64(index))))
}

// mix is the finaliser of SplitMix64, a permutation: PCGs whose seeds differ in few
// bits begin alike, and consecutive numbers would be such seeds.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
