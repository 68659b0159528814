package cam

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

func named(t testing.TB, name string, shape ...int) *nn.Tensor {
	x, err := nn.NewTensor(shape...)
	if err != nil {
		t.Fatal(err)
	}
	x.Data = golden.Uniform(name, len(x.Data), 1)
	return x
}

// tiny is a network of a convolution, a ReLU, pooling and a head, whose weights are some
// numbers times scale.
func tiny(t *testing.T, in, classes, channels int, scale float64) nn.Network {
	weights := func(name string, shape ...int) *nn.Tensor {
		x := named(t, name, shape...)
		for i := range x.Data {
			x.Data[i] *= float32(scale)
		}
		return x
	}
	g := &nn.Graph{}
	for i, n := range []nn.Node{
		{Name: "conv", Op: &nn.Conv2d{Weight: weights("w", channels, in, 3, 3), Bias: weights("b", channels).Data, Stride: 2}},
		{Name: "relu", Op: nn.ReLU},
		{Name: "avgpool", Op: &nn.AdaptiveAvgPool2d{Size: 1}},
		{Name: "flatten", Op: nn.Flatten{}},
		{Name: "fc", Op: &nn.Linear{Weight: weights("f", classes, channels), Bias: weights("c", classes).Data}},
	} {
		if _, err := g.Add(n.Name, n.Op, i-1); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// quick are all methods, those of very many passes with fewer.
func quick() []Method {
	methods := Methods()
	for i, m := range methods {
		switch m.(type) {
		case SSCAM:
			methods[i] = SSCAM{Samples: 2}
		case SmoothGrad:
			methods[i] = SmoothGrad{Samples: 3}
		case IntegratedGradients:
			methods[i] = IntegratedGradients{Steps: 3}
		}
	}
	return methods
}

// TestIdentities: where only global average pooling and the head follow a layer, d logit / d A_k
// is w_k over the number of pixels, so that Grad-CAM and HiResCAM are CAM over that number, and
// HiResCAM sums up to the logit but for the bias; minus a target gives minus the map.
func TestIdentities(t *testing.T) {
	net, shape := architecture(t, "resnet18")
	x := named(t, "identities", shape...)
	classes := []int{2, 7}
	maps := map[string][]*Map{}
	for _, m := range []Method{CAM{}, GradCAM{}, HiResCAM{}, XGradCAM{}, LayerCAM{}} {
		r, err := m.Explain(t.Context(), Question{Net: net, Input: x, Classes: classes})
		if err != nil {
			t.Fatal(err)
		}
		maps[m.Name()] = r.Maps
		if m.Name() != "hirescam" {
			continue
		}
		for i, one := range r.Maps {
			sum := float64(net.Head().Bias[classes[i]])
			size := math.Abs(sum)
			for _, v := range one.Values {
				sum += float64(v)
				size += math.Abs(float64(v))
			}
			if logit := float64(r.Logits.Data[i*10+classes[i]]); math.Abs(sum-logit) > 3e-6*size {
				t.Errorf("image %d: the map and the bias sum up to %v, the logit is %v", i, sum, logit)
			}
		}
	}
	for i, exact := range maps["cam"] {
		area := float32(exact.Width * exact.Height)
		scaled := make([]float32, len(exact.Values))
		for p, v := range exact.Values {
			scaled[p] = v / area
		}
		for _, name := range []string{"gradcam", "hirescam", "xgradcam"} {
			if d := golden.Relative(t, maps[name][i].Values, scaled); d > 3e-6 {
				t.Errorf("%s differs from CAM by %g", name, d)
			}
		}
	}
	minus, err := HiResCAM{}.Explain(t.Context(), Question{Net: net, Input: x, Classes: classes, Target: func(c []int) nn.Target { return nn.Minus(nn.Logit(c)) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range minus.Maps {
		for p, v := range m.Values {
			if v != -maps["hirescam"][i].Values[p] {
				t.Fatalf("image %d, pixel %d: %v under minus the target, %v under it", i, p, v, maps["hirescam"][i].Values[p])
			}
		}
	}
}

// TestDefinedCases: a constant map, one channel, a network without pooling, and what cannot be.
func TestDefinedCases(t *testing.T) {
	flat := &Evidence{Channels: 3, Height: 2, Width: 2, Output: make([]float32, 12), Gradient: make([]float32, 12)}
	for i := range flat.Output {
		flat.Output[i] = 5
	}
	values, err := flat.principal(t.Context(), func(_ int, out []float64) { copy(out, []float64{5, 5, 5, 5}) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if v != 0 {
			t.Errorf("a constant output gives %v", values)
		}
	}
	// All weights are 0, there is one channel in, one out, one class and a layer of one pixel.
	for what, net := range map[string]nn.Network{"one of all": tiny(t, 1, 1, 1, 1), "one class": tiny(t, 2, 5, 4, 1), "blank": tiny(t, 1, 3, 4, 0), "negative": tiny(t, 1, 3, 4, -1)} {
		x, err := nn.NewTensor(2, net.InChannels(), 9, 7)
		if err != nil {
			t.Fatal(err)
		}
		copy(x.Data, golden.Uniform("tiny", len(x.Data)/2, 1)) // and an image of zeros
		for _, m := range quick() {
			r, err := m.Explain(t.Context(), Question{Net: net, Input: x})
			if m.Name() == "finercam" && net.Head().Weight.Shape[0] == 1 {
				if err == nil {
					t.Errorf("%s, %s: no error", m.Name(), what)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", m.Name(), what, err)
				continue
			}
			for i, one := range r.Maps {
				if len(one.Values) != one.Width*one.Height || one.Class < 0 {
					t.Errorf("%s, %s: class %d, %d values", m.Name(), what, one.Class, len(one.Values))
				}
				for _, v := range append(append(one.Scaled(9, 7).Values, one.Normalized()...), one.Values...) {
					if v-v != 0 {
						t.Fatalf("%s, %s, image %d: %v", m.Name(), what, i, one.Values)
					}
				}
			}
		}
	}
	net := tiny(t, 1, 3, 4, 1)
	x := named(t, "defined", 2, 1, 9, 7)
	for _, m := range quick() {
		byPixel := slices.Contains([]string{"refinecam", "fullgrad", "gradient", "inputxgradient", "guidedbackprop", "smoothgrad", "integratedgradients", "occlusion"}, m.Name())
		for what, q := range map[string]Question{
			"no layer":     {Net: net, Input: x, Layer: "layer4"},
			"not a map":    {Net: net, Input: x, Layer: "fc"},
			"no class":     {Net: net, Input: x, Classes: []int{0, 10}},
			"three":        {Net: net, Input: x, Classes: []int{1, 2, 0}},
			"no input":     {Net: net},
			"no network":   {Input: x},
			"wrong target": {Net: net, Input: x, Target: func([]int) nn.Target { return nn.Weighted([]float64{1}) }},
		} {
			switch {
			case what == "wrong target" && slices.Contains([]string{"cam", "fem", "eigencam", "kpcacam", "finercam"}, m.Name()):
				continue // which have no use for it
			case (what == "no layer" || what == "not a map") && byPixel:
				continue
			}
			if _, err := m.Explain(t.Context(), q); err == nil {
				t.Errorf("%s, %s: no error", m.Name(), what)
			}
		}
		nan := &nn.Tensor{Shape: x.Shape, Data: slices.Clone(x.Data)}
		nan.Data[len(nan.Data)-1] = float32(math.NaN())
		if _, err := m.Explain(t.Context(), Question{Net: net, Input: nan}); err == nil || !strings.Contains(err.Error(), "image 1") {
			t.Errorf("%s, an input with NaN: %v", m.Name(), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Explain(ctx, Question{Net: net, Input: x}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, once cancelled: %v", m.Name(), err)
		}
	}
	vgg, _ := architecture(t, "squeezenet1_1")
	if got := LastMaps(vgg); got != "features" {
		t.Errorf("the last maps of a SqueezeNet are %q", got)
	}
	if _, err := (CAM{}).Explain(t.Context(), Question{Net: vgg, Input: named(t, "x", 1, 3, 64, 64)}); err == nil {
		t.Error("CAM of a network without a linear layer at its end")
	}
	if _, err := MethodByName("camera"); err == nil || !strings.Contains(err.Error(), "gradcam++") {
		t.Errorf("an unknown method: %v", err)
	}
	m := &Map{Values: []float32{-1, 2, float32(math.NaN())}}
	if r := m.Rectified(); r.Values[0] != 0 || r.Values[1] != 2 || r.Values[2] == r.Values[2] || m.Values[0] != -1 {
		t.Errorf("rectified %v", r.Values)
	}
}

// A number of samples that is none is refused, not answered by equal weights.
func TestNoSamples(t *testing.T) {
	net, shape := architecture(t, "resnet18")
	q := Question{Net: net, Input: images(t, shape[1:], "x"), Layer: "layer4"}
	for _, m := range []Method{SSCAM{Samples: -1}, ISCAM{Steps: -1}, SmoothGrad{Samples: -1}, SmoothGradCAMPlusPlus{Samples: -1}, IntegratedGradients{Steps: -1}} {
		if _, err := m.Explain(t.Context(), q); err == nil {
			t.Errorf("%s: no error", m.Name())
		}
	}
}

// Inside a block the network goes on from the layer and from the shortcut beside it: there
// too Shapley-CAM of a logit is Grad-CAM, since what follows is linear piece by piece.
func TestBesideAShortcut(t *testing.T) {
	net, shape := architecture(t, "resnet18")
	q := Question{Net: net, Input: images(t, shape[1:], "x", "y"), Layer: "layer2.0.bn1"}
	want, err := GradCAM{}.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ShapleyCAM{}.Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Maps {
		if d := golden.Relative(t, got.Maps[i].Values, want.Maps[i].Values); d > 1e-5 {
			t.Errorf("image %d: differs by %.2g of the largest value", i, d)
		}
	}
	if _, err := (AblationCAM{}).Explain(t.Context(), q); err != nil {
		t.Error(err)
	}
}
