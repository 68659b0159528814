package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// Features come of a network without a last layer, also of images in class folders; those
// that are not finite are an error that names the image, or the tensor.
func TestWeights(t *testing.T) {
	dir := t.TempDir()
	var images []string
	for i := range 4 {
		images = append(images, filepath.Join(dir, string(rune('a'+i))+".png"))
		if err := render.SavePNG(t.Context(), images[i], scenes.Draw(uint64(i)).Image); err != nil {
			t.Fatal(err)
		}
	}
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		value float32
		want  string
	}{
		{"", 0, ""},
		{"layer4.0.bn2.weight", math.MaxFloat32, `a.png": feature `},
		{"layer4.0.bn2.weight", float32(math.Inf(-1)), "tensor layer4.0.bn2.weight: element 0 is -Inf"},
	} {
		net := &checkpoint.StateDict{}
		for x := range sd.All() {
			if strings.HasPrefix(x.Name, "fc.") {
				continue
			}
			if x.Name == c.name {
				v := make([]float32, x.Len())
				for i := range v {
					v[i] = c.value
				}
				if x, err = checkpoint.NewFloat32(x.Name, x.Shape, v); err != nil {
					t.Fatal(err)
				}
			}
			if err := net.Add(x); err != nil {
				t.Fatal(err)
			}
		}
		weights := filepath.Join(dir, "net.safetensors")
		if err := checkpoint.SaveSafetensors(t.Context(), weights, net); err != nil {
			t.Fatal(err)
		}
		stdout, err := program(t, t.TempDir(), append([]string{"-weights", weights, "-image"}, images...)...)
		if c.want == "" && (err != nil || !strings.Contains(stdout, "features  4 x 128")) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q\n%s", c.name, err, c.want, stdout)
		}
	}
}
