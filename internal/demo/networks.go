package demo

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

//go:embed scenes.safetensors
var scenesWeights []byte

//go:embed cifar10.safetensors
var cifar10Weights []byte

// ScenesNetwork returns a ResNet18 of base width 16 with a 3x3 stem, trained
// on scenes by testdata/export/train_scenes.py, in half precision. Its
// metadata has the classes, and the mean, std and size of its input. An error
// means that the program was built wrong.
func ScenesNetwork() (*checkpoint.StateDict, error) { return embedded("scenes", scenesWeights) }

// CIFAR10Network returns a ResNet18 of base width 32 with a 3x3 stem, trained
// on CIFAR-10 by testdata/export/train_cifar10.py, in half precision, with
// metadata as for ScenesNetwork.
func CIFAR10Network() (*checkpoint.StateDict, error) { return embedded("cifar10", cifar10Weights) }

func embedded(name string, weights []byte) (*checkpoint.StateDict, error) {
	sd, err := checkpoint.Read(context.Background(), bytes.NewReader(weights), int64(len(weights)))
	if err != nil {
		return nil, fmt.Errorf("embedded %s network: %w", name, err)
	}
	return sd, nil
}
