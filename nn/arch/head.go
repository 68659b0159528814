package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// NewHead returns the state dict of the same network for other classes: in place of its
// last layer, a linear one or SqueezeNet's convolution, there is one of so many outputs with
// the numbers that torch.nn.Linear begins with, as in
//
//	model.fc = nn.Linear(model.fc.in_features, classes)
//
// A network that ends with its features gets a layer called fc (classifier.2 in a
// ConvNeXt). All other tensors are shared with sd. The metadata is copied, but for classes,
// which names those of before; added to it is what Build would take for granted by the
// number of classes.
//
// It returns an error where Build cannot read sd without options, and for numbers of classes
// out of range.
func NewHead(sd *checkpoint.StateDict, classes int, seed uint64) (*checkpoint.StateDict, error) {
	if classes < 1 || classes > mostClasses {
		return nil, fmt.Errorf("arch: %d classes, want 1 to %d", classes, mostClasses)
	}
	b, err := build(sd, nil)
	if err != nil {
		return nil, err
	}
	l := &layout{initial: initial{torchDefault, torchDefault, torchDefault, torchDefault}, opt: NewOptions{Classes: classes}}
	name, err := b.layHead(l)
	if err != nil {
		return nil, err
	}
	head, err := l.draw(seed)
	if err != nil {
		return nil, fmt.Errorf("arch: %w", err)
	}
	out := &checkpoint.StateDict{Metadata: map[string]string{}, Skipped: sd.Skipped, Taken: sd.Taken, Others: sd.Others}
	maps.Copy(out.Metadata, sd.Metadata)
	delete(out.Metadata, "classes")
	for _, set := range settings(b.graph) {
		if set.name == "transform" { // whose default depends on the classes
			out.Metadata[set.name] = set.value
		}
	}
	for t := range sd.All() {
		if again, replaced := head.Get(t.Name); replaced {
			t = again
		}
		if err := out.Add(t); err != nil {
			return nil, fmt.Errorf("arch: %w", err)
		}
	}
	for t := range head.All() {
		if _, there := sd.Get(t.Name); there {
			continue
		}
		if err := out.Add(t); err != nil {
			return nil, fmt.Errorf("arch: %w", err)
		}
	}
	if _, err := fitting(out, nil); err != nil {
		return nil, fmt.Errorf("arch: with a new %s: %w", name, err)
	}
	return out, nil
}

// layHead lays out the last layer under its names in the file.
func (b *builder) layHead(l *layout) (name string, err error) {
	nodes := b.graph.Nodes()
	if b.graph.Headless {
		features, _ := b.graph.Widths()
		if features == 0 {
			return "", fmt.Errorf("arch: %s: no image fits", b.graph.Architecture)
		}
		name = b.reading.prefix() + "fc"
		if b.has("classifier.0.weight") { // ConvNeXt's norm in front
			name = b.reading.prefix() + "classifier.2"
		}
		l.head(name, features)
		return name, nil
	}
	for _, n := range slices.Backward(nodes) {
		switch op := n.Op.(type) {
		case *nn.Linear:
			l.head(n.Name, op.Weight.Shape[1])
		case *nn.Conv2d:
			l.convBias(n.Name, op.Weight.Shape[1], l.opt.Classes, window{})
		default:
			continue
		}
		// Only what the old layer had, under the names of the file.
		l.tensors = slices.DeleteFunc(l.tensors, func(d draft) bool { return !b.has(d.name) })
		for i := range l.tensors {
			l.tensors[i].name = b.names[l.tensors[i].name]
		}
		return strings.TrimSuffix(b.names[n.Name+".weight"], ".weight"), nil
	}
	return "", fmt.Errorf("arch: %s has no last layer", b.graph.Architecture)
}
