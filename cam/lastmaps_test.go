package cam

import (
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// fresh is a new network of torchvision's, without its head, or with another behind it.
func fresh(t *testing.T, name, head string, heads int) nn.Network {
	t.Helper()
	sd, err := arch.New(name, arch.NewOptions{Classes: 5})
	if err != nil {
		t.Fatal(err)
	}
	out := &checkpoint.StateDict{Metadata: sd.Metadata}
	width := 0
	for x := range sd.All() {
		if !strings.HasPrefix(x.Name, head+".") {
			err = out.Add(x)
		} else if len(x.Shape) == 2 {
			width = x.Shape[1]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range heads {
		w, err := checkpoint.NewFloat32(head+"."+string(rune('1'+2*i))+".weight", []int{width, width}, make([]float32, width*width))
		if err == nil {
			err = out.Add(w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	g, err := arch.Build(out, arch.Options{"head": "relu"})
	if heads == 0 {
		g, err = arch.Build(out, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Without a head, or with one of two layers, the maps are still what the pooling takes, and
// never what it leaves.
func TestLastMaps(t *testing.T) {
	for _, c := range []struct{ name, head, want string }{
		{"mobilenet_v2", "classifier", "features"},
		{"densenet121", "classifier", ""},
		{"shufflenet_v2_x0_5", "fc", "conv5"},
		{"mnasnet0_5", "classifier", "layers"},
		{"resnet18", "fc", "layer4"},
	} {
		for heads := range 3 {
			if heads == 1 {
				continue // as it should be: Pooled knows
			}
			net := fresh(t, c.name, c.head, heads)
			got := LastMaps(net)
			if c.want != "" && got != c.want || net.Channels(got) == 0 || strings.HasPrefix(got, "classifier") {
				t.Errorf("%s with %d linear layers: the last maps are %q, want %q", c.name, heads, got, c.want)
			}
		}
	}
}

// What is no map is refused: the blocks of a ConvNeXt have their channels last.
func TestNoMaps(t *testing.T) {
	sd, err := arch.New("convnext_tiny", arch.NewOptions{Classes: 5})
	if err != nil {
		t.Fatal(err)
	}
	g, err := arch.Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	for layer, channels := range map[string]int{"features.7.2": 768, "features.7.2.block.0": 768, "features.7.2.block.2": 0, "features.7.2.block.5": 0, "avgpool": 0, "classifier.2": 0} {
		if got := g.Channels(layer); got != channels {
			t.Errorf("%s has %d channels, want %d", layer, got, channels)
		}
		if channels == 0 {
			_, err := GradCAM{}.Explain(t.Context(), Question{Net: g, Input: named(t, "x", 1, 3, 32, 32), Layer: layer})
			if err == nil || !strings.Contains(err.Error(), "layer "+layer+": its output is no map") {
				t.Errorf("%s: error %v", layer, err)
			}
		}
	}
}
