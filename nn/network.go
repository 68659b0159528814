// Package nn runs convolutional networks for image classification on float32
// NCHW tensors, layer by layer as PyTorch names and defines them.
//
// [NewResNet] builds a network from a state dict alone: [checkpoint.Load]
// reads one from a file that PyTorch wrote. Every intermediate output can be
// tapped by its PyTorch module name ("conv1", "layer4.1.bn2", "avgpool").
package nn

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Network is an image classifier that ends in global average pooling and one
// linear layer. Implementations are safe for concurrent use.
type Network interface {
	// Run maps a batch N x InChannels x H x W to its logits and features, and
	// returns the outputs of the modules named in taps as well, as a forward
	// hook in PyTorch would see them: of a module that runs several times (the
	// relu of a block) the last. It returns an error when the batch is
	// misshapen, a tap has no such module, or ctx is done.
	Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error)
	// Modules lists what can be tapped, in order of execution.
	Modules() []string
	// InChannels is the number of channels of an input image.
	InChannels() int
	// Head is the last layer, classes x features. It must not be changed.
	Head() *Linear
}

// Result is what a network makes of a batch of N images.
type Result struct {
	Logits   *Tensor            // N x classes
	Features *Tensor            // N x features: what goes into the last layer (fc = Identity)
	Taps     map[string]*Tensor // by module name
}

// tapper keeps the outputs that were asked for.
type tapper map[string]*Tensor

// newTapper checks the names of the taps against the modules that exist.
func newTapper(modules, taps []string) (tapper, error) {
	t := make(tapper, len(taps))
	for _, name := range taps {
		if !slices.Contains(modules, name) {
			return nil, fmt.Errorf("nn: no module %q; there are %s", name, strings.Join(modules, ", "))
		}
		t[name] = nil
	}
	return t, nil
}

// see records x when name is tapped.
func (t tapper) see(name string, x *Tensor) {
	if _, ok := t[name]; ok {
		t[name] = x
	}
}
