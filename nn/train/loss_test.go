package train_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// uniform is t of testdata/export/train.py.
func uniform(name string, bound float64, shape ...int) *nn.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &nn.Tensor{Shape: shape, Data: golden.Uniform("train/"+name, n, bound)}
}

func zeros(shape ...int) *nn.Tensor { return uniform("", 0, shape...) }

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestCrossEntropy holds both losses to PyTorch in float64: LOSSES of the export script.
// The derivatives are rounded to float32 on both sides.
func TestCrossEntropy(t *testing.T) {
	f := golden.Open(t, "train")
	for _, c := range []struct {
		name       string
		n, classes int
		bound      float64
		smoothing  float64
	}{
		{"plain", 5, 7, 3, 0},
		{"smooth", 5, 7, 3, 0.1},
		{"all smooth", 5, 7, 3, 1},
		{"one class", 3, 1, 3, 0.1},
		{"large", 5, 7, 1e4, 0.1},
		{"huge", 5, 7, 3e38, 0.1},
		{"wide", 6, 1000, 5, 0.1},
	} {
		logits := uniform(c.name+"/logits", c.bound, c.n, c.classes)
		labels := make([]int, c.n)
		for i := range labels {
			labels[i] = i * 7 % c.classes
		}
		targets := uniform(c.name+"/targets", 0.5, c.n, c.classes)
		for i, v := range targets.Data {
			targets.Data[i] = max(v, -v)
		}
		for kind, loss := range map[string]nn.Loss{
			"hard": train.CrossEntropy(labels, c.smoothing),
			"soft": train.SoftCrossEntropy(targets, c.smoothing),
		} {
			key := "loss/" + kind + "/" + c.name
			d := zeros(c.n, c.classes)
			value, err := loss(logits, d)
			if err != nil {
				t.Fatal(err)
			}
			// A single class has no loss but for what rounding leaves.
			if want := f.Float64(key + "/value"); want[0] > 1e-12 || value > 1e-12 {
				near.AtMost(t, key, near.Elementwise(t, []float64{value}, want), 1e-12)
			}
			want := wide(f.Float32(key + "/d"))
			worst := 0.0
			for i, v := range wide(d.Data) {
				// Two roundings to float32, and what float64 loses by subtracting.
				worst = max(worst, math.Abs(v-want[i])/(math.Abs(want[i])+1e-8))
			}
			near.AtMost(t, key+" derivatives", worst, 1.3e-7)
		}
	}
}

// The mean over the batch of one row's loss is the loss of that row alone, and what is
// soft but certain is hard, to the bit.
func TestCrossEntropyRows(t *testing.T) {
	const n, classes = 700, 11
	logits, targets := uniform("rows", 4, n, classes), zeros(n, classes)
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i * i % classes
		targets.Data[i*classes+labels[i]] = 1
	}
	hard, soft := zeros(n, classes), zeros(n, classes)
	a, err := train.CrossEntropy(labels, 0.2)(logits, hard)
	b, err2 := train.SoftCrossEntropy(targets, 0.2)(logits, soft)
	if err != nil || err2 != nil || a != b || !slices.Equal(hard.Data, soft.Data) {
		t.Errorf("hard %g, soft %g, errors %v, %v", a, b, err, err2)
	}
	sum := 0.0
	for i := range n {
		row, _ := logits.Sample(i)
		row.Shape = []int{1, classes}
		v, err := train.CrossEntropy(labels[i:i+1], 0.2)(row, zeros(1, classes))
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	near.AtMost(t, "mean", math.Abs(a-sum/n), 1e-14)
}

// A logit of minus infinity is a class that cannot be; what else is not finite makes the
// loss NaN.
func TestCrossEntropyNotFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	d := zeros(1, 3)
	v, err := train.CrossEntropy([]int{0}, 0)(&nn.Tensor{Shape: []int{1, 3}, Data: []float32{1, -inf, 1}}, d)
	if err != nil || !(math.Abs(v-math.Ln2) <= 1e-15) || !slices.Equal(d.Data, []float32{-0.5, 0, 0.5}) {
		t.Errorf("loss %g, derivatives %v, error %v", v, d.Data, err)
	}
	for _, z := range [][]float32{{nan, 0, 0}, {0, 0, nan}, {0, inf, 0}, {inf, inf, 0}, {-inf, -inf, -inf}} {
		for name, loss := range map[string]nn.Loss{
			"hard": train.CrossEntropy([]int{0}, 0),
			"soft": train.SoftCrossEntropy(&nn.Tensor{Shape: []int{1, 3}, Data: []float32{0.2, 0.3, 0.5}}, 0),
		} {
			if v, err := loss(&nn.Tensor{Shape: []int{1, 3}, Data: z}, d); err != nil || !math.IsNaN(v) {
				t.Errorf("%s of %v: %g, error %v", name, z, v, err)
			}
		}
	}
}

func TestCrossEntropyErrors(t *testing.T) {
	logits, d := zeros(2, 3), zeros(2, 3)
	good := []int{0, 2}
	for name, c := range map[string]struct {
		loss      nn.Loss
		logits, d *nn.Tensor
	}{
		"few labels":         {train.CrossEntropy(good[:1], 0), logits, d},
		"label too large":    {train.CrossEntropy([]int{0, 3}, 0), logits, d},
		"ignore_index":       {train.CrossEntropy([]int{-100, 0}, 0), logits, d},
		"smoothing below 0":  {train.CrossEntropy(good, -0.1), logits, d},
		"smoothing above 1":  {train.CrossEntropy(good, 1.1), logits, d},
		"smoothing NaN":      {train.CrossEntropy(good, math.NaN()), logits, d},
		"no logits":          {train.CrossEntropy(good, 0), nil, d},
		"one dimension":      {train.CrossEntropy(good, 0), zeros(6), d},
		"too few logits":     {train.CrossEntropy(good, 0), &nn.Tensor{Shape: []int{2, 3}, Data: make([]float32, 5)}, d},
		"negative shape":     {train.CrossEntropy(good, 0), &nn.Tensor{Shape: []int{-2, -3}, Data: make([]float32, 6)}, d},
		"overflowing shape":  {train.CrossEntropy(good, 0), &nn.Tensor{Shape: []int{1 << (strconv.IntSize/2 + 1), 1 << (strconv.IntSize/2 + 1)}, Data: make([]float32, 6)}, d},
		"empty":              {train.CrossEntropy(nil, 0), zeros(0, 3), zeros(0, 3)},
		"no derivatives":     {train.CrossEntropy(good, 0), logits, nil},
		"few derivatives":    {train.CrossEntropy(good, 0), logits, zeros(1, 3)},
		"no targets":         {train.SoftCrossEntropy(nil, 0), logits, d},
		"other targets":      {train.SoftCrossEntropy(zeros(3, 2), 0), logits, d},
		"soft few logits":    {train.SoftCrossEntropy(zeros(2, 3), 0), zeros(6), d},
		"soft and smoothing": {train.SoftCrossEntropy(zeros(2, 3), 2), logits, d},
	} {
		if v, err := c.loss(c.logits, c.d); err == nil {
			t.Errorf("%s: loss %g and no error", name, v)
		}
	}
}
