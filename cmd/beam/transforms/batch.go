package transforms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// batch collects pictures until there are enough for the network.
type batch struct {
	network Network
	model   *model.Model
	waiting []Picture
	bytes   int
}

// maxWaiting is how many bytes of pictures wait at most: large photographs go through the
// network with fewer at a time.
const maxWaiting = 64 << 20

// add takes a picture in and tells whether it is time to run.
func (b *batch) add(p Picture) bool {
	size := b.network.Batch
	if size == 0 {
		size = 40
	}
	b.waiting = append(b.waiting, p)
	b.bytes += len(p.Content)
	return len(b.waiting) >= size || b.bytes >= maxWaiting
}

// input is a picture as the network takes it.
type input struct {
	Picture
	image         *data.Image
	height, width int
	x             []float32
	err           error
}

// run brings the waiting pictures through f: runs of those whose inputs have one size, with
// their tensor. Those that cannot be read, and those of which f returns an error that is not
// ctx's, are given to fail.
func (b *batch) run(ctx context.Context, f func(x *nn.Tensor, of []input) error, fail func(Failure)) error {
	began := time.Now()
	all := make([]input, len(b.waiting))
	transform, decoding := b.model.Transform(), b.network.decoding()
	err := parallel.ForContext(ctx, len(all), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			all[i].read(ctx, b.waiting[i], transform, decoding)
		}
	})
	if err != nil {
		return err
	}
	good := all[:0]
	for _, in := range all {
		if in.err != nil {
			in.fail(ctx, in.err, fail)
			continue
		}
		good = append(good, in)
	}
	for len(good) > 0 {
		n := 1
		for n < len(good) && good[n].height == good[0].height && good[n].width == good[0].width {
			n++
		}
		x := &nn.Tensor{Shape: []int{n, 3, good[0].height, good[0].width}, Data: make([]float32, 0, n*len(good[0].x))}
		for _, in := range good[:n] {
			x.Data = append(x.Data, in.x...)
		}
		if err := f(x, good[:n]); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for _, in := range good[:n] {
				in.fail(ctx, err, fail)
			}
		}
		good = good[n:]
	}
	clear(b.waiting)
	b.waiting, b.bytes = b.waiting[:0], 0
	batchTime.Update(ctx, time.Since(began).Milliseconds())
	return nil
}

// read decodes and transforms a picture.
func (in *input) read(ctx context.Context, p Picture, transform data.Transform, opt data.DecodeOptions) {
	in.Picture = p
	if in.image, in.err = p.image(ctx, opt); in.err != nil {
		return
	}
	in.width, in.height = transform.Size(in.image.Width, in.image.Height)
	if in.width < 1 || in.height < 1 || in.width > maxInput/in.height {
		in.err = fmt.Errorf("an input of %d x %d pixels", in.width, in.height)
		return
	}
	in.x = make([]float32, 3*in.width*in.height)
	in.err = transform.Apply(in.image, in.x)
}

// maxInput is how many pixels an input may have.
const maxInput = 1 << 26

func (in *input) fail(ctx context.Context, err error, fail func(Failure)) {
	failures.Inc(ctx, 1)
	fail(Failure{in.Shard, in.Index, in.Name, err.Error()})
}

// errNotFinite is the failure of an image of which the network makes no numbers.
var errNotFinite = errors.New("the network gives a number that is not finite")

// finite tells whether all numbers are.
func finite(v []float32) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return true
}
