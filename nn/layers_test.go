package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// param is a parameter as a tensor, by its name and shape.
func param(name string, shape ...int) *Tensor {
	return &Tensor{Shape: shape, Data: golden.Param(name, shape...)}
}

// An opCase is an operation with the shapes of its inputs; its parameters are made from
// its name.
type opCase struct {
	name   string
	shapes [][]int
	make   func(name string) Operation
}

// operationCases holds the table layers of testdata/export/nn.py.
func operationCases() []opCase {
	conv := func(name string, out, in, k int, bias bool, l Conv2d) Operation {
		l.Weight = param(name+"/weight", out, in, k, k)
		if bias {
			l.Bias = param(name+"/bias", out).Data
		}
		return &l
	}
	return []opCase{
		{"conv 3x3", [][]int{{2, 3, 7, 9}}, func(n string) Operation { return conv(n, 5, 3, 3, true, Conv2d{Padding: Square(1)}) }},
		{"conv 3x3 stride 2 odd", [][]int{{3, 4, 11, 13}}, func(n string) Operation { return conv(n, 6, 4, 3, false, Conv2d{Stride: 2, Padding: Square(1)}) }},
		{"conv 7x7 stride 2", [][]int{{2, 3, 33, 31}}, func(n string) Operation { return conv(n, 8, 3, 7, false, Conv2d{Stride: 2, Padding: Square(3)}) }},
		{"conv 1x1", [][]int{{2, 7, 5, 3}}, func(n string) Operation { return conv(n, 5, 7, 1, false, Conv2d{}) }},
		{"conv 1x1 stride 2", [][]int{{1, 6, 9, 7}}, func(n string) Operation { return conv(n, 9, 6, 1, false, Conv2d{Stride: 2}) }},
		{"conv 1x1 padded", [][]int{{1, 2, 4, 4}}, func(n string) Operation { return conv(n, 3, 2, 1, true, Conv2d{Padding: Square(1)}) }},
		{"conv no padding", [][]int{{2, 5, 6, 5}}, func(n string) Operation { return conv(n, 4, 5, 3, true, Conv2d{}) }},
		{"conv kernel fills image", [][]int{{2, 5, 5, 5}}, func(n string) Operation { return conv(n, 4, 5, 5, true, Conv2d{}) }},
		{"conv kernel exceeds image", [][]int{{1, 2, 1, 2}}, func(n string) Operation { return conv(n, 3, 2, 7, true, Conv2d{Stride: 2, Padding: Square(3)}) }},
		{"conv stride 3 kernel 2", [][]int{{2, 3, 10, 11}}, func(n string) Operation { return conv(n, 3, 3, 2, true, Conv2d{Stride: 3}) }},
		{"conv dilation 2", [][]int{{2, 3, 9, 8}}, func(n string) Operation { return conv(n, 4, 3, 3, true, Conv2d{Padding: Square(2), Dilation: 2}) }},
		{"conv groups", [][]int{{2, 8, 6, 7}}, func(n string) Operation { return conv(n, 12, 2, 3, true, Conv2d{Padding: Square(1), Groups: 4}) }},
		{"conv depthwise stride 2", [][]int{{2, 6, 9, 9}}, func(n string) Operation {
			return conv(n, 6, 1, 3, false, Conv2d{Stride: 2, Padding: Square(1), Groups: 6})
		}},
		{"conv one pixel", [][]int{{1, 17, 1, 1}}, func(n string) Operation { return conv(n, 19, 17, 1, true, Conv2d{}) }},
		{"conv wide", [][]int{{2, 64, 8, 8}}, func(n string) Operation { return conv(n, 70, 64, 3, false, Conv2d{Padding: Square(1)}) }},
		{"batchnorm", [][]int{{3, 5, 4, 7}}, func(n string) Operation { return batchNormOf(n+"/", 5) }},
		{"relu", [][]int{{2, 3, 5, 4}}, func(string) Operation { return ReLU }},
		{"maxpool 3/2/1", [][]int{{2, 3, 9, 12}}, func(string) Operation { return &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1} }},
		{"maxpool 2", [][]int{{2, 3, 7, 5}}, func(string) Operation { return &MaxPool2d{Kernel: 2} }},
		{"maxpool 3/1/1", [][]int{{1, 4, 5, 6}}, func(string) Operation { return &MaxPool2d{Kernel: 3, Stride: 1, Padding: 1} }},
		{"maxpool one pixel", [][]int{{1, 4, 1, 1}}, func(string) Operation { return &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1} }},
		{"avgpool", [][]int{{2, 5, 7, 3}}, func(string) Operation { return &AdaptiveAvgPool2d{} }},
		{"linear", [][]int{{4, 37}}, func(n string) Operation {
			return &Linear{Weight: param(n+"/weight", 11, 37), Bias: param(n+"/bias", 11).Data}
		}},
		{"linear no bias", [][]int{{3, 512}}, func(n string) Operation { return &Linear{Weight: param(n+"/weight", 10, 512)} }},
		{"linear of rows", [][]int{{2, 3, 5, 6}}, func(n string) Operation {
			return &Linear{Weight: param(n+"/weight", 4, 6), Bias: param(n+"/bias", 4).Data}
		}},
		{"conv 1x7", [][]int{{2, 3, 5, 9}}, func(n string) Operation {
			return &Conv2d{Weight: param(n+"/weight", 4, 3, 1, 7), Bias: param(n+"/bias", 4).Data, Padding: [2]int{0, 3}}
		}},
		{"conv 7x1 stride 2", [][]int{{2, 3, 9, 6}}, func(n string) Operation {
			return &Conv2d{Weight: param(n+"/weight", 4, 3, 7, 1), Bias: param(n+"/bias", 4).Data, Stride: 2, Padding: [2]int{3, 0}}
		}},
		{"conv depthwise 7x7", [][]int{{2, 5, 8, 9}}, func(n string) Operation { return conv(n, 5, 1, 7, true, Conv2d{Padding: Square(3), Groups: 5}) }},
		{"conv depthwise dilation 2", [][]int{{1, 4, 7, 6}}, func(n string) Operation {
			return conv(n, 4, 1, 3, true, Conv2d{Padding: Square(2), Dilation: 2, Groups: 4})
		}},
		{"conv groups stride 2", [][]int{{2, 6, 8, 7}}, func(n string) Operation {
			return conv(n, 4, 3, 3, true, Conv2d{Stride: 2, Padding: Square(1), Groups: 2})
		}},
		{"relu6", [][]int{{2, 3, 5, 4}}, func(string) Operation { return ReLU6 }},
		{"sigmoid", [][]int{{2, 3, 5, 4}}, func(string) Operation { return Sigmoid }},
		{"silu", [][]int{{2, 3, 5, 4}}, func(string) Operation { return SiLU }},
		{"tanh", [][]int{{2, 3, 5, 4}}, func(string) Operation { return Tanh }},
		{"hardsigmoid", [][]int{{2, 3, 5, 4}}, func(string) Operation { return Hardsigmoid }},
		{"hardswish", [][]int{{2, 3, 5, 4}}, func(string) Operation { return Hardswish }},
		{"gelu", [][]int{{2, 3, 5, 4}}, func(string) Operation { return GELU }},
		{"layernorm", [][]int{{2, 3, 4, 7}}, func(n string) Operation { return layerNormOf(n, 7, false) }},
		{"layernorm of channels", [][]int{{2, 7, 3, 4}}, func(n string) Operation { return layerNormOf(n, 7, true) }},
		{"maxpool ceil", [][]int{{2, 3, 8, 6}}, func(string) Operation { return &MaxPool2d{Kernel: 3, Stride: 2, CeilMode: true} }},
		{"maxpool ceil padded", [][]int{{2, 3, 8, 5}}, func(string) Operation { return &MaxPool2d{Kernel: 3, Stride: 2, Padding: 1, CeilMode: true} }},
		{"maxpool 2 ceil", [][]int{{2, 3, 7, 5}}, func(string) Operation { return &MaxPool2d{Kernel: 2, CeilMode: true} }},
		{"avgpool 2", [][]int{{2, 3, 7, 6}}, func(string) Operation { return &AvgPool2d{Kernel: 2} }},
		{"avgpool 3/1/1", [][]int{{2, 3, 5, 6}}, func(string) Operation { return &AvgPool2d{Kernel: 3, Stride: 1, Padding: 1} }},
		{"avgpool 3/2/1 ceil", [][]int{{2, 3, 8, 5}}, func(string) Operation { return &AvgPool2d{Kernel: 3, Stride: 2, Padding: 1, CeilMode: true} }},
		{"avgpool 3/2/1 ceil exclude", [][]int{{2, 3, 8, 5}}, func(string) Operation {
			return &AvgPool2d{Kernel: 3, Stride: 2, Padding: 1, CeilMode: true, ExcludePad: true}
		}},
		{"avgpool to 3", [][]int{{2, 3, 7, 4}}, func(string) Operation { return &AdaptiveAvgPool2d{Size: 3} }},
		{"avgpool to more", [][]int{{2, 3, 4, 2}}, func(string) Operation { return &AdaptiveAvgPool2d{Size: 7} }},
		{"blurpool", [][]int{{2, 3, 7, 6}}, func(string) Operation { return BlurPool2d{} }},
		{"add", [][]int{{2, 3, 4, 5}, {2, 3, 4, 5}}, func(string) Operation { return Add{} }},
		{"mul", [][]int{{2, 3, 4, 5}, {2, 3, 4, 5}}, func(string) Operation { return Mul{} }},
		{"mul planes", [][]int{{2, 3, 4, 5}, {2, 3, 1, 1}}, func(string) Operation { return Mul{} }},
		{"mul planes first", [][]int{{2, 3, 1, 1}, {2, 3, 4, 5}}, func(string) Operation { return Mul{} }},
		{"affine", [][]int{{2, 3, 4, 5}}, func(n string) Operation {
			return &Affine{Scale: param(n+"/weight", 3).Data, Shift: param(n+"/bias", 3).Data}
		}},
		{"concat", [][]int{{2, 3, 4, 5}, {2, 1, 4, 5}, {2, 2, 4, 5}}, func(string) Operation { return Concat{} }},
		{"slice", [][]int{{2, 5, 3, 4}}, func(string) Operation { return Slice{1, 4} }},
		{"shuffle", [][]int{{2, 6, 3, 4}}, func(string) Operation { return ChannelShuffle{3} }},
		{"flatten", [][]int{{2, 3, 4, 5}}, func(string) Operation { return Flatten{} }},
		{"permute", [][]int{{2, 3, 4, 5}}, func(string) Operation { return Permute{[4]int{0, 3, 1, 2}} }},
		{"subsample", [][]int{{2, 3, 5, 6}}, func(string) Operation { return Subsample{2, 2, 1} }},
		{"identity", [][]int{{2, 3, 4, 5}}, func(string) Operation { return Identity{} }},
	}
}

// inputs are the numbers that PyTorch had.
func (c opCase) inputs() []*Tensor {
	bound := 1.0
	if a, ok := c.make(c.name).(*Activation); ok && a != ReLU {
		bound = 5
	}
	x := make([]*Tensor, len(c.shapes))
	for i, shape := range c.shapes {
		x[i] = empty(shape...)
		x[i].Data = golden.Uniform(c.name+"/input"+strings.Repeat("#", i), len(x[i].Data), bound)
	}
	return x
}

// gradient is a gradient by the output.
func (c opCase) gradient(shape []int) *Tensor {
	dy := empty(shape...)
	dy.Data = golden.Uniform(c.name+"/dy", len(dy.Data), 1)
	return dy
}

// TestOperationsAgainstPyTorch holds outputs and gradients to PyTorch's.
func TestOperationsAgainstPyTorch(t *testing.T) {
	want := golden.Open(t, "nn_layers.safetensors")
	compared := 0
	compare := func(what string, got *Tensor) {
		compared++
		if !slices.Equal(got.Shape, want.Shape(what)) {
			t.Errorf("%s: shape %v, want %v", what, got.Shape, want.Shape(what))
			return
		}
		if d := golden.Relative(t, got.Data, want.Float32(what)); d > 1e-6 { // some units in the last place, for sums of up to 576 terms
			t.Errorf("%s: relative difference %g", what, d)
		}
	}
	for _, c := range operationCases() {
		op, x := c.make(c.name), c.inputs()
		var before [][]float32
		for _, v := range x {
			before = append(before, slices.Clone(v.Data))
		}
		y, err := op.Forward(t.Context(), x...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		compare(c.name, y)
		dx, err := op.Backward(t.Context(), c.gradient(y.Shape), y, x...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, v := range dx {
			compare(c.name+"/grad"+strings.Repeat("#", i), v)
			if !slices.Equal(before[i], x[i].Data) {
				t.Errorf("%s changed its input", c.name)
			}
		}
	}
	if compared != len(want.Names()) {
		t.Errorf("compared %d, the golden file has %d", compared, len(want.Names()))
	}
}

// TestFiniteDifferences holds every Backward and BackwardParameters to its Forward.
func TestFiniteDifferences(t *testing.T) {
	cases := operationCases()
	for _, c := range normCases() {
		if c.offset == 0 { // else rounding is large beside a step
			cases = append(cases, opCase{c.name, [][]int{c.shape}, func(string) Operation { return c.norm() }})
		}
	}
	for _, c := range append(cases, learnerCases()...) {
		op, x := c.make(c.name), c.inputs()
		y, err := op.Forward(t.Context(), x...)
		if err != nil {
			t.Fatal(err)
		}
		dy := c.gradient(y.Shape)
		sum := func() float64 {
			y, err := op.Forward(t.Context(), x...)
			if err != nil {
				t.Fatal(err)
			}
			s := 0.0
			for k, v := range y.Data {
				s += float64(v) * float64(dy.Data[k])
			}
			return s
		}
		dx, err := op.Backward(t.Context(), dy, y, x...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x {
			checkDifferences(t, c.name+strings.Repeat("#", i), x[i].Data, dx[i].Data, sum)
		}
		l, ok := op.(Learner)
		if !ok {
			continue
		}
		dw, err := l.BackwardParameters(t.Context(), dy, y, x...)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range l.Parameters() {
			checkDifferences(t, c.name+", "+p.Name, p.Value.Data, dw[i].Data, sum)
		}
	}
}

// checkDifferences holds the gradient d of a sum by some numbers at to the change of the sum
// along a step of all of them.
func checkDifferences(t *testing.T, name string, at, d []float32, sum func() float64) {
	t.Helper()
	const h = 1.0 / 512 // small enough that few bends are passed, and large beside rounding
	step, before := golden.Uniform(name+"/step", len(at), 1), slices.Clone(at)
	moved := func(sign float32) float64 {
		for k := range step {
			at[k] = before[k] + sign*h*step[k]
		}
		defer copy(at, before)
		return sum()
	}
	got, size := 0.0, 0.0
	for k, v := range d {
		got += float64(v) * float64(step[k])
		size += math.Abs(float64(v) * float64(step[k]))
	}
	want := (moved(1) - moved(-1)) / (2 * h)
	if math.Abs(got-want) > 5e-3*size {
		t.Errorf("%s: %g, by differences %g (terms of %g)", name, got, want, size)
	}
}

func layerNormOf(name string, n int, channels bool) *LayerNorm {
	return &LayerNorm{Weight: param(name+"/weight", n).Data, Bias: param(name+"/bias", n).Data, Eps: 1e-6, Channels: channels}
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
		l Operation
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
	for _, l := range []Operation{ReLU, &MaxPool2d{Kernel: 2}, &AdaptiveAvgPool2d{}} {
		y, err := l.Forward(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(y.Data, func(v float32) bool { return v != v }) {
			t.Errorf("%T lost a NaN: %v", l, y.Data)
		}
	}
}
