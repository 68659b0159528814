package cam_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// scene is the embedded network, and a picture with its mask as the network takes it.
func scene(number int) (net nn.Network, x *nn.Tensor, mask []bool, err error) {
	sd, err := pretrained.Scenes()
	if err != nil {
		return nil, nil, nil, err
	}
	graph, err := arch.Build(sd, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	if net, err = nn.Compile(graph); err != nil {
		return nil, nil, nil, err
	}
	picture := scenes.Draw(uint64(number)).Image // any image.Image: see data.FromImage
	transform := data.Transform{Resize: 128, Mean: []float32{0.5}, Std: []float32{0.5}}
	if x, err = nn.NewTensor(1, 3, 128, 128); err != nil {
		return nil, nil, nil, err
	}
	return net, x, scenes.New(number, 1).Mask(0), transform.Apply(picture, x.Data)
}

// From a picture to the map of the class that the network predicts.
func ExampleGradCAM() {
	net, x, mask, err := scene(11)
	if err != nil {
		log.Fatal(err)
	}
	r, err := cam.GradCAM{}.Explain(context.Background(), cam.Question{Net: net, Input: x})
	if err != nil {
		log.Fatal(err)
	}
	m := r.Maps[0].Rectified()
	across, down := m.Peak(96, 96) // in the picture
	fmt.Println(scenes.Classes()[m.Class], "found on the object:", mask[int(down)*96+int(across)])
	// Output: moon found on the object: true
}

// Several methods on one picture, and which of them points at the object.
func ExampleMethods() {
	net, x, mask, err := scene(11)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range []cam.Method{cam.CAM{}, cam.LayerCAM{}, cam.EigenCAM{}, cam.AblationCAM{}} {
		r, err := m.Explain(context.Background(), cam.Question{Net: net, Input: x})
		if err != nil {
			log.Fatal(err)
		}
		hit, err := metrics.Pointing(r.Maps[0], mask, 96, 96)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Name(), hit)
	}
	// Output:
	// cam true
	// layercam true
	// eigencam true
	// ablationcam true
}

// A method of one's own: channels weighed by the largest gradient.
func ExampleCustom() {
	net, x, _, err := scene(11)
	if err != nil {
		log.Fatal(err)
	}
	largest := cam.Custom{
		ID: "largest", Summary: "channels weighed by their largest gradient", Gradients: true,
		Formula: func(ctx context.Context, e *cam.Evidence) ([]float64, error) {
			return e.Weigh(ctx, func(k int) float64 {
				most := math.Inf(-1)
				for _, g := range e.Plane(e.Gradient, k) {
					most = max(most, float64(g))
				}
				return most
			})
		},
	}
	r, err := largest.Explain(context.Background(), cam.Question{Net: net, Input: x, Layer: "layer3"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(largest.Name(), r.Maps[0].Width, "x", r.Maps[0].Height)
	// Output: largest 16 x 16
}
