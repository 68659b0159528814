package augment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

// set is a data set of pictures.
type set struct{ n, w, h int }

func (s set) Len() int          { return s.n }
func (s set) Classes() []string { return []string{"a", "b", "c"} }
func (s set) Close() error      { return nil }
func (s set) Sample(_ context.Context, i int) (data.Sample, error) {
	return data.Sample{Image: picture(fmt.Sprint("set ", i), s.w, s.h), Label: i % 3, Name: fmt.Sprint("set/", i)}, nil
}

// TestEpoch sends all transforms through an epoch: a sample's pixels are its own in
// any order, on any number of cores, and other ones in the next epoch.
func TestEpoch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	opt := data.BatchOptions{
		Augment:       []data.Augmentation{RandomResizedCrop{Size: 12}, RandomCrop{Size: 12, Padding: 3, PaddingMode: Reflect}, RandomHorizontalFlip{}, ColorJitter{0.4, 0.4, 0.4, 0.1}},
		AugmentTensor: []data.TensorAugmentation{RandomErasing{Random: true}},
		Transform:     data.Transform{Mean: []float32{0.5}, Std: []float32{0.25}},
		Seed:          4,
	}
	samples := func(opt data.BatchOptions) map[int][]float32 {
		t.Helper()
		all := map[int][]float32{}
		for b, err := range data.Batches(t.Context(), set{30, 20, 16}, opt) {
			if err != nil {
				t.Fatal(err)
			}
			for k, i := range b.Index {
				all[i] = b.Pixels[k*3*144 : (k+1)*3*144]
			}
		}
		return all
	}
	runtime.GOMAXPROCS(1)
	want := samples(opt)
	opt.Order, opt.Size, opt.Ahead = data.Order(30, 1, 1), 7, 3
	runtime.GOMAXPROCS(5)
	got := samples(opt)
	opt.Epoch = 1
	next := samples(opt)
	for i := range 30 {
		if len(want[i]) == 0 || !slices.Equal(got[i], want[i]) {
			t.Errorf("sample %d: other pixels in another order", i)
		}
		if slices.Equal(next[i], want[i]) {
			t.Errorf("sample %d: the same pixels in the next epoch", i)
		}
	}
}

// The targets of a mixed batch are probabilities, of the classes that were mixed.
func TestMixedEpoch(t *testing.T) {
	for _, a := range []data.BatchAugmentation{MixUp{Alpha: 0.4, Classes: 5}, CutMix{Classes: 5}} {
		opt := data.BatchOptions{Size: 4, AugmentBatch: []data.BatchAugmentation{a}, Order: data.Order(30, 2, 0)}
		plain := opt
		plain.AugmentBatch = nil
		next, stop := pull(t, plain)
		weights := map[float32]bool{}
		for b, err := range data.Batches(t.Context(), set{30, 8, 6}, opt) {
			if err != nil {
				t.Fatal(err)
			}
			was, n := next(), len(b.Samples)
			for i := range n {
				y := b.Targets[5*i : 5*i+5]
				before := (i + n - 1) % n
				own, other := b.Samples[i].Label, b.Samples[before].Label
				total := float32(0)
				for class, p := range y {
					total += p
					if p != 0 && class != own && class != other {
						t.Errorf("%s: sample %d has the class %d: %v", a, b.Index[i], class, y)
					}
				}
				if math.Abs(float64(total-1)) > 1e-6 {
					t.Errorf("%s: the probabilities %v", a, y)
				}
				if own == other {
					continue
				}
				weights[y[own]] = true
				// The pixels are mixed with the same weights.
				if _, ok := a.(CutMix); ok {
					same, other := 0, 0
					for k, v := range b.Pixels[i*144 : (i+1)*144] {
						switch v {
						case was.Pixels[i*144+k]:
							same++
						case was.Pixels[before*144+k]:
							other++
						default:
							t.Fatalf("%s: pixel %d of sample %d is of neither image", a, k, b.Index[i])
						}
					}
					if share := float64(other) / 144; share > float64(y[b.Samples[before].Label])+1e-6 || share < float64(y[b.Samples[before].Label])-0.05 {
						t.Errorf("%s: %.3f of the pixels are the other's, but %v", a, share, y)
					}
					continue
				}
				for k, v := range b.Pixels[i*144 : (i+1)*144] {
					if want := y[own]*was.Pixels[i*144+k] + y[other]*was.Pixels[before*144+k]; math.Abs(float64(v-want)) > 1e-5 {
						t.Fatalf("%s: pixel %d of sample %d is %g, want %g", a, k, b.Index[i], v, want)
					}
				}
			}
		}
		if len(weights) < 6 {
			t.Errorf("%s: only %d different weights", a, len(weights))
		}
		stop()
	}
	// One after the other: targets are mixed again.
	b := batch(4, 4, 4)
	r := rand.New(rand.NewPCG(1, 1))
	for _, a := range []data.BatchAugmentation{MixUp{Classes: 3}, MixUp{Classes: 3}} {
		if err := a.AugmentBatch(b, r); err != nil {
			t.Fatal(err)
		}
	}
	mixed := 0
	for i := range 4 {
		if y := b.Targets[3*i : 3*i+3]; y[0] > 0 && y[1] > 0 && y[2] > 0 {
			mixed++
		}
	}
	if mixed == 0 {
		t.Errorf("mixed twice: %v", b.Targets)
	}
}

// pull reads batches one by one.
func pull(t *testing.T, opt data.BatchOptions) (func() *data.Batch, func()) {
	var all []*data.Batch
	for b, err := range data.Batches(t.Context(), set{30, 8, 6}, opt) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return func() *data.Batch { b := all[0]; all = all[1:]; return b }, func() {
		if len(all) > 0 {
			t.Errorf("%d batches are left", len(all))
		}
	}
}

func TestOptions(t *testing.T) {
	nan := math.NaN()
	for want, o := range map[string]interface{ Check() error }{
		"RandomCrop: the size is 0 x 0":              RandomCrop{},
		"RandomCrop: the size is -1 x -1":            RandomCrop{Size: -1},
		"RandomCrop: the size is 5 x 0":              RandomCrop{SizeExact: [2]int{5, 0}},
		"the size is 1048576 x 1048576":              RandomCrop{Size: 1 << 20},
		"both Size and SizeExact":                    RandomCrop{Size: 3, SizeExact: [2]int{3, 3}},
		"both Padding and PaddingExact":              RandomCrop{Size: 3, Padding: 1, PaddingExact: [4]int{0, 0, 1, 0}},
		"the padding is -1":                          RandomCrop{Size: 3, Padding: -1},
		"the padding is 16777217":                    RandomCrop{Size: 3, PaddingExact: [4]int{0, 0, 1<<24 + 1, 0}},
		`the padding mode is "wrap"`:                 RandomCrop{Size: 3, PaddingMode: "wrap"},
		"RandomHorizontalFlip: P is 1.5":             RandomHorizontalFlip{P: 1.5},
		"RandomHorizontalFlip: P is NaN":             RandomHorizontalFlip{P: nan},
		"RandomHorizontalFlip: P is -0.1":            RandomHorizontalFlip{P: -0.1},
		"RandomResizedCrop: the size is 0":           RandomResizedCrop{},
		"RandomResizedCrop: Scale is [0.5 0.25]":     RandomResizedCrop{Size: 3, Scale: [2]float64{0.5, 0.25}},
		"RandomResizedCrop: Scale is [-1 1]":         RandomResizedCrop{Size: 3, Scale: [2]float64{-1, 1}},
		"RandomResizedCrop: Scale is [NaN 1]":        RandomResizedCrop{Size: 3, Scale: [2]float64{nan, 1}},
		"RandomResizedCrop: Ratio is [0 1]":          RandomResizedCrop{Size: 3, Ratio: [2]float64{0, 1}},
		"RandomResizedCrop: Ratio is [1 +Inf]":       RandomResizedCrop{Size: 3, Ratio: [2]float64{1, math.Inf(1)}},
		"ColorJitter: Brightness is -1":              ColorJitter{Brightness: -1},
		"ColorJitter: Contrast is NaN":               ColorJitter{Contrast: nan},
		"ColorJitter: Saturation is +Inf":            ColorJitter{Saturation: math.Inf(1)},
		"ColorJitter: Hue is 0.6, expected 0 to 0.5": ColorJitter{Hue: 0.6},
		"RandomErasing: P is 2":                      RandomErasing{P: 2},
		"RandomErasing: Scale is [0 1.5]":            RandomErasing{Scale: [2]float64{0, 1.5}},
		"RandomErasing: Ratio is [2 1]":              RandomErasing{Ratio: [2]float64{2, 1}},
		"RandomErasing: Value has 2 numbers":         RandomErasing{Value: []float32{1, 2}},
		"RandomErasing: Value is [NaN]":              RandomErasing{Value: []float32{float32(nan)}},
		"both Value and Random":                      RandomErasing{Value: []float32{1}, Random: true},
		"MixUp: there are 0 classes":                 MixUp{},
		"CutMix: there are 65537 classes":            CutMix{Classes: 1<<16 + 1},
		"MixUp: Alpha is -1":                         MixUp{Alpha: -1, Classes: 2},
		"CutMix: Alpha is NaN":                       CutMix{Alpha: nan, Classes: 2},
	} {
		err := o.Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			continue
		}
		// What Check refuses is not done either.
		r := rand.New(rand.NewPCG(1, 1))
		var done error
		switch o := o.(type) {
		case data.Augmentation:
			_, done = o.Augment(t.Context(), sized(7, 5), r)
		case data.TensorAugmentation:
			done = o.AugmentTensor(make([]float32, 12), 2, 2, r)
		case data.BatchAugmentation:
			done = o.AugmentBatch(batch(4, 2, 2), r)
		}
		if done == nil || done.Error() != err.Error() {
			t.Errorf("%v, but done with %v", err, done)
		}
	}
	for _, o := range []interface{ Check() error }{
		RandomCrop{Size: 3, Padding: 1 << 24, PaddingMode: Symmetric}, RandomHorizontalFlip{P: 1}, RandomResizedCrop{Size: 3, Scale: [2]float64{0, 2}},
		ColorJitter{1, 2, 3, 0.5}, RandomErasing{Scale: [2]float64{0, 1}}, MixUp{Alpha: 1e-6, Classes: 1}, CutMix{Classes: 1 << 16},
	} {
		if err := o.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	all := []data.Augmentation{RandomCrop{Size: 4}, RandomHorizontalFlip{P: 1}, RandomResizedCrop{Size: 4}, ColorJitter{1, 1, 1, 0.5}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, a := range all {
		for _, im := range []*data.Image{nil, {}, {Width: 2, Height: 2, Pix: make([]uint8, 11)}, {Width: -1, Height: -1, Pix: make([]uint8, 3)}} {
			if _, err := a.Augment(t.Context(), im, r); err == nil {
				t.Errorf("%s of %v: no error", a, im)
			}
		}
		if _, err := a.Augment(ended, sized(7, 5), r); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: after the end of the context %v", a, err)
		}
	}
	for want, c := range map[string]RandomCrop{
		"the image is 5 pixels high with its padding, less than the crop's 6":  {SizeExact: [2]int{6, 7}},
		"the image is 9 pixels wide with its padding, less than the crop's 10": {Size: 10, PaddingExact: [4]int{1, 9, 1, 0}},
	} {
		if _, err := c.Augment(t.Context(), sized(7, 5), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, c := range [][3]int{{11, 2, 2}, {0, 0, 0}, {3, -1, -1}, {12, math.MaxInt / 2, math.MaxInt / 2}} {
		if err := (RandomErasing{}).AugmentTensor(make([]float32, c[0]), c[1], c[2], r); err == nil {
			t.Errorf("erasing of %v: no error", c)
		}
	}
	for want, change := range map[string]func(b *data.Batch){
		"batch/1 has no label":                     func(b *data.Batch) { b.Samples[1].Label = -1 },
		"batch/2 has the label 3, expected 0 to 2": func(b *data.Batch) { b.Samples[2].Label = 3 },
		"a batch of 0 samples":                     func(b *data.Batch) { *b = data.Batch{} },
		"has the shape [4 3 2]":                    func(b *data.Batch) { b.Shape = b.Shape[:3] },
		"and 23 pixels":                            func(b *data.Batch) { b.Pixels = b.Pixels[:23] },
		"has the shape [4 3 0 2]":                  func(b *data.Batch) { b.Shape[2] = 0 },
		"13 targets for 4 samples of 3 classes":    func(b *data.Batch) { b.Targets = make([]float32, 13) },
	} {
		for _, a := range []data.BatchAugmentation{MixUp{Classes: 3}, CutMix{Classes: 3}} {
			b := batch(4, 2, 2)
			change(b)
			if err := a.AugmentBatch(b, r); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", a, err, want)
			}
		}
	}
}

// A line is cropped and scaled to a square without error: of nothing there is no part.
func TestLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range [][2]int{{1, 1}, {1, 900}, {900, 1}, {2, 3}} {
		for range 50 {
			for _, a := range []data.Augmentation{RandomResizedCrop{Size: 4, Ratio: [2]float64{0.01, 0.02}}, RandomResizedCrop{Size: 4}, RandomCrop{Size: 4, PadIfNeeded: true, PaddingMode: Reflect}} {
				if out, err := a.Augment(t.Context(), sized(s[0], s[1]), r); err != nil || out.Width != 4 || out.Height != 4 {
					t.Fatalf("%s of %v: %v", a, s, err)
				}
			}
			x := make([]float32, 3*s[0]*s[1])
			if err := (RandomErasing{P: 1}).AugmentTensor(x, s[1], s[0], r); err != nil {
				t.Fatal(err)
			}
		}
	}
}
