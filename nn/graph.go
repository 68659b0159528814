// Package nn runs convolutional networks for image classification on float32
// NCHW tensors, as PyTorch names and defines them.
//
// A network is a [Graph]: a list of operations in order of execution. Package
// nn/arch makes one of a state dict. What runs it reads this one list:
// [Graph.Run], the reference, node by node, as the formulas stand in the files
// of the operations; [Graph.Gradients] backwards; [NewTraining] in train mode; and
// the [Plan] that [Compile] makes of it, for speed. Every intermediate output can be
// tapped by its PyTorch module name ("conv1", "layer4.1.bn2", "avgpool").
package nn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// Input stands among the inputs of a node for the batch of images.
const Input = -1

// A Node is one operation of a graph.
type Node struct {
	// Name is PyTorch's name of the module. What a network computes by a
	// function has the name that torchvision.models.feature_extraction gives
	// it ("layer1.0.add", "flatten"); one operation in place of several functions
	// has the name of the last. A module that runs several times is the last time
	// under its name, as a forward hook would leave it, and "layer1.0.relu#1",
	// "#2" the times before.
	Name   string
	Op     Operation
	Inputs []int // earlier nodes, or [Input]
}

// A Graph is a network: nodes in order of execution, the last of which gives
// the logits. The zero value is empty. It is safe for concurrent use once
// nobody adds to it or changes its operations.
type Graph struct {
	// Architecture names the network for people: "ResNet18, base width 64".
	Architecture string
	// Assumed lists what the weights do not tell and was taken for granted or
	// given: "maxpool=yes (default)".
	Assumed []string
	// LeftOut names the tensors of the file that the network has no part of.
	LeftOut []string
	// Headless tells that the weights have no last layer: what comes out are features,
	// and no logits of classes.
	Headless bool

	nodes      []Node
	containers [][]string     // by node: the modules that end with it
	index      map[string]int // nodes and containers
}

// Add appends a node and returns its index. It returns an error when the name
// is taken or an input does not exist.
func (g *Graph) Add(name string, op Operation, inputs ...int) (int, error) {
	if err := g.name(name, len(g.nodes)); err != nil {
		return 0, err
	}
	for _, i := range inputs {
		if i < Input || i >= len(g.nodes) {
			return 0, fmt.Errorf("nn: node %s takes the output of node %d of %d", name, i, len(g.nodes))
		}
	}
	g.nodes = append(g.nodes, Node{name, op, slices.Clone(inputs)})
	g.containers = append(g.containers, nil)
	return len(g.nodes) - 1, nil
}

// Contain gives the output of a node a further name: that of a module which
// ends with it ("layer4.1", "layer4"). It returns an error when the name is
// taken or there is no such node.
func (g *Graph) Contain(name string, node int) error {
	if node < 0 || node >= len(g.nodes) {
		return fmt.Errorf("nn: module %s ends with node %d of %d", name, node, len(g.nodes))
	}
	if err := g.name(name, node); err != nil {
		return err
	}
	g.containers[node] = append(g.containers[node], name)
	return nil
}

func (g *Graph) name(name string, node int) error {
	if _, taken := g.index[name]; taken || name == "" {
		return fmt.Errorf("nn: a second module %q", name)
	}
	if g.index == nil {
		g.index = map[string]int{}
	}
	g.index[name] = node
	return nil
}

// Nodes returns the nodes. They must not be changed.
func (g *Graph) Nodes() []Node { return g.nodes }

// Modules lists what can be tapped, in order of execution: nodes, each followed
// by the modules that end with it.
func (g *Graph) Modules() []string {
	var names []string
	for i, n := range g.nodes {
		names = append(append(names, n.Name), g.containers[i]...)
	}
	return names
}

// Same tells whether two modules have one output; see [Network].
func (g *Graph) Same(a, b string) bool {
	i, ok := g.index[a]
	j, also := g.index[b]
	return ok && also && i == j
}

// Stages lists the modules that end the stages of the network; see [Network].
func (g *Graph) Stages() []string {
	shapes, err := g.shapes([]int{1, max(g.InChannels(), 1), 224, 224}) // large enough for the last stage
	if err != nil {
		return nil
	}
	last := g.lastUses()
	var stages []string
	area, open := 0, Input // of the maps, and the last use of all values so far
	for i := range g.nodes {
		alone := open <= i // nothing earlier is used after this node
		open = max(open, last[i])
		if s := shapes[i]; alone && len(s) == 4 && s[2]*s[3] > 1 {
			name := append([]string{g.nodes[i].Name}, g.containers[i]...)[len(g.containers[i])]
			depth := strings.Count(name, ".")
			switch {
			case s[2]*s[3] != area:
				area, stages = s[2]*s[3], append(stages, name)
			case depth <= strings.Count(stages[len(stages)-1], "."):
				stages[len(stages)-1] = name
			}
		}
	}
	return stages
}

// probe returns the shapes of all outputs for the smallest image of 32, 64, ... pixels that
// fits, or nil.
func (g *Graph) probe() [][]int {
	shapes, _ := g.probeAt()
	return shapes
}

// probeAt returns them with the side of that image.
func (g *Graph) probeAt() (shapes [][]int, side int) {
	for side := 32; side <= 1024; side *= 2 {
		if shapes, err := g.shapes([]int{1, max(g.InChannels(), 1), side, side}); err == nil {
			return shapes, side
		}
	}
	return nil, 0
}

// find returns the nodes of some names, or an error that lists what there is.
func (g *Graph) find(names []string) ([]int, error) {
	nodes := make([]int, len(names))
	for i, name := range names {
		node, ok := g.index[name]
		if !ok {
			return nil, fmt.Errorf("nn: no module %q; there are %s", name, visible.Modules(g.Modules()))
		}
		nodes[i] = node
	}
	return nodes, nil
}

// InChannels is the number of channels of an input image, or 0 where any
// number fits.
func (g *Graph) InChannels() int {
	for _, n := range g.nodes {
		if !slices.Contains(n.Inputs, Input) {
			continue
		}
		switch op := n.Op.(type) {
		case *Conv2d:
			return op.Weight.Shape[1] * op.groups()
		case *Affine:
			return len(op.Scale)
		}
	}
	return 0
}

// Head is the last layer, classes x features, or nil where the network does not
// end in a linear layer. It must not be changed.
func (g *Graph) Head() *Linear {
	if len(g.nodes) == 0 {
		return nil
	}
	head, _ := g.nodes[len(g.nodes)-1].Op.(*Linear)
	return head
}

// Pooled is the name of the module whose output global average pooling takes (the
// outermost, "layer4"), when nothing but one linear layer follows the pooling; else
// it is empty. The mean of each channel of that output, weighted by the head, is a
// logit but for the bias.
func (g *Graph) Pooled() string {
	if g.Head() == nil {
		return ""
	}
	at := g.nodes[len(g.nodes)-1].Inputs[0]
	for at != Input {
		n := g.nodes[at]
		switch op := n.Op.(type) {
		case Flatten, Identity:
		case *AdaptiveAvgPool2d:
			if op.Size > 1 || n.Inputs[0] == Input {
				return ""
			}
			names := append([]string{g.nodes[n.Inputs[0]].Name}, g.containers[n.Inputs[0]]...)
			return names[len(names)-1]
		default:
			return ""
		}
		at = n.Inputs[0]
	}
	return ""
}

// Widths returns how many features each image has (what goes into the head, or the
// output where there is none), and how many logits; 0 where no image fits.
func (g *Graph) Widths() (features, logits int) {
	if shapes := g.probe(); shapes != nil {
		return elementsOf(shapes[g.features()]), elementsOf(shapes[len(shapes)-1])
	}
	return 0, 0
}

// Channels returns the number of channels of a module's output, or 0 where there is no
// such module or its output is no map N x C x H x W: what global pooling leaves is none, and
// neither is an output whose channels come last, as in the blocks of a ConvNeXt.
func (g *Graph) Channels(module string) int {
	node, ok := g.index[module]
	if !ok {
		return 0
	}
	shapes, side := g.probeAt()
	if shapes == nil || len(shapes[node]) != 4 {
		return 0
	}
	shape, larger := shapes[node], shapes[node]
	if shapes, err := g.shapes([]int{1, max(g.InChannels(), 1), 2 * side, 2 * side}); err == nil {
		larger = shapes[node]
	}
	if shape[1] != larger[1] || larger[2]*larger[3] == 1 { // channels do not grow with the image, and maps have pixels
		return 0
	}
	return shape[1]
}

func elementsOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// features returns the node whose output the head takes, or the last node where
// there is no head.
func (g *Graph) features() int {
	last := len(g.nodes) - 1
	if g.Head() != nil {
		return g.nodes[last].Inputs[0]
	}
	return last
}

// check validates a batch of images and returns the shape of every node's
// output for it.
func (g *Graph) check(x *Tensor) ([][]int, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if len(x.Shape) != 4 || slices.Min(x.Shape) < 1 {
		return nil, fmt.Errorf("nn: input: want a batch of shape [N C H W], got %v", x.Shape)
	}
	return g.shapes(x.Shape)
}

// shapes returns the shape of every node's output for a batch of the given
// shape.
func (g *Graph) shapes(input []int) ([][]int, error) {
	if len(g.nodes) == 0 {
		return nil, fmt.Errorf("nn: a graph without nodes")
	}
	shapes := make([][]int, len(g.nodes))
	for i, n := range g.nodes {
		in := make([][]int, len(n.Inputs))
		for k, j := range n.Inputs {
			in[k] = input
			if j != Input {
				in[k] = shapes[j]
			}
		}
		var err error
		if shapes[i], err = n.Op.Shape(in...); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		if _, err := count(shapes[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	return shapes, nil
}

// lastUses returns, for every node, the last node that takes its output, or the
// node itself.
func (g *Graph) lastUses() []int {
	last := make([]int, len(g.nodes))
	for i, n := range g.nodes {
		last[i] = i
		for _, j := range n.Inputs {
			if j != Input {
				last[j] = i
			}
		}
	}
	return last
}

// Network is what runs a graph. Implementations are safe for concurrent use.
type Network interface {
	// Run maps a batch N x InChannels x H x W to its logits and features, and
	// returns the outputs of the modules named in taps as well, as a forward
	// hook in PyTorch would see them: of a module that runs several times (the
	// relu of a block) the last. It returns an error when the batch is
	// misshapen, a tap has no such module, or ctx is done.
	Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error)
	// Gradients is Run that also returns the gradients of a scalar of each image
	// by the outputs of the modules named in at, and by the batch itself where
	// at holds "input"; see [Target]. The outputs of those modules are tapped.
	Gradients(ctx context.Context, x *Tensor, opt GradientOptions, at ...string) (*Result, error)
	// Resume is Run from the middle on: outputs of modules are given by name, and the
	// batch itself as "input", all of the same number of images, and what follows from
	// them is computed. Result has logits and features. It returns an error when
	// something else is needed ([Network.Beside] tells what), the outputs do not fit, or
	// ctx is done.
	Resume(ctx context.Context, given map[string]*Tensor) (*Result, error)
	// Beside returns the modules whose outputs Resume needs beside that of one module.
	Beside(module string) ([]string, error)
	// HessianVector returns the gradient of a target by the output of a module, of those
	// that are given, and the product of its second derivatives with v.
	HessianVector(ctx context.Context, given map[string]*Tensor, module string, v *Tensor, target Target) (gradient, product *Tensor, err error)
	// Modules lists what can be tapped, in order of execution.
	Modules() []string
	// Same tells whether two modules have one output: a module, and the last in it.
	Same(a, b string) bool
	// Stages lists the modules that end the stages of the network: for each size of its
	// maps, coarser and coarser, the outermost module before the next that all that
	// follows depends on alone ("layer1" to "layer4" of a ResNet).
	Stages() []string
	// Redrawn returns the network with other weights after a module, as before training.
	Redrawn(after string, seed uint64) (*Graph, error)
	// Nodes returns the operations, in order of execution. They must not be changed.
	Nodes() []Node
	// InChannels is the number of channels of an input image.
	InChannels() int
	// Head is the last layer, classes x features, or nil where the network does
	// not end in a linear layer. It must not be changed.
	Head() *Linear
	// Pooled is the name of the outermost module whose output global average pooling
	// takes, where only the head follows; else it is empty.
	Pooled() string
	// Widths returns how many features and logits each image has.
	Widths() (features, logits int)
	// Channels returns the number of channels of a module's output, or 0 where it is no map.
	Channels(module string) int
}

// Result is what a network makes of a batch of N images.
type Result struct {
	// Logits is N x classes: the output of the last node.
	Logits *Tensor
	// Features is N x features: what goes into the head (fc = Identity), or the
	// output itself where there is no head.
	Features *Tensor
	// Taps holds outputs by module name.
	Taps map[string]*Tensor
	// Gradients holds gradients by module name, each shaped as the output.
	Gradients map[string]*Tensor
}

// flat views a batch as N x the elements of a sample.
func flat(t *Tensor) *Tensor {
	n := t.Shape[0]
	return &Tensor{Shape: []int{n, len(t.Data) / n}, Data: t.Data}
}
