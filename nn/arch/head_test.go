package arch

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// TestNewHead replaces the head of networks of every kind that there is a golden of.
func TestNewHead(t *testing.T) {
	for file, head := range map[string]string{
		"resnet18": "fc", "resnet_mlp": "fc.4", "resnet_option_a": "linear", "resnet_hf_basic": "classifier.1",
		"squeezenet1_1": "classifier.1", "densenet121": "classifier", "googlenet": "fc", "shufflenet_v2_x0_5": "fc",
		"mobilenet_v2": "classifier.1", "mobilenet_v3_small": "classifier.3", "mnasnet0_5": "classifier.1",
		"efficientnet_b0": "classifier.1", "convnext_tiny": "classifier.2",
	} {
		t.Run(file, func(t *testing.T) {
			f := golden.Open(t, filepath.Join("arch", file))
			sd := f.StateDict()
			opt, err := ParseOptions(f.Metadata("options"))
			if err != nil {
				t.Fatal(err)
			}
			sd.Metadata = map[string]string(opt)
			out := checkHead(t, sd, head, 7)
			g := built(t, out)
			if _, logits := g.Widths(); logits != 7 {
				t.Errorf("%d logits", logits)
			}
			// What the head takes is as before.
			x := namedInput(f)
			before, after := features(t, sd, x), features(t, out, x)
			if !slices.Equal(before, after) {
				t.Error("other features")
			}
		})
	}
}

func features(t *testing.T, sd *checkpoint.StateDict, x *nn.Tensor) []float32 {
	t.Helper()
	g := built(t, sd)
	r, err := g.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if g.Head() == nil { // a SqueezeNet's logits depend on its last convolution
		return nil
	}
	return r.Features.Data
}

// checkHead makes a head of so many classes, and compares what there is with what there was.
func checkHead(t *testing.T, sd *checkpoint.StateDict, head string, classes int) *checkpoint.StateDict {
	t.Helper()
	out, err := NewHead(sd, classes, 3)
	if err != nil {
		t.Fatal(err)
	}
	inputs := 0
	for tensor := range out.All() {
		old, was := sd.Get(tensor.Name)
		switch tensor.Name {
		case head + ".weight":
			want := []int{classes, tensor.Shape[1]}
			if was {
				want = append([]int{classes}, old.Shape[1:]...)
			}
			if !slices.Equal(tensor.Shape, want) {
				t.Errorf("the new %s has shape %v, want %v", tensor.Name, tensor.Shape, want)
			}
			inputs = tensor.Shape[1]
			fallthrough
		case head + ".bias":
			data, _ := tensor.Float32()
			_, _, largest := moments(data)
			if bound := 1 / math.Sqrt(float64(inputs)); largest > bound || len(data) > 100 && largest < 0.9*bound || was && bytes.Equal(old.Bytes(), tensor.Bytes()) {
				t.Errorf("%s goes to %g, want %g", tensor.Name, largest, bound)
			}
		default:
			if old != tensor {
				t.Errorf("%s is not the tensor that was", tensor.Name)
			}
		}
	}
	if inputs == 0 {
		t.Errorf("no %s", head)
	}
	for tensor := range sd.All() {
		if _, is := out.Get(tensor.Name); !is {
			t.Errorf("%s is lost", tensor.Name)
		}
	}
	return out
}

// TestNewHeadNames: heads of networks without one, and within other modules.
func TestNewHeadNames(t *testing.T) {
	without := func(file, prefix, head string) *checkpoint.StateDict {
		return rename(t, dictOf(t, file), func(n string) string {
			if head != "" && strings.HasPrefix(n, head) {
				return ""
			}
			return prefix + n
		})
	}
	for _, c := range []struct {
		what string
		sd   *checkpoint.StateDict
		head string
	}{
		{"no head", without("resnet18", "", "fc."), "fc"},
		{"no head, in a module", without("resnet18", "model.backbone.", "fc."), "model.backbone.fc"},
		{"no head, another family", without("mobilenet_v2", "", "classifier."), "fc"},
		{"no head, its norm is there", without("convnext_tiny", "", "classifier.2"), "classifier.2"},
		{"in a module", without("densenet121", "module.", ""), "module.classifier"},
		{"no bias", without("resnet18", "", "fc.bias"), "fc"},
	} {
		t.Run(c.what, func(t *testing.T) {
			out := checkHead(t, c.sd, c.head, 5)
			if _, logits := built(t, out).Widths(); logits != 5 {
				t.Errorf("%d logits", logits)
			}
			if _, has := out.Get(c.head + ".bias"); has == (c.what == "no bias") {
				t.Errorf("a bias: %v", has)
			}
		})
	}
	// Beside another network: only the one that Build reads gets it.
	sd := without("resnet18", "teacher.", "fc.")
	extra, err := checkpoint.NewFloat32("student.weight", []int{2, 2}, make([]float32, 4))
	if err == nil {
		err = sd.Add(extra)
	}
	if err != nil {
		t.Fatal(err)
	}
	checkHead(t, sd, "teacher.fc", 4)
}

// TestNewHeadMetadata: names of classes go, and what the number of classes decides stays.
func TestNewHeadMetadata(t *testing.T) {
	sd, err := New("googlenet", NewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sd.Metadata = map[string]string{"classes": "a,b", "size": "224"}
	out, err := NewHead(sd, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(out.Metadata); got != "map[size:224 transform:yes]" {
		t.Errorf("metadata %s", got)
	}
	if len(sd.Metadata) != 2 {
		t.Errorf("the metadata given is now %v", sd.Metadata)
	}
	for _, classes := range []int{0, -1, mostClasses + 1} {
		if _, err := NewHead(sd, classes, 0); err == nil || !strings.Contains(err.Error(), "classes, want 1 to") {
			t.Errorf("%d classes: %v", classes, err)
		}
	}
	if _, err := NewHead(&checkpoint.StateDict{}, 2, 0); err == nil {
		t.Error("an empty state dict accepted")
	}
	// Another seed, another head.
	other, err := NewHead(sd, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := out.Get("fc.weight")
	b, _ := other.Get("fc.weight")
	if bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two seeds give one head")
	}
}

// TestStateDictOptions: what Build was told is saved, and what it assumed is not.
func TestStateDictOptions(t *testing.T) {
	sd := fresh(t, "resnet50", NewOptions{Width: 16, Classes: 2})
	g, err := Build(sd, Options{"maxpool": "no", "stride": "conv1"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := StateDict(g, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(saved.Metadata); got != "map[maxpool:no stride:conv1]" {
		t.Errorf("metadata %s", got)
	}
	again := built(t, saved)
	if !slices.Equal(again.Modules(), g.Modules()) {
		t.Error("built with other modules")
	}
	// The numbers are a copy.
	conv := g.Nodes()[0].Op.(*nn.Conv2d)
	first, _ := saved.Get("conv1.weight")
	was := slices.Clone(first.Bytes())
	conv.Weight.Data[0]++
	if !bytes.Equal(first.Bytes(), was) {
		t.Error("what was saved changes with the network")
	}
}

// TestStateDictTransform: what turns GoogLeNet's input is no parameter.
func TestStateDictTransform(t *testing.T) {
	g, err := Build(dictOf(t, "googlenet"), Options{"transform": "yes"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := StateDict(g, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := saved.Names()[0]
	if first != "conv1.conv.weight" || saved.Metadata["transform"] != "yes" {
		t.Errorf("first %s, metadata %v", first, saved.Metadata)
	}
}
