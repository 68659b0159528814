// Package cam computes class activation maps: where in an image a network
// that ends in global average pooling and one linear layer found the evidence
// for a class.
//
// The map of class c is the sum of the feature maps f_k that the network
// pools, each weighted by how much its mean counts for the class (Zhou et
// al., "Learning Deep Features for Discriminative Localization", CVPR 2016,
// equation 2):
//
//	M_c(x, y) = sum over k of w[c,k] f_k(x, y)
//
// Over the output of the last stage ("layer4" of a ResNet18) the mean of the
// map plus the bias of the class is its logit, exactly (equation 1). Layers
// before it with as many channels ("layer4.1.bn2") can stand in for it; then
// the map is no longer a decomposition of the logit.
package cam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
)

// Predicted stands for the class with the largest logit.
const Predicted = nn.Predicted

// CAM is the method of this package's doc, as a [Method]: exact, and only for networks
// that end in global average pooling and one linear layer. It explains the logit of a
// class, whatever the target of a question.
type CAM struct{}

// Name is "cam".
func (CAM) Name() string { return "cam" }

// About says what it is.
func (CAM) About() string {
	return "channels weighed by the last layer, where only pooling stands between (Zhou et al. 2016)"
}

// Explain returns the maps.
func (CAM) Explain(ctx context.Context, q Question) (*Result, error) {
	if q.Net == nil {
		return nil, fmt.Errorf("cam: a question without a network")
	}
	m, err := New(q.Net, q.Layer)
	if err != nil {
		return nil, err
	}
	return m.explain(ctx, q)
}

// Mapper makes the class activation maps of a network at one of its layers.
// It is safe for concurrent use.
type Mapper struct {
	net   nn.Network
	layer string
}

// New returns a Mapper for a layer of the network, named as PyTorch names it.
// Empty means the last stage, what global average pooling sees. It returns an
// error when the network has no such layer, or the layer has not the channels that
// the last linear layer weighs.
func New(net nn.Network, layer string) (*Mapper, error) {
	modules, pooled := net.Modules(), net.Pooled()
	if pooled == "" {
		return nil, fmt.Errorf("cam: there is no class activation map of this network: it does not end in global average pooling and one linear layer")
	}
	layers := modules[:slices.Index(modules, pooled)+1]
	if layer == "" {
		layer = pooled
	}
	if !slices.Contains(layers, layer) {
		return nil, fmt.Errorf("cam: no layer %q before the pooling; there are %s", layer, visible.Modules(layers))
	}
	if has, want := net.Channels(layer), net.Head().Weight.Shape[1]; has != want {
		return nil, fmt.Errorf("cam: layer %s has %d channels, want the %d channels that the last layer weighs", layer, has, want)
	}
	return &Mapper{net: net, layer: layer}, nil
}

// DefaultLayer returns the layer that this project's programs map: the last batch
// norm before the pooling, layer4.1.bn2 of a ResNet18. Of the two usual layers it
// is the one whose maps peak inside the object more often on the embedded scenes;
// the README has the figures. It is empty for networks other than ResNets, which New
// takes for the last stage.
func DefaultLayer(net nn.Network) string {
	if net.Pooled() == "" {
		return ""
	}
	for _, name := range slices.Backward(net.Modules()) {
		if strings.Contains(name, ".bn") && strings.HasPrefix(name, "layer") && net.Channels(name) == net.Head().Weight.Shape[1] {
			return name
		}
	}
	return ""
}

// Layer is the name of the layer that the maps are taken from.
func (m *Mapper) Layer() string { return m.layer }

// Result holds the outputs and the maps of a batch of N images.
type Result struct {
	Logits   *nn.Tensor // N x classes
	Features *nn.Tensor // N x features
	Maps     []*Map     // N
	// Attributions is N x C x H x W, shaped as the input, where a method attributes to
	// each of its numbers; else it is nil.
	Attributions *nn.Tensor
}

// Maps runs a batch N x C x H x W through the network and returns one map an
// image, of the class given for it or, where that is [Predicted] or classes is
// nil, of the class with the largest logit. It returns an error when the batch
// is misshapen, a class does not exist, or ctx is done.
func (m *Mapper) Maps(ctx context.Context, x *nn.Tensor, classes []int) (*Result, error) {
	return m.explain(ctx, Question{Net: m.net, Input: x, Classes: classes})
}

func (m *Mapper) explain(ctx context.Context, q Question) (*Result, error) {
	q.Layer = m.layer
	return q.explain(ctx, false, m.weigh)
}

// weigh is the sum of the doc of this package.
func (m *Mapper) weigh(ctx context.Context, e *Evidence) ([]float64, error) {
	weights := m.net.Head().Weight.Data[e.Class*e.Channels:]
	return e.Weigh(ctx, func(k int) float64 { return float64(weights[k]) })
}

// Several is [Mapper.Maps] of several classes of each image, for one run of the network:
// maps are linear in the weights of the last layer, so that a further class costs next to
// nothing. Of the logits, N x classes, of returns rows of N classes, as Maps takes them;
// maps has a row of N for each. The result's own Maps are nil. Errors are those of Maps.
func (m *Mapper) Several(ctx context.Context, x *nn.Tensor, of func(logits *nn.Tensor) [][]int) (r *Result, maps [][]*Map, err error) {
	q := Question{Net: m.net, Input: x, Layer: m.layer}
	run, err := m.net.Run(ctx, x, m.layer)
	if err != nil {
		return nil, nil, err
	}
	for _, q.Classes = range of(run.Logits) {
		one, err := q.maps(ctx, run, m.layer, m.weigh)
		if err != nil {
			return nil, nil, err
		}
		maps = append(maps, one.Maps)
	}
	return &Result{Logits: run.Logits, Features: run.Features}, maps, nil
}
