package data

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
)

// BatchOptions says what Batches yields. The zero value goes through the whole
// data set in batches of 40.
type BatchOptions struct {
	// Order, unless it is nil, says which samples are read and in which order, by their
	// indices in the data set, as [Order] gives them for an epoch of training. Start and
	// Count are then of Order.
	Order []int
	// Start is the first sample.
	Start int
	// Count is the number of samples; 0 takes all from Start on.
	Count int
	// Size is the number of samples in a batch, the last one may be shorter.
	// Default: 40, the notebook's.
	Size int
	// Transform makes the network's input. All images of a batch must come out
	// of it with the same size, unless AnySize is set.
	Transform Transform
	// Augment changes each image by chance, in this order, before Transform.
	// AugmentTensor then changes what comes out of it. The random numbers of a sample depend
	// on Seed, Epoch and its index in the data set alone.
	Augment       []Augmentation
	AugmentTensor []TensorAugmentation
	// AugmentBatch mixes the samples of a batch and gives it Targets: of several, each
	// batch goes through one, all being equally likely (torchvision's RandomChoice). The random
	// numbers depend on Seed, Epoch and the index of the batch's first sample.
	AugmentBatch []BatchAugmentation
	Seed         uint64
	Epoch        int
	// AnySize lets images come out of Transform in several sizes: a batch is then
	// a run of consecutive images of one size, Size of them at most.
	AnySize bool
	// Skip, unless it is nil, is called for each sample that cannot be read or
	// transformed, and Batches goes on without it. The calls come in order, from
	// the goroutine of the loop, before the batch with what follows. Where no
	// sample is left, the sequence ends with an error all the same.
	Skip func(*SampleError)
	// DropImages leaves Sample.Image nil in the batches, so that large
	// pictures do not pile up where only Pixels are wanted.
	DropImages bool
	// Ahead is the number of batches made ahead of the consumer. Default: 1.
	Ahead int
}

// Batch is a run of samples with their pixels as a network takes
// them. It belongs to the consumer: no buffer is used again.
type Batch struct {
	Start   int       // index of the first sample in the data set
	Index   []int     // of each sample there; without an Order consecutive but for what was skipped
	Samples []Sample  // with the images as they are in the data set
	Shape   []int     // N, 3, H, W
	Pixels  []float32 // N x 3 x H x W, row-major
	Targets []float32 // N x classes, probabilities; nil unless an AugmentBatch has set them
}

// Batches reads and transforms a range of a data set, in order, on GOMAXPROCS
// goroutines that stay at most opt.Ahead batches ahead of the loop. The
// contents do not depend on the number of goroutines. An error, a [*SampleError]
// where it is one of a sample, comes with a nil batch and ends the sequence; when
// ctx ends the error is ctx.Err(). However the loop ends, no goroutine outlives it: each
// stops at the next record, or the next row or block of an image file. (A
// decoder that has read its whole file is waited for, some 10 ms a megapixel.)
func Batches(ctx context.Context, ds Dataset, opt BatchOptions) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if err := opt.fill(ds.Len()); err != nil {
			yield(nil, err)
			return
		}
		inner, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()

		b := &batcher{ds: ds, opt: opt, levels: opt.Transform.levels()}
		ready := make(chan *pending, opt.Ahead) // in order
		jobs := make(chan job)
		wg.Go(func() {
			defer close(jobs)
			defer close(ready)
			b.produce(inner, ready, jobs)
		})
		for range min(runtime.GOMAXPROCS(0), opt.Count) {
			wg.Go(func() {
				for j := range jobs {
					b.do(inner, j)
				}
			})
		}
		var gaps gaps
		for p := range ready {
			select {
			case <-p.done:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
			batches, err := gaps.close(p, opt)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, batch := range batches {
				if err := opt.mix(batch); err != nil {
					yield(nil, err)
					return
				}
				if !yield(batch, nil) {
					return
				}
			}
		}
		if err := cmp.Or(ctx.Err(), gaps.nothing()); err != nil {
			yield(nil, err)
		}
	}
}

// fill puts the defaults in, for a data set of n samples.
func (o *BatchOptions) fill(n int) error {
	if o.Order != nil {
		for _, i := range o.Order {
			if i < 0 || i >= n {
				return fmt.Errorf("data: batches: sample %d in Order, of a data set of %d", i, n)
			}
		}
		n = len(o.Order)
	}
	if o.Start < 0 || o.Count < 0 || o.Start > n || o.Count > n-o.Start {
		return fmt.Errorf("data: batches: %d samples from %d on, of a data set of %d", o.Count, o.Start, n)
	}
	if o.Size < 0 || o.Ahead < 0 {
		return fmt.Errorf("data: batches: Size is %d, Ahead is %d", o.Size, o.Ahead)
	}
	if o.Count == 0 {
		o.Count = n - o.Start
	}
	if o.Size == 0 {
		o.Size = 40
	}
	if o.Ahead == 0 {
		o.Ahead = 1
	}
	return o.check()
}

// pending is a batch in the making.
type pending struct {
	batch *Batch
	done  chan struct{} // closed when left is 0

	mu   sync.Mutex
	left int
	w, h int // size of the sample that came first
	// Of each sample: what went wrong, its size after the transform, and its
	// pixels where that is another than the first one's.
	errs  []error
	sizes [][2]int
	apart [][]float32
}

type job struct {
	p *pending
	i int // within the batch
}

type batcher struct {
	ds     Dataset
	opt    BatchOptions
	levels *[3][256]float32
}

// produce sends batches to ready and their samples to jobs, until ctx ends. A
// full ready holds it back.
func (b *batcher) produce(ctx context.Context, ready chan<- *pending, jobs chan<- job) {
	end := b.opt.Start + b.opt.Count
	for start := b.opt.Start; start < end; start += b.opt.Size {
		n := min(b.opt.Size, end-start)
		p := &pending{
			batch: &Batch{Index: make([]int, n), Samples: make([]Sample, n)},
			done:  make(chan struct{}),
			left:  n,
			errs:  make([]error, n),
			sizes: make([][2]int, n),
			apart: make([][]float32, n),
		}
		for i := range p.batch.Index {
			p.batch.Index[i] = start + i
			if b.opt.Order != nil {
				p.batch.Index[i] = b.opt.Order[start+i]
			}
		}
		p.batch.Start = p.batch.Index[0]
		select {
		case ready <- p:
		case <-ctx.Done():
			return
		}
		for i := range n {
			select {
			case jobs <- job{p, i}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// do reads and transforms one sample.
func (b *batcher) do(ctx context.Context, j job) {
	p := j.p
	err := b.sample(ctx, p, j.i)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs[j.i] = err
	if p.left--; p.left == 0 {
		close(p.done)
	}
}

func (b *batcher) sample(ctx context.Context, p *pending, i int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s, err := b.ds.Sample(ctx, p.batch.Index[i])
	p.batch.Samples[i].Name = s.Name
	if err != nil {
		return err
	}
	r := b.opt.random(p.batch.Index[i])
	im, err := b.opt.augment(ctx, s.Image, r)
	if err == nil {
		im, err = b.opt.Transform.image(ctx, im)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if b.opt.DropImages {
		s.Image = nil
	}
	p.batch.Samples[i] = s
	dst := p.place(i, im.Width, im.Height, b.opt.AnySize)
	if dst == nil {
		return nil // close has an error for it
	}
	toTensor(dst, im, b.levels)
	for _, a := range b.opt.AugmentTensor {
		if err := a.AugmentTensor(dst, im.Height, im.Width, r); err != nil {
			return fmt.Errorf("%s: %s: %w", s.Name, a, err)
		}
	}
	return nil
}

// place returns where the pixels of sample i go: a place of its own when it has
// another size than the one that came first, or nil where that is not allowed.
// Which came first is chance, but what becomes of two sizes does not depend on it.
func (p *pending) place(i, w, h int, anySize bool) []float32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.batch.Samples)
	if p.batch.Pixels == nil {
		p.w, p.h = w, h
		p.batch.Shape = []int{n, 3, h, w}
		p.batch.Pixels = make([]float32, n*3*h*w)
	}
	p.sizes[i] = [2]int{w, h}
	switch {
	case w == p.w && h == p.h:
		return p.batch.Pixels[i*3*h*w : (i+1)*3*h*w : (i+1)*3*h*w]
	case anySize:
		p.apart[i] = make([]float32, 3*h*w)
	}
	return p.apart[i]
}
