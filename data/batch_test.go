package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a data set whose sample i has the size and error that the functions
// say, and which counts the samples read.
type fake struct {
	n    int
	size func(i int) (w, h int)
	err  func(i int) error
	wait func(i int)
	read atomic.Int64
}

func (f *fake) Len() int          { return f.n }
func (f *fake) Classes() []string { return nil }
func (f *fake) Close() error      { return nil }

func (f *fake) Sample(_ context.Context, i int) (Sample, error) {
	f.read.Add(1)
	if f.wait != nil {
		f.wait(i)
	}
	if f.err != nil {
		if err := f.err(i); err != nil {
			return Sample{}, err
		}
	}
	w, h := 5, 4
	if f.size != nil {
		w, h = f.size(i)
	}
	return Sample{picture(fmt.Sprint("fake ", i), w, h), i % 7, fmt.Sprint("fake/", i)}, nil
}

// goroutines returns a check that no goroutine has been left since. One that
// has done its work is counted until the scheduler has put it away, after
// whoever waited for it may go on; so the check waits for a number that stays.
func goroutines(t *testing.T) func() {
	before := runtime.NumGoroutine()
	return func() {
		t.Helper()
		n := runtime.NumGoroutine()
		for try := 0; n > before && try < 1000; try++ {
			time.Sleep(time.Millisecond)
			n = runtime.NumGoroutine()
		}
		if n > before {
			t.Errorf("%d goroutines, %d before", n, before)
		}
	}
}

func TestBatches(t *testing.T) {
	defer goroutines(t)()
	ds := &fake{n: 23}
	tr := Transform{Resize: 6, CenterCrop: 5, Mean: []float32{0.5}, Std: []float32{0.25}}
	for _, c := range []struct {
		opt   BatchOptions
		sizes []int
	}{
		{BatchOptions{}, []int{23}},
		{BatchOptions{Size: 10}, []int{10, 10, 3}},
		{BatchOptions{Size: 1, Count: 3}, []int{1, 1, 1}},
		{BatchOptions{Size: 4, Start: 13, Ahead: 5}, []int{4, 4, 2}},
		{BatchOptions{Start: 23}, nil},
		{BatchOptions{Start: 3, Count: 20, Size: 100, DropImages: true}, []int{20}},
	} {
		c.opt.Transform = tr
		next := c.opt.Start
		var sizes []int
		for b, err := range Batches(t.Context(), ds, c.opt) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Start != next || !slices.Equal(b.Shape, []int{len(b.Samples), 3, 5, 5}) || len(b.Pixels) != len(b.Samples)*75 {
				t.Fatalf("%+v: batch at %d of shape %v, want %d", c.opt, b.Start, b.Shape, next)
			}
			for i, s := range b.Samples {
				want, err := ds.Sample(t.Context(), next)
				if err != nil {
					t.Fatal(err)
				}
				if s.Name != want.Name || s.Label != want.Label {
					t.Errorf("sample %d is %s with label %d", next, s.Name, s.Label)
				}
				if c.opt.DropImages != (s.Image == nil) || s.Image != nil && !slices.Equal(s.Image.Pix, want.Image.Pix) {
					t.Errorf("sample %d: the image differs", next)
				}
				x := make([]float32, 75)
				if err := tr.Apply(want.Image, x); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(x, b.Pixels[75*i:75*(i+1)]) {
					t.Errorf("sample %d: the pixels differ", next)
				}
				next++
			}
			sizes = append(sizes, len(b.Samples))
		}
		if !slices.Equal(sizes, c.sizes) {
			t.Errorf("%+v: batches of %v, want %v", c.opt, sizes, c.sizes)
		}
	}
}

// TestBatchesSameBits reads with 1 to 8 goroutines.
func TestBatchesSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for procs := 1; procs <= 8; procs++ {
		runtime.GOMAXPROCS(procs)
		var got []float32
		opt := BatchOptions{Size: procs, Transform: Transform{Resize: 7}, Ahead: 3}
		for b, err := range Batches(t.Context(), &fake{n: 40}, opt) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.Pixels...)
		}
		if procs == 1 {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("GOMAXPROCS %d: other pixels", procs)
		}
	}
}

func TestBatchesErrors(t *testing.T) {
	defer goroutines(t)()
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		ds   *fake
		opt  BatchOptions
		good int // samples before the error
		want string
	}{
		{"the first of two errors", &fake{n: 30, err: func(i int) error {
			if i == 17 || i == 18 {
				return fmt.Errorf("number %d: %w", i, broken)
			}
			return nil
		}}, BatchOptions{Size: 5}, 15, "sample 17: number 17: broken"},
		{"another size", &fake{n: 30, size: func(i int) (int, int) { return 4 + i/12, 3 }}, BatchOptions{Size: 8}, 8,
			"sample 12: fake/12: 5 x 3 pixels, but fake/8 has 4 x 3: all images of a batch must have one size, as Resize with CenterCrop gives them"},
		{"too large", &fake{n: 3, size: func(i int) (int, int) { return 1 + i<<20, 1 }}, BatchOptions{Size: 1, Transform: Transform{Resize: 100}}, 1,
			"sample 1: fake/1: data: cannot resize to 104857700 x 100 pixels"},
		{"count", &fake{n: 10}, BatchOptions{Count: 11}, 0, "11 samples from 0 on, of a data set of 10"},
		{"start", &fake{n: 10}, BatchOptions{Start: 11}, 0, "of a data set of 10"},
		{"negative start", &fake{n: 10}, BatchOptions{Start: -1}, 0, "of a data set of 10"},
		{"both", &fake{n: 10}, BatchOptions{Start: 5, Count: 6}, 0, "of a data set of 10"},
		{"size", &fake{n: 10}, BatchOptions{Size: -1}, 0, "Size is -1"},
		{"transform", &fake{n: 10}, BatchOptions{Transform: Transform{Std: []float32{0}}}, 0, "divide by zero"},
	} {
		n, ended := 0, false
		for b, err := range Batches(t.Context(), c.ds, c.opt) {
			if ended {
				t.Errorf("%s: the sequence goes on after an error", c.name)
			}
			if err == nil {
				n += len(b.Samples)
				continue
			}
			ended = true
			if !strings.Contains(err.Error(), c.want) || b != nil {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
		}
		if !ended || n != c.good {
			t.Errorf("%s: %d samples, want %d and then an error", c.name, n, c.good)
		}
	}
}

// TestBatchesAhead counts what is read before the consumer asks for it.
func TestBatchesAhead(t *testing.T) {
	defer goroutines(t)()
	ds := &fake{n: 1000}
	for b, err := range Batches(t.Context(), ds, BatchOptions{Size: 10, Ahead: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		// The batch at hand and two ahead.
		if n := int(ds.read.Load()); n > b.Start+30 {
			t.Errorf("%d samples read at %d", n, b.Start)
		}
		if b.Start == 200 {
			break
		}
	}
}

// TestBatchesStop ends the loop in each way and counts the samples read after.
func TestBatchesStop(t *testing.T) {
	defer goroutines(t)()
	ctx, cancel := context.WithCancel(t.Context())
	ds := &fake{n: 1 << 20}
	var last error
	n := 0
	for _, err := range Batches(ctx, ds, BatchOptions{Size: 8}) {
		if n++; n == 5 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || n != 6 {
		t.Errorf("%d batches, then %v", n, last)
	}
	if n := ds.read.Load(); n > 8*8 {
		t.Errorf("%d samples read", n)
	}

	// While every worker is busy, each finishes its sample and no more. Those
	// behind sample 20 wait for the end of the context, or they would be free to
	// run on until then.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	ds = &fake{n: 1 << 20, wait: func(i int) {
		if i == 20 {
			cancel()
			close(ended)
		}
		if i > 20 {
			<-ended
		}
	}}
	for _, err := range Batches(ctx, ds, BatchOptions{Size: 1 << 10}) {
		last = err
	}
	if n := int(ds.read.Load()); !errors.Is(last, context.Canceled) || n > 20+runtime.GOMAXPROCS(0) {
		t.Errorf("%d samples read after the 20th, then %v", n, last)
	}

	ds = &fake{n: 1 << 20}
	for range Batches(t.Context(), ds, BatchOptions{Size: 8}) {
		break
	}
	if n := ds.read.Load(); n > 4*8 {
		t.Errorf("%d samples read for one batch", n)
	}

	// A context that has ended before.
	ds = &fake{n: 10}
	for b, err := range Batches(ctx, ds, BatchOptions{}) {
		if b != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v", b, err)
		}
	}
}
