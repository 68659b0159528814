package cmd_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Every architecture runs in the programs: where it ends in global average pooling and one
// linear layer cam draws its maps, elsewhere it says that there are none; its features are
// laid out either way.
func TestArchitectures(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		im := image.NewRGBA(image.Rect(0, 0, 40, 40))
		for p := range 1600 {
			im.Set(p%40, p/40, color.RGBA{uint8(p * (i + 1)), uint8(p / 7), uint8(60 * i), 255})
		}
		f, err := os.Create(filepath.Join(dir, string(rune('a'+i))+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, im); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	for _, c := range []struct {
		name, options, layer string // layer: what cam maps, or empty where it cannot
		assumed              string
	}{
		{"densenet121", "", "relu", "eps=1e-05 (default)"},
		{"efficientnet_b0", "", "features", "eps=1e-05 (default)"},
		{"mobilenet_v3_small", "", "", "eps=0.001 (default)"},
		{"convnext_tiny", "", "", "eps=1e-06 (default)"},
		{"squeezenet1_1", "", "", ""},
		{"resnet_caffe", "stride=conv1", "layer4.0.bn3", "stride=conv1"},
	} {
		weights := filepath.Join(dir, c.name+".safetensors")
		if err := checkpoint.SaveSafetensors(t.Context(), weights, golden.Open(t, filepath.Join("arch", c.name)).StateDict()); err != nil {
			t.Fatal(err)
		}
		args := []string{"-weights", weights, "-size", "64"}
		if c.options != "" {
			args = append(args, "-network", c.options)
		}
		images := []string{"-image", "a.png", "b.png", "c.png", "d.png", "e.png"}
		o := command{program: "cam", dir: dir, args: slices.Concat(args, []string{"-out", c.name + ".png"}, images)}.run(t, nil)
		switch {
		case c.layer == "":
			if o.status != 1 || !strings.Contains(o.stderr, "no class activation map of this network") {
				t.Errorf("%s: %v", c.name, o)
			}
		case o.status != 0 || !strings.Contains(o.stdout, "class activation maps over "+c.layer+"\n") || !strings.Contains(o.stdout, c.assumed):
			t.Errorf("%s: %v", c.name, o)
		}
		o = command{program: "pca", dir: dir, args: slices.Concat(args, []string{"-out", c.name + "-pca.png"}, images)}.run(t, nil)
		if o.status != 0 {
			t.Errorf("%s: %v", c.name, o)
		}
	}
	o := command{program: "cam", dir: dir, args: []string{"-weights", "resnet_caffe.safetensors", "-network", "maxpool=perhaps", "-image", "a.png"}}.run(t, nil)
	if o.status == 0 || !strings.Contains(o.stderr, "maxpool=perhaps: want yes, no") {
		t.Errorf("a wrong option: %v", o)
	}
}
