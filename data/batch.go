package data

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
)

// BatchOptions says what Batches yields. The zero value goes through the whole
// data set in batches of 40.
type BatchOptions struct {
	// Start is the first sample.
	Start int
	// Count is the number of samples; 0 takes all from Start on.
	Count int
	// Size is the number of samples in a batch, the last one may be shorter.
	// Default: 40, the notebook's.
	Size int
	// Transform makes the network's input. All images of a batch must come out
	// of it with the same size.
	Transform Transform
	// DropImages leaves Sample.Image nil in the batches, so that large
	// pictures do not pile up where only Pixels are wanted.
	DropImages bool
	// Ahead is the number of batches made ahead of the consumer. Default: 1.
	Ahead int
}

// Batch is a run of consecutive samples with their pixels as a network takes
// them. It belongs to the consumer: no buffer is used again.
type Batch struct {
	Start   int       // index of the first sample in the data set
	Samples []Sample  // with the images as they are in the data set
	Shape   []int     // N, 3, H, W
	Pixels  []float32 // N x 3 x H x W, row-major
}

// Batches reads and transforms a range of a data set, in order, on GOMAXPROCS
// goroutines that stay at most opt.Ahead batches ahead of the loop. The
// contents do not depend on the number of goroutines. An error, which names
// the sample, comes with a nil batch and ends the sequence; when ctx ends the
// error is ctx.Err(). However the loop ends, no goroutine outlives it: each
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
		for p := range ready {
			select {
			case <-p.done:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
			if err := p.check(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(p.batch, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, ctx.Err())
		}
	}
}

// fill puts the defaults in, for a data set of n samples.
func (o *BatchOptions) fill(n int) error {
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
	return o.Transform.Check()
}

// pending is a batch in the making.
type pending struct {
	batch *Batch
	done  chan struct{} // closed when left is 0

	mu   sync.Mutex
	left int
	w, h int // size of the sample that came first
	// Of each sample: what went wrong, and its size after the transform.
	errs  []error
	sizes [][2]int
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
			batch: &Batch{Start: start, Samples: make([]Sample, n)},
			done:  make(chan struct{}),
			left:  n,
			errs:  make([]error, n),
			sizes: make([][2]int, n),
		}
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
	s, err := b.ds.Sample(ctx, p.batch.Start+i)
	if err != nil {
		return err
	}
	im, err := b.opt.Transform.image(ctx, s.Image)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if b.opt.DropImages {
		s.Image = nil
	}
	p.batch.Samples[i] = s
	if dst := p.place(i, im.Width, im.Height); dst != nil {
		toTensor(dst, im, b.levels)
	}
	return nil
}

// place returns where the pixels of sample i go, or nil when it has another
// size than the one that came first. Which came first is chance, but a batch
// with two sizes is refused whatever it was.
func (p *pending) place(i, w, h int) []float32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.batch.Samples)
	if p.batch.Pixels == nil {
		p.w, p.h = w, h
		p.batch.Shape = []int{n, 3, h, w}
		p.batch.Pixels = make([]float32, n*3*h*w)
	}
	p.sizes[i] = [2]int{w, h}
	if w != p.w || h != p.h {
		return nil
	}
	return p.batch.Pixels[i*3*h*w : (i+1)*3*h*w : (i+1)*3*h*w]
}

// check returns the error of the first sample that has one, or an error when
// the sizes differ.
func (p *pending) check() error {
	for i, err := range p.errs {
		if err != nil {
			return fmt.Errorf("sample %d: %w", p.batch.Start+i, err)
		}
	}
	for i, size := range p.sizes {
		if size != p.sizes[0] {
			return fmt.Errorf("sample %d: %s: %d x %d pixels, but %s has %d x %d: all images of a batch must have one size, as Resize with CenterCrop gives them",
				p.batch.Start+i, p.batch.Samples[i].Name, size[0], size[1], p.batch.Samples[0].Name, p.sizes[0][0], p.sizes[0][1])
		}
	}
	return nil
}
