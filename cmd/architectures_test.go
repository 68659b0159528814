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

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Every architecture runs in the programs: where it ends in global average pooling and one
// linear layer cam draws class activation maps, elsewhere those of Grad-CAM, and says so; its
// features are laid out either way.
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
		name, options string
		maps          string // what cam draws
		assumed       string
	}{
		{"densenet121", "", "class activation maps over relu", "eps=1e-05 (default)"},
		{"efficientnet_b0", "", "class activation maps over features", "eps=1e-05 (default)"},
		{"mobilenet_v3_small", "", "gradcam maps over features", "eps=0.001 (default)"},
		{"convnext_tiny", "", "gradcam maps over features", "eps=1e-06 (default)"},
		{"squeezenet1_1", "", "gradcam maps over features", ""},
		{"resnet_caffe", "stride=conv1", "class activation maps over layer4.0.bn3", "stride=conv1"},
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
		if o.status != 0 || !strings.Contains(o.stdout, " of "+c.maps+"\n") || !strings.Contains(o.stdout, c.assumed) {
			t.Errorf("%s: %v", c.name, o)
		}
		if says := strings.Contains(o.stdout, "it does not end in global average pooling"); says != strings.HasPrefix(c.maps, "gradcam") {
			t.Errorf("%s: %v", c.name, o)
		}
		if strings.HasPrefix(c.maps, "gradcam") {
			o := command{program: "cam", dir: dir, args: slices.Concat(args, []string{"-method", "cam"}, images)}.run(t, nil)
			if o.status != 1 || !strings.Contains(o.stderr, "no class activation map of this network") || !strings.Contains(o.stderr, "-method gradcam") {
				t.Errorf("%s, -method cam: %v", c.name, o)
			}
		}
		o = command{program: "pca", dir: dir, args: slices.Concat(args, []string{"-out", c.name + "-pca.png"}, images)}.run(t, nil)
		if o.status != 0 || !strings.Contains(o.stdout, c.assumed) {
			t.Errorf("%s: %v", c.name, o)
		}
	}
	for _, m := range cam.Methods() {
		if slices.Contains([]string{"scorecam", "sscam", "iscam"}, m.Name()) {
			continue // a pass for each of 2,048 channels and more takes minutes; see package cam
		}
		o := command{program: "cam", dir: dir, args: []string{
			"-weights", "resnet_caffe.safetensors", "-size", "64", "-method", m.Name(), "-layer", "layer4", "-json", m.Name() + ".json", "-image", "a.png", "b.png"}}.run(t, nil)
		if o.status != 0 {
			t.Errorf("%s: %v", m.Name(), o)
		}
	}
	for want, args := range map[string][]string{
		`no method "camera"; there are cam, gradcam`: {"-method", "camera"},
		"no module whose output is a map":            {"-method", "gradcam", "-layer", "fc"},
	} {
		if o := (command{program: "cam", dir: dir, args: args}).run(t, nil); o.status != 2 || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: %v", args, o)
		}
	}
	if o := (command{program: "cam", dir: dir, args: []string{"-methods"}}).mustRun(t); !strings.Contains(o.stdout, "gradcam++") {
		t.Errorf("-methods: %v", o)
	}
	o := command{program: "cam", dir: dir, args: []string{"-weights", "resnet_caffe.safetensors", "-network", "maxpool=perhaps", "-image", "a.png"}}.run(t, nil)
	if o.status == 0 || !strings.Contains(o.stderr, "maxpool=perhaps: want yes, no") {
		t.Errorf("a wrong option: %v", o)
	}
}
