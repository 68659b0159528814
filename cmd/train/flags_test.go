package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render"
)

// -augment becomes torchvision's transforms, in their order.
func TestAugment(t *testing.T) {
	whole := data.Transform{Resize: 32, CenterCrop: 32}
	for _, c := range []struct {
		text string
		t    data.Transform
		side int
		want string // resizing in brackets
	}{
		{"", whole, 32, "[Resize(32)], RandomCrop(size=(32, 32), padding=4, pad_if_needed=True), RandomHorizontalFlip(p=0.5)"},
		{"", data.Transform{}, 32, "[size], RandomCrop(size=(32, 32), padding=4, pad_if_needed=True), RandomHorizontalFlip(p=0.5)"},
		{"", data.Transform{}, 0, "RandomHorizontalFlip(p=0.5)"},
		{"none", whole, 32, "[Resize(32)]"},
		{"none", data.Transform{}, 0, ""},
		{"crop", whole, 32, "[Resize(32)], RandomCrop(size=(32, 32), padding=4, pad_if_needed=True)"},
		{"crop=0", data.Transform{Resize: 40, CenterCrop: 32}, 32, "[Resize(40)], RandomCrop(size=(32, 32), padding=None, pad_if_needed=True)"},
		{"resizedcrop, flip=0.25", whole, 32, "RandomResizedCrop(size=(32, 32), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, antialias=True), RandomHorizontalFlip(p=0.25)"},
		{"cutmix,erase,hue,jitter=0.3,mixup=0.4", whole, 32, "[Resize(32)], ColorJitter(brightness=(0.7, 1.3), contrast=(0.7, 1.3), saturation=(0.7, 1.3), hue=(-0.1, 0.1)), " +
			"RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False), MixUp(alpha=0.4, num_classes=3), CutMix(alpha=1.0, num_classes=3)"},
	} {
		r, err := parseAugment(c.text, c.side)
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.make(c.t, c.side, 3)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, step := range a.images {
			switch step.(type) {
			case sized, square:
				steps = append(steps, "["+step.String()+"]")
			}
		}
		if len(a.images)+len(a.tensors)+len(a.batches) > len(steps) {
			steps = append(steps, a.String())
		}
		if got := strings.Join(steps, ", "); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.text, got, c.want)
		}
		if a.transform.Resize != 0 || a.transform.CenterCrop != 0 {
			t.Errorf("%q: resized again", c.text)
		}
	}
	if r, err := parseAugment("crop", 0); err != nil {
		t.Error(err)
	} else if _, err := r.make(data.Transform{}, 0, 3); err == nil || !strings.Contains(err.Error(), "need -size") {
		t.Errorf("crop of images of any size: %v", err)
	}
	for _, text := range []string{"x", "flip,flip", "crop=-1", "crop=1.5", "jitter=0", "mixup=NaN", "flip=", "none,flip", ","} {
		if _, err := parseAugment(text, 32); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// Learning rates by epoch, of 10 epochs of 100 steps.
func TestRates(t *testing.T) {
	const steps = 100
	for _, c := range []struct {
		args string
		at   map[int]float64 // by step
	}{
		{"-lr 0.1 -schedule constant", map[int]float64{0: 0.1, 999: 0.1}},
		{"-lr 0.1 -schedule constant -warmup 2.5", map[int]float64{0: 0.001, 125: 0.0505, 250: 0.1, 999: 0.1}},
		{"-lr 0.1 -schedule step", map[int]float64{332: 0.1, 333: 0.01, 666: 0.001}},
		{"-lr 0.1 -schedule step=4:0.5 -warmup 1", map[int]float64{0: 0.001, 100: 0.1, 499: 0.1, 500: 0.05, 900: 0.025}},
		{"-lr 0.1 -schedule cosine", map[int]float64{0: 0.1, 500: 0.05, 250: 0.1 * (1 + math.Sqrt2/2) / 2}},
		{"-lr 0.1 -schedule cosine -warmup 5", map[int]float64{0: 0.001, 500: 0.1, 750: 0.05}},
		{"-lr 0.1", map[int]float64{0: 0.01, 249: 0.1, 999: 0.0001, 624: 0.1 - 0.0999*375/750}},
		{"-lr 0.1 -warmup 5", map[int]float64{0: 0.01, 499: 0.1, 999: 0.0001}},
		{"-lr 0.1 -warmup 0", map[int]float64{0: 0.1, 999: 0.0001}},
		{"-schedule constant", map[int]float64{0: 0.08}},
		{"-schedule constant -batch 16", map[int]float64{0: 0.02}},
		{"-schedule constant -optimizer adamw -batch 16", map[int]float64{0: 0.002}},
		{"-schedule constant -weights x.pth -batch 128", map[int]float64{0: 0.02}},
	} {
		o, err := parse(t.Context(), strings.Fields(c.args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		rates, err := o.rates(steps)
		if err != nil {
			t.Fatal(err)
		}
		for step, want := range c.at {
			if got := rates(step); math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: %v at step %d, want %v", c.args, got, step, want)
			}
		}
	}
}

// Images stay as they are where they are small squares of one size.
func TestOwnSize(t *testing.T) {
	for _, c := range []struct {
		sizes [][2]int
		want  int
	}{
		{[][2]int{{32, 32}, {32, 32}}, 0},
		{[][2]int{{256, 256}, {256, 256}}, 0},
		{[][2]int{{257, 257}, {257, 257}}, otherwise},
		{[][2]int{{32, 32}, {32, 31}}, otherwise},
		{[][2]int{{32, 32}, {31, 32}}, otherwise},
		{[][2]int{{32, 24}, {32, 24}}, otherwise},
		{[][2]int{{32, 32}, {40, 40}}, otherwise},
	} {
		dir := t.TempDir()
		var paths []string
		for i, size := range c.sizes {
			im, err := data.NewImage(size[0], size[1])
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, filepath.Join(dir, fmt.Sprint(i)+".png"))
			if err := render.SavePNG(t.Context(), paths[i], im); err != nil {
				t.Fatal(err)
			}
		}
		ds, err := data.OpenFiles(t.Context(), paths, data.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := (&images{train: ds}).ownSize(t.Context()); err != nil || got != c.want {
			t.Errorf("%v: %d, error %v, want %d", c.sizes, got, err, c.want)
		}
	}
}

// Scenes that are kept are those that would be drawn.
func TestDrawn(t *testing.T) {
	ds := drawScenes(5, 2)
	for range 2 {
		for i := range 2 {
			s, err := ds.Sample(t.Context(), i)
			if want := scenes.Draw(uint64(5 + i)); err != nil || s.Label != want.Label || !bytes.Equal(s.Image.Pix, want.Image.Pix) {
				t.Errorf("scene %d: label %d, error %v", i, s.Label, err)
			}
		}
	}
	if _, err := ds.Sample(t.Context(), 2); err == nil {
		t.Error("scene 2 of 2: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ds.Sample(ctx, 0); err == nil {
		t.Error("no error after the end")
	}
	if _, kept := drawScenes(0, mostDrawn+1).(*drawn); kept {
		t.Error("more scenes are kept than there is room for")
	}
}

// blind is a network that sees the first class in everything.
type blind struct{ nn.Network }

func (blind) Run(_ context.Context, x *nn.Tensor, _ ...string) (*nn.Result, error) {
	logits := &nn.Tensor{Shape: []int{x.Shape[0], 3}, Data: make([]float32, 3*x.Shape[0])}
	for i := range x.Shape[0] {
		logits.Data[3*i] = 1
	}
	return &nn.Result{Logits: logits}, nil
}

func TestEvaluate(t *testing.T) {
	ds, err := data.Open(t.Context(), stripes(t, t.TempDir(), 30, 8), data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	d := &images{val: data.Subset(ds, []int{0, 1, 2, 3, 40, 41, 42, 70, 71, 72}), classes: ds.Classes()}
	got, err := d.evaluate(t.Context(), blind{}, data.Transform{}, func(n int) { done = n })
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Log(math.E+2) - 0.4; math.Abs(got.loss-want) > 1e-6 || got.correct != 4 || got.images != 10 || done != 10 {
		t.Errorf("%+v, want a loss of %v", got, want)
	}
	if want := "[[4 0 0] [3 0 0] [3 0 0]]"; fmt.Sprint(got.confusion) != want {
		t.Errorf("%v, want %v", got.confusion, want)
	}
}

// The matrix of a few classes, and the worst of many.
func TestConfusion(t *testing.T) {
	var out bytes.Buffer
	s := &session{options: &options{}, data: &images{classes: []string{"cat", "dog", "none"}}, stdout: &out}
	if err := s.confuse(t.Context(), &outcome{confusion: [][]int{{8, 2, 0}, {1, 1234, 0}, {0, 0, 0}}}); err != nil {
		t.Fatal(err)
	}
	want := `classes         right      a      b      c
  a       cat   80.0%      8      2      .
  b       dog   99.9%      1   1234      .
  c       none   none      .      .      .
`
	if out.String() != want {
		t.Errorf("\n%s\nwant\n%s", &out, want)
	}

	out.Reset()
	const n = fits + 1
	confusion := make([][]int, n)
	s.data.classes = nil
	for i := range n {
		confusion[i] = make([]int, n)
		confusion[i][i] = 10
		s.data.classes = append(s.data.classes, fmt.Sprint("c", i))
	}
	confusion[7][7], confusion[7][2], confusion[3][4] = 5, 5, 1
	if err := s.confuse(t.Context(), &outcome{confusion: confusion}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != most+2 || lines[0] != "worst     50.0% of 10 c7" || lines[1] != "          90.9% of 11 c3" || !slices.Contains(lines, "confused  5 c7 taken for c2") {
		t.Errorf("%s", &out)
	}
}

// File names in commands are as a shell takes them.
func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{"n.safetensors": "n.safetensors", "my net": "'my net'", "it's": `'it'\''s'`, "a;b": "'a;b'"} {
		if got := quoted(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
