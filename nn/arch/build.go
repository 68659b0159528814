// Package arch makes networks of state dicts: one file an architecture, which reads
// like the table of its paper. Everything is told from the names and the shapes of
// the tensors.
package arch

import (
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Build makes the network that a state dict belongs to. Weights of F32 are used in
// place. It returns an error that names the first tensor that is missing, misshapen
// or not a float, or else the first that no layer uses; num_batches_tracked, which
// eval mode does not need, may be there or not.
func Build(sd *checkpoint.StateDict) (*nn.Graph, error) {
	b := &builder{sd: sd, used: map[string]bool{}, graph: &nn.Graph{}}
	b.resNet()
	b.unexpected("a ResNet in torchvision's layout")
	if b.err != nil {
		return nil, b.err
	}
	return b.graph, nil
}

// A value is the output of a node: its index in the graph, and its channels.
type value struct{ node, channels int }

// builder takes tensors out of a state dict and adds the nodes that use them. After
// its first error it does nothing.
type builder struct {
	sd    *checkpoint.StateDict
	used  map[string]bool
	graph *nn.Graph
	err   error
}

func (b *builder) has(name string) bool {
	_, ok := b.sd.Get(name)
	return ok
}

// tensor returns the named tensor when its shape fits; a dimension of -1 fits
// any positive size.
func (b *builder) tensor(name string, shape ...int) *nn.Tensor {
	if b.err != nil {
		return nil
	}
	t, ok := b.sd.Get(name)
	if !ok {
		b.err = fmt.Errorf("nn: state dict: %s is missing, want shape %s", name, pattern(shape))
		return nil
	}
	fits := len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = t.Shape[i] == shape[i] || shape[i] == -1 && t.Shape[i] > 0
	}
	if !fits {
		b.err = fmt.Errorf("nn: state dict: %s has shape %v, want %s", name, t.Shape, pattern(shape))
		return nil
	}
	data, err := t.Float32()
	if err != nil {
		b.err = fmt.Errorf("nn: state dict: %s: %w", name, err)
		return nil
	}
	b.used[name] = true
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

// add appends a node that keeps the number of channels.
func (b *builder) add(name string, op nn.Operation, in ...value) value {
	out := in[0]
	if b.err != nil {
		return out
	}
	nodes := make([]int, len(in))
	for i, v := range in {
		nodes[i] = v.node
	}
	out.node, b.err = b.graph.Add(name, op, nodes...)
	return out
}

// contain names the module that ends with a value.
func (b *builder) contain(name string, x value) {
	if b.err == nil {
		b.err = b.graph.Contain(name, x.node)
	}
}

// conv adds a convolution to so many channels, any number for -1, with a square
// kernel that padding keeps centred. The groups follow from the weight's shape where
// grouped; else there is one. A bias is taken where there is one.
func (b *builder) conv(name string, x value, out, kernel, stride int, grouped bool) value {
	in := x.channels
	if grouped {
		in = -1
	}
	l := &nn.Conv2d{Weight: b.tensor(name+".weight", out, in, kernel, kernel), Stride: stride, Padding: nn.Square(kernel / 2)}
	if b.err != nil {
		return x
	}
	if perGroup := l.Weight.Shape[1]; grouped && x.channels%perGroup == 0 {
		l.Groups = x.channels / perGroup
	} else if grouped {
		b.err = fmt.Errorf("nn: state dict: %s.weight has shape %v, want the second to divide %d channels", name, l.Weight.Shape, x.channels)
		return x
	}
	x = b.add(name, l, x)
	x.channels = l.Weight.Shape[0]
	return x
}

func (b *builder) norm(name string, x value) value {
	return b.add(name, &nn.BatchNorm2d{
		Weight:      b.vector(name+".weight", x.channels),
		Bias:        b.vector(name+".bias", x.channels),
		RunningMean: b.vector(name+".running_mean", x.channels),
		RunningVar:  b.vector(name+".running_var", x.channels),
	}, x)
}

// linear adds a linear layer to any number of outputs.
func (b *builder) linear(name string, x value) value {
	l := &nn.Linear{Weight: b.tensor(name+".weight", -1, x.channels)}
	if b.err == nil && b.has(name+".bias") {
		l.Bias = b.vector(name+".bias", l.Weight.Shape[0])
	}
	x = b.add(name, l, x)
	if b.err == nil {
		x.channels = l.Weight.Shape[0]
	}
	return x
}

// unexpected sets the error for the first tensor that no layer used.
func (b *builder) unexpected(what string) {
	for _, name := range b.sd.Names() {
		if b.err == nil && !b.used[name] && !strings.HasSuffix(name, ".num_batches_tracked") {
			t, _ := b.sd.Get(name)
			b.err = fmt.Errorf("nn: state dict: unexpected tensor %s of shape %v: not %s", name, t.Shape, what)
		}
	}
}
