// Package pretrained holds the networks that are embedded in the programs, as
// state dicts: one trained on the scenes of package data/scenes, one on CIFAR-10.
// Importing it adds 7 MB of weights to a program.
package pretrained

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

// Scenes returns a ResNet18 of base width 16 with a 3x3 stem, in half precision. Its
// metadata has the classes, and the mean, std and size of its input. An error
// means that the program was built wrong. It was trained by
//
//	go run ./cmd/train -scenes 24000 -epochs 8 -seed 1 -half
//
// on scenes that are none of those that the programs show (scenes.HeldOut). Of the first
// 10,000 of those it knows 9,962.
func Scenes() (*checkpoint.StateDict, error) { return embedded("scenes", scenesWeights) }

// CIFAR10 returns a ResNet18 of base width 32 with a 3x3 stem and without the max pool, so that
// its last maps are 4x4, in half precision, with metadata as for Scenes. It was trained by two
// commands, the second from what the first had come to:
//
//	go run ./cmd/train -data FOLDER -split train -val cifar-10-batches-bin -width 32 -stem 3x3 -maxpool no \
//	    -epochs 26 -batch 128 -lr 0.2 -augment crop=4,flip,erase=0.25 -seed 1 -half -out first.safetensors
//	go run ./cmd/train -data FOLDER -split train -val cifar-10-batches-bin -weights first.last.safetensors \
//	    -epochs 18 -batch 128 -lr 0.1 -schedule cosine -warmup 1 -augment crop=4,flip,erase=0.25 -seed 2 -half \
//	    -out cifar10.safetensors
//
// where FOLDER/train has a folder for each class, with the 50,000 training images as JPEG files
// that are named INDEX_LABEL.jpg. It is the network of the last epoch, cifar10.last.safetensors:
// the test images chose nothing. It knows 9,034 of those 10,000, which had gone through JPEG too
// (8,913 after the first command).
func CIFAR10() (*checkpoint.StateDict, error) { return embedded("cifar10", cifar10Weights) }

func embedded(name string, weights []byte) (*checkpoint.StateDict, error) {
	sd, err := checkpoint.Read(context.Background(), bytes.NewReader(weights), int64(len(weights)))
	if err != nil {
		return nil, fmt.Errorf("embedded %s network: %w", name, err)
	}
	return sd, nil
}
