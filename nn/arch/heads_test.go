package arch

import (
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// headed is a new network whose tensors of a module are others: weights by name, outputs x
// inputs.
func headed(t *testing.T, name, module string, weights map[string][2]int) *checkpoint.StateDict {
	t.Helper()
	sd, err := New(name, NewOptions{Classes: 5})
	if err != nil {
		t.Fatal(err)
	}
	sd = rename(t, sd, func(n string) string {
		if strings.HasPrefix(n, module+".") {
			return ""
		}
		return n
	})
	for name, shape := range weights {
		w, err := checkpoint.NewFloat32(name+".weight", shape[:], golden.Param(name, shape[0], shape[1]))
		if err == nil {
			err = sd.Add(w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return sd
}

// Which activation stands between the last linear layers no tensor tells: it is said, and the
// option head sets it, in every family.
func TestHeadActivation(t *testing.T) {
	for _, c := range []struct {
		name, module string
		weights      map[string][2]int
		byDefault    string
	}{
		{"mobilenet_v3_small", "classifier", map[string][2]int{"classifier.0": {256, 576}, "classifier.3": {5, 256}}, "hardswish"},
		{"mobilenet_v3_small", "classifier", map[string][2]int{"fc.0": {256, 576}, "fc.2": {5, 256}}, "relu"},
		{"vgg11", "classifier", map[string][2]int{"classifier.0": {30, 25088}, "classifier.2": {5, 30}}, "relu"},
		{"mobilenet_v2", "classifier", map[string][2]int{"classifier.1": {30, 1280}, "classifier.3": {5, 30}}, "relu"},
		{"convnext_tiny", "classifier.2", map[string][2]int{"classifier.2": {30, 768}, "classifier.4": {5, 30}}, "relu"},
	} {
		sd := headed(t, c.name, c.module, c.weights)
		for option, want := range map[string]*nn.Activation{"": map[string]*nn.Activation{"relu": nn.ReLU, "hardswish": nn.Hardswish}[c.byDefault], "relu": nn.ReLU, "gelu": nn.GELU, "hardswish": nn.Hardswish} {
			opt, said := Options{"head": option}, "head="+option
			if option == "" {
				opt, said = nil, "head="+c.byDefault+" (default)"
			}
			g, err := Build(sd, opt)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, said, err)
				continue
			}
			nodes := g.Nodes()
			i := len(nodes) - 2
			for ; i > 0; i-- {
				if _, ok := nodes[i].Op.(*nn.Activation); ok {
					break
				}
			}
			if nodes[i].Op != nn.Operation(want) || !slices.Contains(g.Assumed, said) {
				t.Errorf("%s, %s: %v at %s, assumed %q", c.name, said, nodes[i].Op, nodes[i].Name, g.Assumed)
			}
		}
	}
}

// The last layers of a ConvNeXt as people replace them, and a new one where there are none.
func TestConvNeXtHeads(t *testing.T) {
	for _, c := range []struct {
		module  string
		weights map[string][2]int
		logits  int
	}{
		{"classifier.2", nil, 768},
		{"classifier.2", map[string][2]int{"classifier.3": {4, 768}}, 4},   // dropout in front
		{"classifier.2", map[string][2]int{"classifier.2.1": {4, 768}}, 4}, // the same, in its place
		{"classifier.2", map[string][2]int{"classifier.2.0": {30, 768}, "classifier.2.2": {4, 30}}, 4},
		{"classifier", map[string][2]int{"fc": {4, 768}}, 4},
		{"classifier", nil, 768},
	} {
		sd := headed(t, "convnext_tiny", c.module, c.weights)
		g, err := Build(sd, nil)
		if err != nil {
			t.Errorf("%v: %v", c.weights, err)
			continue
		}
		features, logits := g.Widths()
		if logits != c.logits || g.Headless != (c.weights == nil) || c.weights == nil && features != 768 {
			t.Errorf("%v: %d features, %d logits, headless %v", c.weights, features, logits, g.Headless)
		}
		anew, err := NewHead(sd, 7, 1)
		if err != nil {
			t.Errorf("%v: %v", c.weights, err)
			continue
		}
		if _, logits := built(t, anew).Widths(); logits != 7 {
			t.Errorf("%v: a new head of %d classes", c.weights, logits)
		}
	}
}

// A module to ignore may be named as the file has it.
func TestIgnoreByTheFilesName(t *testing.T) {
	sd := rename(t, dictOf(t, "resnet18"), func(n string) string { return "model." + n })
	extra, err := checkpoint.NewFloat32("model.extra.weight", []int{2, 2}, []float32{1, 2, 3, 4})
	if err == nil {
		err = sd.Add(extra)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(sd, nil); err == nil || !strings.Contains(err.Error(), "unexpected tensor model.extra.weight") {
		t.Errorf("error %v", err)
	}
	for _, module := range []string{"model.extra", "extra"} {
		if g, err := Build(sd, Options{"ignore": module}); err != nil || !slices.Contains(g.LeftOut, "model.extra.weight") {
			t.Errorf("ignore=%s: %v", module, err)
		}
	}
}

// Where stages of a ResNet are dilated, timm's blocks of two convolutions dilate the second by
// as much as the stage, and what would take another pool than these have is refused.
func TestDilatedBlocks(t *testing.T) {
	sd, err := New("resnet18", NewOptions{Classes: 5, Width: 8})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(sd, Options{"dilate": "layer3+layer4"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"layer2.1.conv2": 1, "layer3.0.conv1": 1, "layer3.0.conv2": 2, "layer3.1.conv1": 2, "layer4.0.conv1": 2, "layer4.0.conv2": 4, "layer4.1.conv2": 4}
	for _, node := range g.Nodes() {
		if d, ok := want[node.Name]; ok {
			conv := node.Op.(*nn.Conv2d)
			if got := max(conv.Dilation, 1); got != d || conv.Padding != [2]int{d, d} {
				t.Errorf("%s: dilation %d, padding %v, want %d", node.Name, got, conv.Padding, d)
			}
			delete(want, node.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("no %v", want)
	}
	pooled := rename(t, sd, func(n string) string {
		return strings.Replace(strings.Replace(n, "downsample.1", "downsample.2", 1), "downsample.0", "downsample.1", 1)
	})
	if _, err := Build(pooled, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sd   *checkpoint.StateDict
		opt  Options
		want string
	}{
		{pooled, Options{"dilate": "layer4"}, "dilate=layer4: not where a shortcut has an average pool"},
		{sd, Options{"dilate": "layer4", "antialias": "avg"}, "dilate=layer4: with antialias=avg"},
	} {
		if _, err := Build(c.sd, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.opt, err, c.want)
		}
	}
}
