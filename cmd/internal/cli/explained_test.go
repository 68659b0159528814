package cli

import (
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// The maps of a page are those that the method gives each class alone: of the likeliest
// classes, then of the true one where it is not among them.
func TestExplained(t *testing.T) {
	embedded, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	// No class activation maps: its last layer is a convolution, then a ReLU.
	squeezenet, err := arch.New("squeezenet1_1", arch.NewOptions{Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		weights *checkpoint.StateDict
		method  cam.Method
		layer   string
		images  int
		top     int
		want    int
	}{
		{embedded, cam.CAM{}, "layer4.1.bn2", 13_000, 0, 10},
		{embedded, cam.CAM{}, "layer4.1.bn2", 3, 2, 2},
		{embedded, cam.CAM{}, "layer4.1.bn2", 3, 100, 10},
		{embedded, cam.CAM{}, "layer4.1.bn2", 17_000, 0, 7}, // 2 MB of maps of 4 x 4
		{embedded, cam.CAM{}, "layer4.1.bn2", 100_000, 0, 5},
		{embedded, cam.CAM{}, "layer4.1.bn2", 100_000, 8, 8},
		{squeezenet, cam.GradCAM{}, "features", 3, 0, 1},
		{squeezenet, cam.GradCAM{}, "features", 3, 3, 3},
	} {
		m, err := model.New(c.weights, model.Options{Size: 64})
		if err != nil {
			t.Fatal(err)
		}
		size := 3 * 64 * 64
		b := &data.Batch{Shape: []int{4, 3, 64, 64}, Pixels: make([]float32, 4*size)}
		for i := range 4 {
			s := scenes.Draw(uint64(i))
			im, err := data.FromImage(t.Context(), s.Image)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Transform().Apply(im, b.Pixels[i*size:(i+1)*size]); err != nil {
				t.Fatal(err)
			}
			b.Samples = append(b.Samples, data.Sample{Image: im, Label: -1, Name: "x"})
		}
		x := &nn.Tensor{Shape: b.Shape, Data: b.Pixels}
		run, err := m.Network().Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		// The classes of each image by falling logits, found one after the other.
		order := make([][]int, 4)
		for i := range order {
			z := slices.Clone(run.Logits.Data[10*i : 10*i+10])
			for range z {
				k := slices.Index(z, slices.Max(z))
				order[i], z[k] = append(order[i], k), -1e30
			}
		}
		// The first image has no label, of the second and the last the label is the least
		// likely class and of the third the likeliest.
		b.Samples[1].Label, b.Samples[2].Label, b.Samples[3].Label = order[1][9], order[2][0], order[3][9]
		out := &Explained{}
		features, err := newExplainer(m, &PageFlags{HTML: "x.html", NoImages: true, Top: c.top}, c.images, out).run(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(features.Data, run.Features.Data) || len(out.Probabilities) != 4 || len(out.Names) != 4 || out.Images != nil {
			t.Errorf("%s, -top %d: %d probabilities, %d names, %d images, or other features", c.method.Name(), c.top, len(out.Probabilities), len(out.Names), len(out.Images))
		}
		if len(out.Maps) != 1 || out.Maps[0].Name != c.method.Name() || len(out.Maps[0].Maps) != 4 {
			t.Fatalf("maps %+v", out.Maps)
		}
		for i, maps := range out.Maps[0].Maps {
			want := order[i][:c.want]
			if i%2 == 1 && c.want < 10 {
				want = append(slices.Clone(want), order[i][9])
			}
			var have []int
			for _, m := range maps {
				have = append(have, m.Class)
			}
			if !slices.Equal(have, want) {
				t.Errorf("%s, -top %d: image %d has maps of %v, want %v", c.method.Name(), c.top, i, have, want)
				continue
			}
			for k, class := range want {
				alone := &nn.Tensor{Shape: []int{1, 3, 64, 64}, Data: b.Pixels[i*size : (i+1)*size]}
				r, err := c.method.Explain(t.Context(), cam.Question{Net: m.Network(), Input: alone, Layer: c.layer, Classes: []int{class}})
				if err != nil {
					t.Fatal(err)
				}
				drawn := r.Maps[0]
				if c.method != cam.Method(cam.CAM{}) {
					drawn = drawn.Rectified()
				}
				if maps[k].Width != drawn.Width || maps[k].Height != drawn.Height || !slices.Equal(maps[k].Levels, drawn.Bytes()) {
					t.Errorf("%s, -top %d: image %d: another map of class %d than alone", c.method.Name(), c.top, i, class)
				}
			}
		}
	}
}
