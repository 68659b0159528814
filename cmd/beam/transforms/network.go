package transforms

import (
	"context"
	"errors"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// The embedded networks, as Network.Weights.
const (
	CIFAR10 = "embedded:cifar10"
	Scenes  = "embedded:scenes"
)

// A Network says which network runs and how its input is made. It is sent to the workers,
// each of which loads it once.
type Network struct {
	// Weights is the checkpoint's file, on any of Beam's file systems, or one of the
	// embedded networks.
	Weights string
	// Key and MaxMemory are those of checkpoint.Options.
	Key       string
	MaxMemory int64
	// Options are what the checkpoint does not say. Method stays nil: see [Maps].
	Options model.Options
	// MaxPixels, ApplyOrientation and Truncated are those of data.DecodeOptions, for
	// pictures that come as image files.
	MaxPixels        int
	ApplyOrientation bool
	Truncated        bool
	// Batch is the number of pictures that go through the network at a time. Default: 40.
	Batch int
}

// networks are the loaded ones of this process.
var networks shared[*model.Model]

// load returns the network, loaded once a process.
func (n Network) load(ctx context.Context) (*model.Model, error) {
	n.Batch = 0 // the same network
	m, made, err := networks.get(n, func() (*model.Model, error) {
		sd, err := n.weights(ctx)
		if err != nil {
			return nil, err
		}
		m, err := model.New(sd, n.Options)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.Weights, err)
		}
		return m, nil
	})
	if made {
		networkLoads.Inc(ctx, 1)
	}
	return m, err
}

// maxWeights bounds a checkpoint file that is read from elsewhere: it is held in memory.
const maxWeights = 16 << 30

func (n Network) weights(ctx context.Context) (*checkpoint.StateDict, error) {
	opt := checkpoint.Options{Key: n.Key, MaxMemory: n.MaxMemory}
	switch {
	case n.Weights == CIFAR10:
		return pretrained.CIFAR10()
	case n.Weights == Scenes:
		return pretrained.Scenes()
	case n.Weights == "":
		return nil, errors.New("transforms: a network without weights")
	case local(n.Weights): // also of several files
		return checkpoint.LoadWith(ctx, n.Weights, opt)
	case n.Key != "":
		return nil, fmt.Errorf("%s: an entry can be chosen of a local file only", n.Weights)
	}
	b, err := ReadFile(ctx, n.Weights, maxWeights)
	if err != nil {
		return nil, err
	}
	sd, err := checkpoint.Read(ctx, newReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Weights, err)
	}
	return sd, nil
}

func (n Network) decoding() data.DecodeOptions {
	return data.DecodeOptions{MaxPixels: n.MaxPixels, ApplyOrientation: n.ApplyOrientation, Truncated: n.Truncated}
}
