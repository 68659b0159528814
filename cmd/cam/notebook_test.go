package main

import (
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// The notebook's code in PyTorch and OpenCV against every stage of ours: 40
// scenes resized to 128x128, the embedded network, the heat maps' bytes.
func TestNotebook(t *testing.T) {
	want := golden.Open(t, "notebook.safetensors")
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := arch.Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	transform := data.Transform{Resize: 128, Mean: []float32{0.5}, Std: []float32{0.5}}
	for _, layer := range []string{"layer4", "layer4.1.bn2"} {
		mapper, err := cam.New(m, layer)
		if err != nil {
			t.Fatal(err)
		}
		bytes, differ, largest := want.Bytes(layer), 0, 0
		for b, err := range data.Batches(t.Context(), scenes.New(0, 12), data.BatchOptions{Size: 5, Transform: transform}) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Samples {
				sum := 0.0
				n := len(b.Pixels) / len(b.Samples)
				for _, v := range b.Pixels[i*n : (i+1)*n] {
					sum += float64(v)
				}
				if diff := sum - want.Float64("input.sum")[b.Start+i]; diff > 1e-6 || diff < -1e-6 {
					t.Errorf("image %d: the pixels' sum differs by %g", b.Start+i, diff)
				}
			}
			r, err := mapper.Maps(t.Context(), tensor(b), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, mp := range r.Maps {
				index := b.Start + i
				if int64(mp.Class) != want.Int64("predicted")[index] {
					t.Errorf("image %d: class %d, PyTorch says %d", index, mp.Class, want.Int64("predicted")[index])
				}
				heat, err := render.Resize(mp.Bytes(), mp.Width, mp.Height, 128, 128)
				if err != nil {
					t.Fatal(err)
				}
				for p, v := range heat {
					if d := int(v) - int(bytes[index*128*128+p]); d != 0 {
						differ++
						largest = max(largest, d, -d)
					}
				}
			}
		}
		share := float64(differ) / float64(len(bytes))
		t.Logf("%s: %d of %d bytes of 12 heat maps differ (%.4f%%), by at most %d", layer, differ, len(bytes), 100*share, largest)
		if share > 0.001 || largest > 2 {
			t.Errorf("%s: %.4f%% of the bytes differ, by at most %d", layer, 100*share, largest)
		}
	}
}
