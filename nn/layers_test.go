package nn

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// param is a parameter as a tensor, by its name and shape.
func param(name string, shape ...int) *Tensor {
	return &Tensor{Shape: shape, Data: golden.Param(name, shape...)}
}

type layer interface {
	Forward(context.Context, ...*Tensor) (*Tensor, error)
}

func TestLayersAgainstPyTorch(t *testing.T) {
	conv := func(name string, out, in, k int, bias bool, l Conv2d) layer {
		l.Weight = param(name+"/weight", out, in, k, k)
		if bias {
			l.Bias = param(name+"/bias", out).Data
		}
		return &l
	}
	cases := []struct {
		name  string
		shape []int
		make  func(name string) layer
	}{
		{"conv 3x3", []int{2, 3, 7, 9}, func(n string) layer { return conv(n, 5, 3, 3, true, Conv2d{Padding: Square(1)}) }},
		{"conv 3x3 stride 2 odd", []int{3, 4, 11, 13}, func(n string) layer { return conv(n, 6, 4, 3, false, Conv2d{Stride: 2, Padding: Square(1)}) }},
		{"conv 7x7 stride 2", []int{2, 3, 33, 31}, func(n string) layer { return conv(n, 8, 3, 7, false, Conv2d{Stride: 2, Padding: Square(3)}) }},
		{"conv 1x1", []int{2, 7, 5, 3}, func(n string) layer { return conv(n, 5, 7, 1, false, Conv2d{}) }},
		{"conv 1x1 stride 2", []int{1, 6, 9, 7}, func(n string) layer { return conv(n, 9, 6, 1, false, Conv2d{Stride: 2}) }},
		{"conv 1x1 padded", []int{1, 2, 4, 4}, func(n string) layer { return conv(n, 3, 2, 1, true, Conv2d{Padding: Square(1)}) }},
		{"conv no padding", []int{2, 5, 6, 5}, func(n string) layer { return conv(n, 4, 5, 3, true, Conv2d{}) }},
		{"conv kernel fills image", []int{2, 5, 5, 5}, func(n string) layer { return conv(n, 4, 5, 5, true, Conv2d{}) }},
		{"conv kernel exceeds image", []int{1, 2, 1, 2}, func(n string) layer { return conv(n, 3, 2, 7, true, Conv2d{Stride: 2, Padding: Square(3)}) }},
		{"conv stride 3 kernel 2", []int{2, 3, 10, 11}, func(n string) layer { return conv(n, 3, 3, 2, true, Conv2d{Stride: 3}) }},
		{"conv dilation 2", []int{2, 3, 9, 8}, func(n string) layer { return conv(n, 4, 3, 3, true, Conv2d{Padding: Square(2), Dilation: 2}) }},
		{"conv groups", []int{2, 8, 6, 7}, func(n string) layer { return conv(n, 12, 2, 3, true, Conv2d{Padding: Square(1), Groups: 4}) }},
		{"conv depthwise stride 2", []int{2, 6, 9, 9}, func(n string) layer { return conv(n, 6, 1, 3, false, Conv2d{Stride: 2, Padding: Square(1), Groups: 6}) }},
		{"conv one pixel", []int{1, 17, 1, 1}, func(n string) layer { return conv(n, 19, 17, 1, true, Conv2d{}) }},
		{"conv wide", []int{2, 64, 8, 8}, func(n string) layer { return conv(n, 70, 64, 3, false, Conv2d{Padding: Square(1)}) }},
		{"batchnorm", []int{3, 5, 4, 7}, func(n string) layer { return batchNormOf(n+"/", 5) }},
		{"relu", []int{2, 3, 5, 4}, func(string) layer { return ReLU }},
		{"maxpool 3/2/1", []int{2, 3, 9, 12}, func(string) layer { return &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1} }},
		{"maxpool 2", []int{2, 3, 7, 5}, func(string) layer { return &MaxPool2d{Kernel: 2} }},
		{"maxpool 3/1/1", []int{1, 4, 5, 6}, func(string) layer { return &MaxPool2d{Kernel: 3, Stride: 1, Padding: 1} }},
		{"maxpool one pixel", []int{1, 4, 1, 1}, func(string) layer { return &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1} }},
		{"avgpool", []int{2, 5, 7, 3}, func(string) layer { return &AdaptiveAvgPool2d{} }},
		{"linear", []int{4, 37}, func(n string) layer {
			return &Linear{Weight: param(n+"/weight", 11, 37), Bias: param(n+"/bias", 11).Data}
		}},
		{"linear no bias", []int{3, 512}, func(n string) layer { return &Linear{Weight: param(n+"/weight", 10, 512)} }},
	}
	want := golden.Open(t, "nn_layers.safetensors")
	if len(cases) != len(want.Names()) {
		t.Errorf("%d cases, the golden file has %d", len(cases), len(want.Names()))
	}
	for _, c := range cases {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		x := &Tensor{Shape: c.shape, Data: golden.Uniform(c.name+"/input", n, 1)}
		before := slices.Clone(x.Data)
		y, err := c.make(c.name).Forward(t.Context(), x)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(y.Shape, want.Shape(c.name)) {
			t.Errorf("%s: shape %v, want %v", c.name, y.Shape, want.Shape(c.name))
			continue
		}
		if !slices.Equal(before, x.Data) {
			t.Errorf("%s changed its input", c.name)
		}
		diff, relative := golden.MaxAbsDiff(t, y.Data, want.Float32(c.name)), golden.Relative(t, y.Data, want.Float32(c.name))
		t.Logf("%-28s max abs difference %.2g, of the largest value %.2g", c.name, diff, relative)
		if relative > 1e-6 { // some units in the last place, for sums of up to 576 terms
			t.Errorf("%s: relative difference %g", c.name, relative)
		}
	}
}

func batchNormOf(prefix string, c int) *BatchNorm2d {
	return &BatchNorm2d{
		Weight:      param(prefix+"weight", c).Data,
		Bias:        param(prefix+"bias", c).Data,
		RunningMean: param(prefix+"running_mean", c).Data,
		RunningVar:  param(prefix+"running_var", c).Data,
	}
}

func TestLayersRefuseBadShapes(t *testing.T) {
	image := empty(1, 3, 4, 4)
	weight := empty(2, 3, 3, 3)
	for name, c := range map[string]struct {
		l layer
		x *Tensor
	}{
		"conv nil input":            {&Conv2d{Weight: weight}, nil},
		"conv nil weight":           {&Conv2d{}, image},
		"conv rank 3":               {&Conv2d{Weight: weight}, empty(3, 4, 4)},
		"conv empty batch":          {&Conv2d{Weight: weight}, empty(0, 3, 4, 4)},
		"conv short data":           {&Conv2d{Weight: weight}, &Tensor{[]int{1, 3, 4, 4}, make([]float32, 5)}},
		"conv channels":             {&Conv2d{Weight: weight}, empty(1, 4, 4, 4)},
		"conv kernel too large":     {&Conv2d{Weight: weight}, empty(1, 3, 2, 2)},
		"conv bias length":          {&Conv2d{Weight: weight, Bias: make([]float32, 3)}, image},
		"conv groups":               {&Conv2d{Weight: weight, Groups: 3}, empty(1, 9, 4, 4)},
		"conv negative stride":      {&Conv2d{Weight: weight, Stride: -1}, image},
		"batchnorm channels":        {batchNormOf("x.", 4), image},
		"batchnorm ragged":          {&BatchNorm2d{Weight: make([]float32, 3)}, image},
		"batchnorm empty":           {&BatchNorm2d{}, image},
		"maxpool no kernel":         {&MaxPool2d{}, image},
		"maxpool padding":           {&MaxPool2d{Kernel: 3, Padding: 2}, image},
		"maxpool kernel too large":  {&MaxPool2d{Kernel: 9, Padding: 1}, image},
		"avgpool rank":              {&AdaptiveAvgPool2d{}, empty(4, 4)},
		"avgpool no pixels":         {&AdaptiveAvgPool2d{}, empty(1, 2, 0, 4)},
		"linear features":           {&Linear{Weight: empty(3, 4)}, empty(2, 5)},
		"linear bias":               {&Linear{Weight: empty(3, 4), Bias: make([]float32, 2)}, empty(2, 4)},
		"linear nil":                {&Linear{Weight: empty(3, 4)}, nil},
		"conv shape overflows":      {&Conv2d{Weight: weight}, &Tensor{[]int{math.MaxInt >> 23, 3, math.MaxInt >> 23, 4}, nil}},
		"conv padding not negative": {&Conv2d{Weight: weight, Padding: Square(-1)}, image},
	} {
		if y, err := c.l.Forward(t.Context(), c.x); err == nil {
			t.Errorf("%s: accepted, shape %v", name, y.Shape)
		}
	}
	if _, err := FromSlice(make([]float32, 5), 2, 3); err == nil {
		t.Error("FromSlice: 5 elements accepted for shape [2 3]")
	}
	if _, err := NewTensor(2, -1); err == nil {
		t.Error("NewTensor: negative dimension accepted")
	}
	if _, err := image.Sample(1); err == nil {
		t.Error("Sample: index beyond the batch accepted")
	}
}

func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	x := &Tensor{[]int{1, 1, 2, 2}, []float32{1, nan, -3, 2}}
	for _, l := range []layer{ReLU, &MaxPool2d{Kernel: 2}, &AdaptiveAvgPool2d{}} {
		y, err := l.Forward(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(y.Data, func(v float32) bool { return v != v }) {
			t.Errorf("%T lost a NaN: %v", l, y.Data)
		}
	}
}
