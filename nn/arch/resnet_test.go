package arch

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// zeros returns a tensor of zeros.
func zeros(shape ...int) *nn.Tensor {
	t, err := nn.NewTensor(shape...)
	if err != nil {
		panic(err)
	}
	return t
}

// inputOf is the batch that a golden file was made with.
func inputOf(f *golden.File) *nn.Tensor {
	x := zeros(f.Dims("input.shape")...)
	x.Data = golden.Uniform("input", len(x.Data), 1)
	return x
}

var networks = []string{"resnet18", "resnet18_odd", "resnet18_cifar", "resnet18_narrow", "resnet34", "resnet_bottleneck", "resnext"}

func TestNetworksAgainstPyTorch(t *testing.T) {
	for _, name := range networks {
		t.Run(name, func(t *testing.T) {
			f := golden.Open(t, "nn_"+name+".safetensors")
			m, err := Build(f.StateDict(), nil)
			if err != nil {
				t.Fatal(err)
			}
			checkNetwork(t, f, m, 1e-5)
			plan, err := nn.Compile(m)
			if err != nil {
				t.Fatal(err)
			}
			// The plan works differently when no module inside a block is tapped,
			// when a batch norm is, and when a convolution is.
			for _, inside := range []string{"none", "norms", "all"} {
				checkNetwork(t, f, tapped{plan, inside}, 1e-5)
			}
		})
	}
}

// tapped is a plan of which only some modules are tapped.
type tapped struct {
	*nn.Plan
	inside string
}

func (p tapped) Modules() []string {
	return slices.DeleteFunc(p.Plan.Modules(), func(name string) bool {
		conv := strings.Contains(name, "conv") || strings.HasSuffix(name, "downsample.0")
		norm := strings.Contains(name, "bn") || strings.Contains(name, "downsample")
		return p.inside != "all" && conv || p.inside == "none" && norm
	})
}

// checkNetwork holds the logits, the features and every module's output to a
// golden file, each within the given part of its largest value.
func checkNetwork(t *testing.T, f *golden.File, m nn.Network, tolerance float64) {
	taps := slices.DeleteFunc(m.Modules(), func(name string) bool {
		return !slices.Contains(f.Names(), "tap."+name) // a function's, or an earlier run of a module
	})
	for _, name := range f.Names() {
		tap, ok := strings.CutPrefix(name, "tap.")
		if _, part := m.(tapped); ok && !part && !slices.Contains(taps, tap) {
			t.Errorf("no module %q, PyTorch has one", tap)
		}
	}
	r, err := m.Run(t.Context(), inputOf(f), taps...)
	if err != nil {
		t.Fatal(err)
	}
	worst, where := 0.0, ""
	for _, tap := range taps {
		y := r.Taps[tap]
		if shape := f.Dims("shape." + tap); !slices.Equal(y.Shape, shape) {
			t.Errorf("%s: shape %v, want %v", tap, y.Shape, shape)
			continue
		}
		want := f.Float32("tap." + tap)
		step := max(1, len(y.Data)/128)
		got := make([]float32, 0, len(want))
		var sum, squares float64
		for i, v := range y.Data {
			if i%step == 0 && len(got) < len(want) {
				got = append(got, v)
			}
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		n := float64(len(y.Data))
		stats := f.Float64("stats." + tap)
		diff := golden.Relative(t, got, want)
		diff = max(diff, math.Abs(sum/n-stats[0])/stats[1], math.Abs(math.Sqrt(squares/n)-stats[1])/stats[1])
		if diff > worst {
			worst, where = diff, tap
		}
		if diff > tolerance {
			t.Errorf("%s: relative difference %g", tap, diff)
		}
	}
	logits := golden.Relative(t, r.Logits.Data, f.Float32("logits"))
	features := golden.Relative(t, r.Features.Data, f.Float32("features"))
	t.Logf("relative difference: logits %.2g (absolute %.2g), features %.2g, largest of %d modules %.2g (%s)",
		logits, golden.MaxAbsDiff(t, r.Logits.Data, f.Float32("logits")), features, len(taps), worst, where)
	if logits > tolerance || features > tolerance {
		t.Errorf("relative difference: logits %g, features %g", logits, features)
	}
}

func narrowNetwork(t testing.TB) (*nn.Graph, *golden.File) {
	f := golden.Open(t, "nn_resnet18_narrow.safetensors")
	m, err := Build(f.StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, f
}

func TestSameBitsForAnyBatchAndCores(t *testing.T) {
	m, f := narrowNetwork(t)
	x := inputOf(f)
	r, err := m.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	whole := r.Logits
	for _, procs := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(procs)
		for i := range x.Shape[0] {
			one, err := x.Sample(i)
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Run(t.Context(), &nn.Tensor{Shape: append([]int{1}, one.Shape...), Data: one.Data})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Logits.Data, whole.Data[i*10:(i+1)*10]) {
				t.Errorf("GOMAXPROCS=%d: other logits for image %d alone", procs, i)
			}
		}
		runtime.GOMAXPROCS(old)
	}
}

func TestRunErrors(t *testing.T) {
	m, f := narrowNetwork(t)
	x := inputOf(f)
	if _, err := m.Run(t.Context(), x, "layer5"); err == nil || !strings.Contains(err.Error(), "layer4, ") {
		t.Errorf("unknown tap: %v, want the list of modules", err)
	}
	if _, err := m.Run(t.Context(), zeros(1, 4, 32, 32)); err == nil {
		t.Error("4 channels accepted")
	}
	if _, err := m.Run(t.Context(), nil); err == nil {
		t.Error("nil batch accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Run(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

func TestStateDictErrors(t *testing.T) {
	f := golden.Open(t, "nn_resnet18_narrow.safetensors")
	whole := f.StateDict()
	// change copies the state dict with one tensor replaced, dropped (nil) or added.
	change := func(name string, with *checkpoint.Tensor) *checkpoint.StateDict {
		sd := &checkpoint.StateDict{}
		for _, n := range whole.Names() {
			tensor, _ := whole.Get(n)
			if n == name {
				tensor = with
			}
			if tensor != nil {
				if err := sd.Add(tensor); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, ok := whole.Get(name); !ok {
			if err := sd.Add(with); err != nil {
				t.Fatal(err)
			}
		}
		return sd
	}
	blank := func(name string, shape ...int) *checkpoint.Tensor {
		tensor, err := checkpoint.NewFloat32(name, shape, zeros(shape...).Data)
		if err != nil {
			t.Fatal(err)
		}
		return tensor
	}
	ints, err := checkpoint.NewInt64("fc.bias", []int{10}, make([]int64, 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		with *checkpoint.Tensor
		want string
	}{
		{"conv1.weight", nil, "conv1.weight is missing"},
		{"layer3.1.bn2.running_var", nil, "layer3.1.bn2.running_var is missing"},
		{"layer2.0.downsample.0.weight", nil, "layer2.0.downsample.0.weight is missing"},
		{"fc.weight", nil, "fc.weight is missing"},
		{"layer4.0.conv1.weight", nil, "fc.weight has shape [10 128], want [* 64]"},
		{"extra.weight", blank("extra.weight", 2), "unexpected tensor extra.weight of shape [2]"},
		{"layer1.0.conv2.weight", blank("layer1.0.conv2.weight", 16, 8, 3, 3), "layer1.0.conv2.weight has shape [16 8 3 3], want [16 16 3 3]"},
		{"conv1.weight", blank("conv1.weight", 16, 3, 5, 5), "want a kernel of 7x7 or 3x3"},
		{"conv1.weight", blank("conv1.weight", 0, 3, 7, 7), "conv1.weight has shape [0 3 7 7]"},
		{"bn1.weight", blank("bn1.weight", 16, 1), "bn1.weight has shape [16 1], want [16]"},
		{"fc.bias", blank("fc.bias", 11), "fc.bias has shape [11], want [10]"},
		{"fc.bias", ints, "fc.bias"},
		{"layer1.0.conv3.weight", blank("layer1.0.conv3.weight", 16, 16, 1, 1), "layer1.0.conv1.weight has shape [16 16 3 3], want [* 16 1 1]"},
	} {
		_, err := Build(change(c.name, c.with), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	for _, name := range whole.Names() {
		if strings.HasSuffix(name, "num_batches_tracked") {
			if _, err := Build(change(name, nil), nil); err != nil {
				t.Errorf("without %s: %v", name, err)
			}
			break
		}
	}
	if _, err := Build(&checkpoint.StateDict{}, nil); err == nil || !strings.Contains(err.Error(), "the state dict is empty") {
		t.Errorf("empty state dict: %v", err)
	}
}
