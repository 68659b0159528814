package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// newTraining is how networks are trained.
var newTraining = nn.CompileTraining

// A network is what is trained.
type network struct {
	graph     *nn.Graph
	transform data.Transform
	side      int               // of its square input, or 0 where it takes images as they are
	metadata  map[string]string // of the files that it is kept in
	lines     []string          // what was chosen, for people
}

// makeNetwork makes the network that training begins with, or goes on with.
func makeNetwork(ctx context.Context, o *options, d *images) (*network, error) {
	switch {
	case o.resumed != nil:
		return o.resumed.network(ctx, o, d)
	case o.Weights != "":
		return loadNetwork(ctx, o, d)
	}
	return drawNetwork(ctx, o, d)
}

// drawNetwork draws a network that has learnt nothing.
func drawNetwork(ctx context.Context, o *options, d *images) (*network, error) {
	n := &network{metadata: map[string]string{}}
	if err := n.see(ctx, o, d, nil, 0); err != nil {
		return nil, err
	}
	opt := arch.NewOptions{Classes: len(d.classes), Width: o.width, Stem: o.stem, NoMaxPool: o.maxpool == "no", Seed: o.seed}
	if isResNet(o.arch) {
		small := n.side
		if small == 0 {
			small = otherwise
		}
		if opt.Stem == "" && small < 128 {
			opt.Stem = "3x3"
		}
		if o.maxpool == "" {
			opt.NoMaxPool = small < 64
		}
		if opt.Width == 0 && o.Data == "" {
			opt.Width = 16
		}
	}
	sd, err := arch.New(o.arch, opt)
	if err != nil {
		return nil, cli.Usagef("-arch: %s", strings.TrimPrefix(err.Error(), "arch: "))
	}
	return n.build(sd, nil)
}

// isResNet tells whether an architecture has a stem and a width to choose.
func isResNet(name string) bool {
	return strings.HasPrefix(name, "resne") || strings.HasPrefix(name, "wide_resnet")
}

// loadNetwork loads a network that has learnt something else.
func loadNetwork(ctx context.Context, o *options, d *images) (*network, error) {
	sd, err := o.LoadWeights(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := arch.ParseOptions(o.Network)
	if err != nil {
		return nil, cli.Usagef("-network: %v", err)
	}
	g, err := arch.Build(sd, settings)
	if err != nil {
		return nil, fmt.Errorf("-weights: %s: %w", o.Weights, err)
	}
	outputs := 0
	if !g.Headless {
		_, outputs = g.Widths()
	}
	n := &network{metadata: map[string]string{}}
	if err := n.see(ctx, o, d, sd.Metadata, outputs); err != nil {
		return nil, err
	}
	if len(g.LeftOut) > 0 {
		n.lines = append(n.lines, fmt.Sprintf("left out of %s, as no part of the network: %s", o.Weights, visible.List(g.LeftOut)))
	}
	if known := sd.Metadata["classes"]; !o.probes() && outputs == len(d.classes) && known == strings.Join(d.classes, ",") {
		n.lines = append(n.lines, "the last layer is kept: it knows these classes")
	} else {
		// Of the network alone: a file may hold others, and what -network says of it.
		if sd, err = arch.StateDict(g, own(sd.Metadata)); err == nil {
			delete(sd.Metadata, "prefix")
			delete(sd.Metadata, "ignore")
			sd, err = arch.NewHead(sd, len(d.classes), o.seed)
		}
		if err != nil {
			return nil, fmt.Errorf("-weights: %s: %w", o.Weights, err)
		}
		settings = nil
		n.lines = append(n.lines, fmt.Sprintf("a new last layer for %d classes", len(d.classes)))
	}
	return n.build(sd, settings)
}

// own is what the metadata of a file say of its network.
func own(metadata map[string]string) map[string]string {
	own := map[string]string{}
	if name, ok := metadata["architecture"]; ok {
		own["architecture"] = name
	}
	return own
}

// see settles how the network sees images; outputs are those of the weights that it begins
// with.
func (n *network) see(ctx context.Context, o *options, d *images, metadata map[string]string, outputs int) (err error) {
	if n.transform, err = d.transform(ctx, o, metadata, outputs); err != nil {
		return err
	}
	if n.side, err = d.side(ctx, n.transform); err != nil {
		return err
	}
	t := n.transform
	switch {
	case t.CenterCrop == 0 && t.Resize == 0:
		n.metadata["size"] = fmt.Sprint(n.side) // 0: images as they are
	case t.CenterCrop == t.Resize:
		n.metadata["size"] = fmt.Sprint(t.Resize)
	default:
		for name, side := range map[string]int{"resize": t.Resize, "crop": t.CenterCrop} {
			if side > 0 {
				n.metadata[name] = fmt.Sprint(side)
			}
		}
	}
	n.metadata["mean"], n.metadata["std"] = numbers(t.Mean), numbers(t.Std)
	n.metadata["classes"] = strings.Join(d.classes, ",")
	return nil
}

// numbers are one or three numbers as metadata has them.
func numbers(v []float32) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ",")
}

// build makes the graph of a state dict.
func (n *network) build(sd *checkpoint.StateDict, settings arch.Options) (*network, error) {
	var err error
	if n.graph, err = arch.Build(sd, settings); err != nil {
		return nil, err
	}
	if c := n.graph.InChannels(); c != 3 {
		return nil, fmt.Errorf("the network takes images of %d channels, want 3 (RGB)", c)
	}
	// What is kept says of itself what this one says.
	for _, assumed := range n.graph.Assumed {
		name, value, _ := strings.Cut(assumed, "=")
		value, _, _ = strings.Cut(value, " (")
		n.metadata[name] = value
	}
	delete(n.metadata, "prefix")
	delete(n.metadata, "ignore")
	if name := sd.Metadata["architecture"]; name != "" {
		n.metadata["architecture"] = name
	}
	if conv, ok := stem(n.graph); ok && isResNet(n.metadata["architecture"]) {
		n.metadata["stem"] = fmt.Sprintf("%dx%d", conv.Weight.Shape[2], conv.Weight.Shape[3])
	}
	return n, nil
}

// stem is the convolution that takes the image.
func stem(g *nn.Graph) (*nn.Conv2d, bool) {
	for _, node := range g.Nodes() {
		if slices.Contains(node.Inputs, nn.Input) {
			conv, ok := node.Op.(*nn.Conv2d)
			return conv, ok
		}
	}
	return nil, false
}

// frozen are the modules that -freeze names.
func (o *options) frozen() []string {
	if o.freeze == "none" {
		return nil
	}
	names := strings.Split(o.freeze, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// stateDict is the network as it is kept, with more metadata.
func (n *network) stateDict(more map[string]string) (*checkpoint.StateDict, error) {
	metadata := maps.Clone(n.metadata)
	maps.Copy(metadata, more)
	return arch.StateDict(n.graph, metadata)
}

// weights is the number of weights.
func (n *network) weights() (count int) {
	for _, p := range n.graph.State() {
		count += len(p.Value.Data)
	}
	return count
}

// normalises tells whether a network has batch norms, which compare the images of a batch.
func normalises(g *nn.Graph) bool {
	return slices.ContainsFunc(g.Nodes(), func(n nn.Node) bool {
		_, ok := n.Op.(*nn.BatchNorm2d)
		return ok
	})
}
