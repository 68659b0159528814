package arch_test

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// A network from a state dict, which checkpoint.Load reads from a file; here an
// embedded one. The plan computes what the network does, faster.
func ExampleBuild() {
	sd, err := pretrained.Scenes()
	if err != nil {
		fmt.Println(err)
		return
	}
	net, err := arch.Build(sd, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := nn.Compile(net)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := nn.NewTensor(2, 3, 96, 96) // two images, normalised
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := plan.Run(context.Background(), x, "layer4", "layer4.1.bn2")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logits", r.Logits.Shape, "features", r.Features.Shape)
	fmt.Println("layer4", r.Taps["layer4"].Shape)
	// Output:
	// logits [2 10] features [2 128]
	// layer4 [2 128 6 6]
}

// A small network for images of 32x32 pixels and ten classes, and then the same for three.
func ExampleNew() {
	sd, err := arch.New("resnet18", arch.NewOptions{Classes: 10, Width: 16, Stem: "3x3", NoMaxPool: true, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	other, err := arch.NewHead(sd, 3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	net, err := arch.Build(other, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	features, classes := net.Widths()
	fmt.Println(net.Architecture, features, classes)
	saved, err := arch.StateDict(net, map[string]string{"size": "32"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(saved.Len(), "tensors,", saved.Metadata)
	// Output:
	// ResNet18, base width 16 128 3
	// 122 tensors, map[maxpool:no size:32]
}
