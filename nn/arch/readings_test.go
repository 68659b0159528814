package arch

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// with adds tensors of a shape, all zero, to a copy of a state dict under other names.
func with(t *testing.T, sd *checkpoint.StateDict, prefix string, shape []int, names ...string) *checkpoint.StateDict {
	t.Helper()
	out := rename(t, sd, func(n string) string { return prefix + n })
	add(t, out, shape, names...)
	return out
}

func add(t *testing.T, sd *checkpoint.StateDict, shape []int, names ...string) {
	t.Helper()
	for _, name := range names {
		n := 1
		for _, d := range shape {
			n *= d
		}
		tensor, err := checkpoint.NewFloat32(name, shape, make([]float32, n))
		if err == nil {
			err = sd.Add(tensor)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// join puts state dicts together.
func join(t *testing.T, dicts ...*checkpoint.StateDict) *checkpoint.StateDict {
	t.Helper()
	out := &checkpoint.StateDict{}
	for _, sd := range dicts {
		for tensor := range sd.All() {
			if err := out.Add(tensor); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// scaled is a copy whose first convolution is another, to tell it from the original.
func scaled(t *testing.T, sd *checkpoint.StateDict, prefix string) *checkpoint.StateDict {
	t.Helper()
	out := &checkpoint.StateDict{}
	for tensor := range sd.All() {
		name := prefix + tensor.Name
		if tensor.Name == "conv1.weight" {
			v, err := tensor.Float32()
			if err != nil {
				t.Fatal(err)
			}
			v = slices.Clone(v)
			for i := range v {
				v[i] *= 2
			}
			tensor, err = checkpoint.NewFloat32(name, tensor.Shape, v)
			if err != nil {
				t.Fatal(err)
			}
		} else {
			other, err := checkpoint.NewTensor(name, tensor.DType, tensor.Shape, tensor.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			tensor = other
		}
		if err := out.Add(tensor); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// weights counts the tensors but for those that count training steps.
func weights(sd *checkpoint.StateDict) int {
	n := 0
	for _, name := range sd.Names() {
		if !strings.HasSuffix(name, "num_batches_tracked") {
			n++
		}
	}
	return n
}

// Networks that are a part of a file give what they give alone, and what is left out is
// said.
func TestPartOfAFile(t *testing.T) {
	sd := dictOf(t, "resnet_kuangliu")
	headless := rename(t, sd, func(n string) string {
		if strings.HasPrefix(n, "linear.") {
			return ""
		}
		return n
	})
	x := namedInput(golden.Open(t, filepath.Join("arch", "resnet_kuangliu")))
	run := func(sd *checkpoint.StateDict, opt Options) ([]float32, []string, bool) {
		t.Helper()
		if opt == nil {
			opt = Options{}
		}
		opt["maxpool"] = "no" // as the name of the head says, where it is there
		g, err := Build(sd, opt)
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return r.Features.Data, g.LeftOut, g.Headless
	}
	want, none, nothing := run(sd, nil)
	if none != nil || nothing {
		t.Fatalf("left out %v", none)
	}
	big := []int{3, 3}
	for _, c := range []struct {
		what     string
		sd       *checkpoint.StateDict
		opt      Options
		leftOut  int
		headless bool
	}{
		{"no head", headless, nil, 0, true},
		{"a criterion", with(t, sd, "", big, "criterion.weight"), nil, 1, false},
		{"criterion behind a prefix", with(t, sd, "model.", big, "model.criterion.weight", "criterion.weight"), nil, 2, false},
		{"losses", with(t, sd, "", big, "loss_fn.weight", "triplet_loss.centers", "queue", "queue_ptr"), nil, 4, false},
		{"projections", with(t, sd, "", big, "projector.0.weight", "projection_head.2.bias", "predictor.weight", "prototypes.weight"), nil, 4, false},
		{"a head for training", with(t, headless, "backbone.", big, "projector.0.weight", "projector.2.weight"), nil, 2, true},
		{"an unknown module beside", with(t, headless, "backbone.", big, "attention.weight", "fc.weight"), nil, 2, true},
		{"a copy of it", join(t, rename(t, headless, func(n string) string { return "encoder_q." + n }), scaled(t, headless, "encoder_k.")), nil, weights(headless), true},
		{"a copy before it", join(t, scaled(t, headless, "module.momentum_encoder."), rename(t, headless, func(n string) string { return "module.encoder." + n })), nil, weights(headless), true},
		{"teacher and student", join(t, scaled(t, headless, "student.backbone."), rename(t, headless, func(n string) string { return "teacher.backbone." + n })), nil, weights(headless), true},
		{"the one that is asked for", join(t, scaled(t, sd, "teacher."), rename(t, sd, func(n string) string { return "student." + n })), Options{"prefix": "student"}, weights(sd), false},
		{"with a dot", join(t, scaled(t, sd, "a."), rename(t, sd, func(n string) string { return "b." + n })), Options{"prefix": "b."}, weights(sd), false},
		{"a larger one", join(t, rename(t, sd, func(n string) string { return "big." + n }), scaled(t, rename(t, headless, func(n string) string { return n }), "ema.")), nil, weights(headless), false},
		{"what is to be ignored", with(t, sd, "", big, "extra.weight", "more", "morepork.bias"), Options{"ignore": "extra+more+morepork"}, 3, false},
	} {
		got, leftOut, headless := run(c.sd, c.opt)
		if !slices.Equal(got, want) {
			t.Errorf("%s: other features", c.what)
		}
		if len(leftOut) != c.leftOut || headless != c.headless {
			t.Errorf("%s: headless %v, %d left out: %v", c.what, headless, len(leftOut), leftOut)
		}
	}
}

func TestPartErrors(t *testing.T) {
	sd := dictOf(t, "resnet_kuangliu")
	for _, c := range []struct {
		what string
		sd   *checkpoint.StateDict
		opt  Options
		want []string
	}{
		// Attention between the layers, as of CBAM, is no extra.
		{"attention", with(t, sd, "", []int{1, 2, 7, 7}, "sa.conv1.weight"), nil, []string{"unexpected tensor sa.conv1.weight of shape [1 2 7 7]", "the option ignore leaves it out"}},
		{"attention within", with(t, sd, "backbone.", []int{1, 2, 7, 7}, "backbone.ca.conv1.weight"), nil, []string{"unexpected tensor backbone.ca.conv1.weight"}},
		{"control characters", with(t, sd, "", []int{1}, "evil\x1b[2J\nname"), nil, []string{`unexpected tensor evil\x1b[2J\nname of shape [1]`}},
		{"a long name", with(t, sd, "", []int{1}, strings.Repeat("x", 5000)), nil, []string{strings.Repeat("x", 60) + "… of shape [1]"}},
		{"no such prefix", sd, Options{"prefix": "teacher"}, []string{"prefix=teacher: no tensor's name begins with that; they are conv1.weight"}},
		{"a prefix of something else", sd, Options{"prefix": "layer1"}, []string{"arch: "}},
		{"nothing to ignore", sd, Options{"ignore": "extra"}, []string{"ignore=extra: no tensor that is left over is in such a module"}},
		{"not all is ignored", with(t, sd, "", []int{1}, "extra.a", "extras.b"), Options{"ignore": "extra"}, []string{"unexpected tensor extras.b"}},
	} {
		_, err := Build(c.sd, c.opt)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", c.what, err, want)
			}
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: control characters in %q", c.what, err)
		}
	}
	odd := &checkpoint.StateDict{}
	add(t, odd, []int{1}, "a\tb", "c", "d", "e", "f")
	if _, err := Build(odd, nil); err == nil || !strings.Contains(err.Error(), `no architecture has these tensors: a\tb, c, d, e, ... (5 in all); there are a ResNet, `) {
		t.Errorf("a foreign one: %v", err)
	}
}

// A tensor of a type that cannot be read is an error where it is needed, and only there.
func TestSkippedTensors(t *testing.T) {
	sd := dictOf(t, "resnet_kuangliu")
	without := func(name string) *checkpoint.StateDict {
		return rename(t, sd, func(n string) string {
			if n == name {
				return ""
			}
			return n
		})
	}
	for _, name := range []string{"conv1.weight", "layer1.0.bn1.running_var", "linear.weight", "linear.bias"} {
		s := without(name)
		original, _ := sd.Get(name)
		s.Skipped = []checkpoint.Skipped{{Name: "other.weight", Type: "torch.complex64"}, {Name: name, Type: "F8_E4M3", Shape: original.Shape}}
		if _, err := Build(s, nil); err == nil || !strings.Contains(err.Error(), name+" is needed, and is F8_E4M3") {
			t.Errorf("%s: error %v", name, err)
		}
		s.Skipped[1].Shape = nil
		if _, err := Build(s, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of unknown shape: error %v", name, err)
		}
	}
	sd.Skipped = []checkpoint.Skipped{{Name: "criterion.idx", Type: "F8_E4M3", Shape: []int{4}}}
	if _, err := Build(sd, nil); err != nil {
		t.Errorf("beside: %v", err)
	}
}

// Weights that are not finite are named.
func TestNotFinite(t *testing.T) {
	sd := dictOf(t, "resnet_kuangliu")
	for _, name := range []string{"conv1.weight", "layer1.0.bn1.running_mean", "linear.bias"} {
		for text, v := range map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1)} {
			bad := &checkpoint.StateDict{}
			for tensor := range sd.All() {
				if tensor.Name == name {
					values, err := tensor.Float32()
					if err != nil {
						t.Fatal(err)
					}
					values = slices.Clone(values)
					values[len(values)-1] = float32(v)
					if tensor, err = checkpoint.NewFloat32(name, tensor.Shape, values); err != nil {
						t.Fatal(err)
					}
				}
				if err := bad.Add(tensor); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Build(bad, nil); err == nil || !strings.Contains(err.Error(), "tensor "+name+": element ") || !strings.Contains(err.Error(), "is "+text) {
				t.Errorf("%s, %s: error %v", name, text, err)
			}
		}
	}
}
