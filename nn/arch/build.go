// Package arch makes networks of state dicts: one file an architecture, which reads
// like the table of its paper. Everything that tensors tell is told from their names
// and shapes; what they do not tell is an option, see [Options].
//
// There are torchvision's convolutional classifiers, and the ResNets of timm, Hugging
// Face and of those who train on CIFAR-10. Each is tried; the first that takes every
// tensor is the network. Names in front ("model.", "backbone.") are left out, and the
// last layers may be one linear layer, several with activations between, or none. Where
// the network is a part of the file, beside a projection, a loss or a copy of itself, the
// rest is left out and said ([nn.Graph].LeftOut).
//
// For training, [New] makes the state dict of a network that begins, [NewHead] one for
// other classes, and [StateDict] that of a network that has learnt.
package arch

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// A family is an architecture in all its sizes.
type family struct {
	name   string
	like   string                   // a pattern of names that it has, to tell which is the nearest
	rename func(name string) string // from other people's names to those that build uses, or nil
	build  func(b *builder)
}

// families in the order in which they are tried.
var families = []family{
	{"a ResNet", `^layer\d+\.\d+\.(conv|bn|downsample|shortcut|se)`, nil, resNet},
	{"a ResNet as Hugging Face names it", `^layer\d+\.\d+\.(conv|bn|downsample)`, huggingFaceName, resNet},
	{"AlexNet", `^(features|classifier)\.\d+\.(weight|bias)$`, nil, alexNet},
	{"a VGG", `^(features|classifier)\.\d+\.\w+$`, nil, vgg},
	{"a SqueezeNet", `^features\.\d+\.(squeeze|expand)`, nil, squeezeNet},
	{"a DenseNet", `^features\.(denseblock|transition)\d+`, denseNetName, denseNet},
	{"GoogLeNet", `^inception\d[a-e]\.branch`, nil, googLeNet},
	{"Inception v3", `^(Mixed_|Conv2d_)\d`, nil, inceptionV3},
	{"a ShuffleNet v2", `^stage\d\.\d+\.branch[12]\.\d`, nil, shuffleNetV2},
	{"a MobileNet v2", `^features\.\d+\.conv\.\d`, nil, mobileNetV2},
	{"a MobileNet v3", `^features\.\d+\.block\.\d`, nil, mobileNetV3},
	{"an MNASNet", `^layers\.\d+\.\d+\.layers\.\d`, nil, mnasNet},
	{"an EfficientNet", `^features\.\d+\.\d+\.block\.\d+\.(\d|fc)`, nil, efficientNet},
	{"a RegNet", `^trunk_output\.block\d`, nil, regNet},
	{"a ConvNeXt", `^features\.\d+\.\d+\.(block\.\d\.(weight|bias)$|layer_scale)`, nil, convNeXt},
}

// Build makes the network that a state dict belongs to. Weights of F32 are used in
// place; num_batches_tracked, which eval mode does not need, may be there or not. What
// was taken for granted stands in the graph's Assumed.
//
// It returns an error where no architecture takes all tensors, which names the nearest
// and the first tensor that does not fit it, and where an option is one that the
// network does not have.
func Build(sd *checkpoint.StateDict, opt Options) (*nn.Graph, error) {
	b, err := build(sd, opt)
	if err != nil {
		return nil, err
	}
	return b.graph, nil
}

// build returns the builder that has built the network.
func build(sd *checkpoint.StateDict, opt Options) (*builder, error) {
	b, err := fitting(sd, opt)
	if err != nil {
		return nil, err
	}
	b = newBuilder(sd, opt, b.family, b.reading)
	b.run()
	return b, b.err
}

// fitting finds the family and the reading of the names that fit: a builder that has built
// the network but for the numbers.
func fitting(sd *checkpoint.StateDict, opt Options) (*builder, error) {
	if sd.Len() == 0 {
		return nil, errors.New("arch: the state dict is empty")
	}
	if sd.Len()+len(sd.Skipped) > mostTensors {
		return nil, fmt.Errorf("arch: %d tensors, more than any architecture has: %s", sd.Len(), someNames(sd))
	}
	var nearest *builder
	most := -1
	ways, err := readings(sd, opt["prefix"])
	if err != nil {
		return nil, err
	}
	for _, r := range ways {
		for _, f := range families {
			b := newBuilder(sd, opt, f, r)
			b.shapesOnly = true
			b.run()
			if b.err == nil {
				return b, nil
			}
			if n := len(b.used) + b.alike(); n > most {
				nearest, most = b, n
			}
		}
	}
	var option optionError
	var unread unreadError
	switch {
	case errors.As(nearest.err, &option):
		return nil, nearest.err
	case errors.As(nearest.err, &unread):
		return nil, fmt.Errorf("arch: %s: %w", nearest.family.name, nearest.err)
	case most == 0:
		return nil, fmt.Errorf("arch: no architecture has these tensors: %s; there are %s (the option prefix says behind which module the network stands)", someNames(sd), familyNames())
	}
	return nil, fmt.Errorf("arch: not quite %s: %w; the tensors are %s", nearest.family.name, nearest.err, someNames(sd))
}

// familyNames lists what there is.
func familyNames() string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// An unreadError is about a tensor that is there, but not as numbers.
type unreadError struct{ error }

// mostTensors bounds the work of trying every architecture. The largest of torchvision's
// networks has some two thousand.
const mostTensors = 20_000

// A value is the output of a node: its index in the graph, and its channels.
type value struct{ node, channels int }

// builder takes tensors out of a state dict and adds the nodes that use them. After
// its first error it does nothing.
type builder struct {
	sd         *checkpoint.StateDict
	family     family
	reading    readingOf
	options    Options
	names      map[string]string             // from the names that the family uses to the file's
	skipped    map[string]checkpoint.Skipped // by the file's names
	within     bool                          // the names are a part of the file's
	used       map[string]bool               // by the file's names
	asked      map[string]bool               // options
	shapesOnly bool                          // leaves out the elements: enough to see what fits
	eps        float64                       // of the norms; 0 means PyTorch's
	momentum   float64                       // of the batch norms in train mode; 0 means PyTorch's
	graph      *nn.Graph
	err        error
}

func newBuilder(sd *checkpoint.StateDict, opt Options, f family, r readingOf) *builder {
	b := &builder{
		sd: sd, family: f, reading: r, options: opt, graph: &nn.Graph{LeftOut: slices.Clone(r.leftOut)}, within: r.leftOut != nil || opt["prefix"] != "",
		names: make(map[string]string, len(r.names)), used: map[string]bool{}, asked: map[string]bool{},
		skipped: make(map[string]checkpoint.Skipped, len(sd.Skipped)),
	}
	for _, s := range sd.Skipped {
		b.skipped[s.Name] = s
	}
	for _, n := range r.names {
		name := n.name
		if f.rename != nil {
			name = f.rename(name)
		}
		if other, taken := b.names[name]; taken && b.err == nil {
			b.err = fmt.Errorf("%s and %s are both %s", visible.Short(other), visible.Short(n.file), visible.Short(name))
		}
		b.names[name] = n.file
	}
	return b
}

// ignored tells whether eval mode does without a tensor: counts of training steps.
func ignored(name string) bool {
	return name == "n_averaged" || name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")
}

// alike counts the names that are like the family's.
func (b *builder) alike() int {
	like := regexp.MustCompile(b.family.like)
	n := 0
	for name := range b.names {
		if like.MatchString(name) {
			n++
		}
	}
	return n
}

// run builds the family's network, and sets the error for the first tensor that no
// layer used.
func (b *builder) run() {
	if b.err != nil {
		return
	}
	b.family.build(b)
	file := make(map[string]string, len(b.names)) // back to the family's names
	for name, f := range b.names {
		file[f] = name
	}
	for _, f := range b.sd.Names() {
		name, ours := file[f]
		switch {
		case b.err != nil || b.used[f] || b.within && !ours || ignored(name):
		case isForTraining(name) || b.toIgnore(name) || b.toIgnore(f):
			b.graph.LeftOut = append(b.graph.LeftOut, f)
		default:
			t, _ := b.sd.Get(f)
			b.err = fmt.Errorf("unexpected tensor %s of shape %v (if its module is no part of the network, the option ignore leaves it out)", visible.Short(f), t.Shape)
		}
	}
	if b.err == nil {
		b.err = b.unasked()
	}
}

// toIgnore tells whether the option ignore names the module that a tensor is in, as the family
// or the file has it.
func (b *builder) toIgnore(name string) bool {
	for module := range strings.SplitSeq(b.options["ignore"], "+") {
		if module != "" && (name == module || strings.HasPrefix(name, module+".")) {
			b.asked["ignore"] = true
			return true
		}
	}
	return false
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// file is the name in the file of a tensor.
func (b *builder) file(name string) string {
	if f, ok := b.names[name]; ok {
		return visible.Short(f)
	}
	return name
}

func (b *builder) has(name string) bool {
	_, ok := b.names[name]
	return ok
}

// shape returns the shape of a tensor, or nil.
func (b *builder) shape(name string) []int {
	f := b.names[name]
	if t, ok := b.sd.Get(f); ok {
		return t.Shape
	}
	return b.skipped[f].Shape
}

// tensor returns the named tensor when its shape fits; a dimension of -1 fits
// any positive size.
func (b *builder) tensor(name string, shape ...int) *nn.Tensor {
	if b.err != nil {
		return nil
	}
	t, ok := b.sd.Get(b.names[name])
	if s, left := b.skipped[b.names[name]]; !ok && left && b.has(name) {
		b.err = unreadError{fmt.Errorf("%s is needed, and is %s, which cannot be read as numbers of 16 to 64 bits", visible.Short(s.Name), s.Type)}
		return nil
	}
	if !ok {
		b.fail("%s is missing, want shape %s", name, pattern(shape))
		return nil
	}
	fits := len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = t.Shape[i] == shape[i] || shape[i] == -1 && t.Shape[i] > 0
	}
	if !fits {
		b.fail("%s has shape %v, want %s", visible.Short(t.Name), t.Shape, pattern(shape))
		return nil
	}
	if !t.DType.IsFloat() {
		b.fail("%s holds %s, want floating-point numbers", visible.Short(t.Name), t.DType)
		return nil
	}
	b.used[t.Name] = true
	if b.shapesOnly {
		return &nn.Tensor{Shape: t.Shape}
	}
	data, err := t.Float32()
	if err != nil {
		b.fail("%s: %w", visible.Short(t.Name), err)
		return nil
	}
	for i, v := range data {
		if v-v != 0 {
			b.fail("arch: tensor %s: element %d is %v, want finite numbers; a training that diverged leaves such weights", visible.Short(t.Name), i, v)
			return nil
		}
	}
	return &nn.Tensor{Shape: t.Shape, Data: data}
}

// pattern writes a shape with * for any size.
func pattern(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), "-1", "*")
}

func (b *builder) vector(name string, n int) []float32 {
	if t := b.tensor(name, n); t != nil {
		return t.Data
	}
	return nil
}

// leaveOut takes no notice of the tensors below a module: one for training only.
func (b *builder) leaveOut(module string) {
	for name, f := range b.names {
		if strings.HasPrefix(name, module+".") {
			b.used[f] = true
		}
	}
}

// add appends a node that keeps the number of channels of its first input.
func (b *builder) add(name string, op nn.Operation, in ...value) value {
	out := in[0]
	if b.err != nil {
		return out
	}
	nodes := make([]int, len(in))
	for i, v := range in {
		nodes[i] = v.node
	}
	node, err := b.graph.Add(name, op, nodes...)
	if err != nil {
		b.fail("%w", err)
	}
	out.node = node
	return out
}

// contain names the modules that end with a value, the innermost first.
func (b *builder) contain(x value, names ...string) {
	for _, name := range names {
		if b.err == nil {
			b.err = b.graph.Contain(name, x.node)
		}
	}
}

// skip adds a module that does nothing in eval mode, as dropout.
func (b *builder) skip(name string, x value) value { return b.add(name, nn.Identity{}, x) }

// name sets what people call the network.
func (b *builder) name(format string, args ...any) {
	b.graph.Architecture = fmt.Sprintf(format, args...)
}
