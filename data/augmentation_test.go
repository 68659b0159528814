package data

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// noise adds a random byte to an image, a random number to a tensor, and to a batch.
type noise struct {
	name       string
	bad, wrong error
}

func (n noise) String() string { return n.name }
func (n noise) Check() error   { return n.bad }

func (n noise) Augment(_ context.Context, im *Image, r *rand.Rand) (*Image, error) {
	if n.wrong != nil {
		return nil, n.wrong
	}
	out := &Image{im.Width, im.Height, slices.Clone(im.Pix)}
	out.Pix[0] += uint8(r.Uint32())
	return out, nil
}

func (n noise) AugmentTensor(x []float32, h, w int, r *rand.Rand) error {
	if len(x) != 3*h*w {
		return fmt.Errorf("%d numbers of %d x %d", len(x), h, w)
	}
	x[1] += r.Float32()
	return n.wrong
}

func (n noise) AugmentBatch(b *Batch, r *rand.Rand) error {
	b.Targets = []float32{r.Float32(), float32(len(n.name))}
	return n.wrong
}

// epoch reads all batches.
func epoch(t *testing.T, ds Dataset, opt BatchOptions) (batches []*Batch, err error) {
	t.Helper()
	for b, e := range Batches(t.Context(), ds, opt) {
		if e != nil {
			return batches, e
		}
		batches = append(batches, b)
	}
	return batches, nil
}

// A sample's pixels depend on the seed, the epoch and its index alone: on no
// order, size of batch, neighbour or core.
func TestAugmentedSamples(t *testing.T) {
	defer goroutines(t)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	ds := &fake{n: 40}
	want := map[string][]float32{} // by epoch, seed and index
	for round, c := range []struct {
		procs int
		opt   BatchOptions
	}{
		{1, BatchOptions{Size: 7}},
		{4, BatchOptions{Size: 40, Order: Order(40, 1, 1), Ahead: 3}},
		{3, BatchOptions{Size: 1, Order: []int{5, 39, 0}}},
		{2, BatchOptions{Size: 3, Order: Order(40, 2, 1), Start: 10, Count: 20}},
		{2, BatchOptions{Size: 3, Start: 39}},
	} {
		runtime.GOMAXPROCS(c.procs)
		for seed := range uint64(2) {
			for e := range 2 {
				c.opt.Seed, c.opt.Epoch = seed, e
				c.opt.Augment = []Augmentation{noise{name: "a"}, noise{name: "b"}}
				c.opt.AugmentTensor = []TensorAugmentation{noise{name: "c"}}
				batches, err := epoch(t, ds, c.opt)
				if err != nil {
					t.Fatal(err)
				}
				at := c.opt.Start
				for _, b := range batches {
					if b.Start != b.Index[0] || b.Targets != nil {
						t.Errorf("a batch starts at %d with %v", b.Start, b.Index)
					}
					for k, i := range b.Index {
						if c.opt.Order != nil && i != c.opt.Order[at] || c.opt.Order == nil && i != at {
							t.Errorf("round %d: sample %d at %d", round, i, at)
						}
						at++
						if b.Samples[k].Label != i%7 || b.Samples[k].Name != fmt.Sprint("fake/", i) {
							t.Errorf("sample %d is %s", i, b.Samples[k].Name)
						}
						// The image is as it was.
						if plain := picture(fmt.Sprint("fake ", i), 5, 4); !slices.Equal(b.Samples[k].Image.Pix, plain.Pix) {
							t.Errorf("sample %d: the image has changed", i)
						}
						x := b.Pixels[k*60 : (k+1)*60]
						name := fmt.Sprint(seed, e, i)
						if round == 0 {
							for other, y := range want {
								if x[1] == y[1] {
									t.Errorf("%s and %s have the same random numbers", name, other)
								}
							}
							want[name] = x
						} else if !slices.Equal(x, want[name]) {
							t.Errorf("round %d: sample %s has other pixels", round, name)
						}
					}
				}
				count := c.opt.Count
				if count == 0 {
					count = 40
					if c.opt.Order != nil {
						count = len(c.opt.Order)
					}
					count -= c.opt.Start
				}
				if at != c.opt.Start+count {
					t.Errorf("round %d: ends at %d", round, at)
				}
			}
		}
	}
	if batches, err := epoch(t, ds, BatchOptions{Order: []int{}}); len(batches) != 0 || err != nil {
		t.Errorf("an empty order: %d batches, %v", len(batches), err)
	}
}

// A batch's random numbers are those of its first sample's index, and of several
// augmentations it goes through one.
func TestAugmentedBatches(t *testing.T) {
	ds := &fake{n: 400}
	opt := BatchOptions{Size: 2, Seed: 3, AugmentBatch: []BatchAugmentation{noise{name: "1"}, noise{name: "22"}, noise{name: "333"}}}
	a, err := epoch(t, ds, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Start = 100
	b, err := epoch(t, ds, opt)
	if err != nil {
		t.Fatal(err)
	}
	times := map[float32]int{}
	for i, batch := range a {
		times[batch.Targets[1]]++
		if i >= 50 && !slices.Equal(batch.Targets, b[i-50].Targets) {
			t.Errorf("batch %d has other targets", i)
		}
		if i > 0 && batch.Targets[0] == a[i-1].Targets[0] {
			t.Errorf("batch %d has the numbers of the one before", i)
		}
	}
	for k := range 3 { // 67 each, standard deviation 6.7
		if n := times[float32(k+1)]; n < 47 || n > 87 {
			t.Errorf("augmentation %d of 3 came %d times of 200", k, n)
		}
	}
}

func TestAugmentationErrors(t *testing.T) {
	defer goroutines(t)()
	broken := errors.New("broken")
	ds := &fake{n: 10}
	bad, wrong, good := noise{"bad", broken, nil}, noise{"wrong", nil, broken}, noise{name: "good"}
	for _, c := range []struct {
		opt  BatchOptions
		want string
	}{
		{BatchOptions{Augment: []Augmentation{good, bad}}, "broken"},
		{BatchOptions{AugmentTensor: []TensorAugmentation{bad}}, "broken"},
		{BatchOptions{AugmentBatch: []BatchAugmentation{bad}}, "broken"},
		{BatchOptions{AugmentBatch: []BatchAugmentation{nil}}, "an augmentation is nil"},
		{BatchOptions{Augment: []Augmentation{nil}}, "an augmentation is nil"},
		{BatchOptions{AugmentTensor: []TensorAugmentation{nil}}, "an augmentation is nil"},
		{BatchOptions{Augment: []Augmentation{good, wrong}}, "sample 0: fake/0: wrong: broken"},
		{BatchOptions{AugmentTensor: []TensorAugmentation{wrong}}, "sample 0: fake/0: wrong: broken"},
		{BatchOptions{AugmentBatch: []BatchAugmentation{wrong}}, "wrong: broken"},
		{BatchOptions{Order: []int{0, 10}}, "sample 10 in Order, of a data set of 10"},
		{BatchOptions{Order: []int{-1}}, "sample -1 in Order"},
		{BatchOptions{Order: []int{4, 2}, Count: 3}, "3 samples from 0 on, of a data set of 2"},
		{BatchOptions{Order: []int{4, 2}, Start: 3}, "of a data set of 2"},
	} {
		if batches, err := epoch(t, ds, c.opt); err == nil || !strings.Contains(err.Error(), c.want) || len(batches) > 0 {
			t.Errorf("%d batches, %v, want %q", len(batches), err, c.want)
		}
	}
	// What cannot be augmented is skipped like what cannot be read.
	skipped := 0
	opt := BatchOptions{Augment: []Augmentation{wrong}, Skip: func(*SampleError) { skipped++ }}
	if _, err := epoch(t, ds, opt); err == nil || skipped != 10 {
		t.Errorf("%d skipped, %v", skipped, err)
	}
}
