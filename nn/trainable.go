package nn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// A trainable is a graph with what training has to know about its nodes.
type trainable struct {
	*Graph                 // batch norms are copies, in train mode unless frozen, that share all numbers
	parameters []Parameter // with a gradient unless frozen
	of         [][]int     // by node: which parameters its operation has, in the order of Learner.Parameters
	learns     []bool      // by node: one of them is not frozen
	passes     []bool      // by node: it learns, or one before it, so that the gradient by its output is needed
	norms      []int       // the nodes of batch norms in train mode
}

// newTrainable finds the parameters of a graph; those of frozen modules, or frozen
// themselves, have no gradient. It returns an error where a frozen name has nothing that
// could be frozen, and for an operation of which it is not known how its weights learn.
func newTrainable(g *Graph, frozen []string) (*trainable, error) {
	n := len(g.nodes)
	if n == 0 {
		return nil, fmt.Errorf("nn: a graph without nodes")
	}
	t := &trainable{
		Graph: &Graph{
			Architecture: g.Architecture, Assumed: g.Assumed, LeftOut: g.LeftOut, Headless: g.Headless,
			nodes: slices.Clone(g.nodes), containers: g.containers, index: g.index,
		},
		of: make([][]int, n), learns: make([]bool, n), passes: make([]bool, n),
	}
	ice := freezer{frozen, make([]bool, len(frozen))}
	seen := map[*float32]int{} // a parameter that two nodes share is there once
	for i, node := range t.nodes {
		_, learner := node.Op.(Learner)
		if !learner && !weightless(node.Op) {
			return nil, fmt.Errorf("nn: %s: how the weights of %s learn is not known: it is no Learner", node.Name, kind(node.Op))
		}
		for _, p := range node.parameters() {
			if err := p.Value.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			if len(p.Value.Data) == 0 {
				return nil, fmt.Errorf("nn: %s has shape %v, want weights", p.Name, p.Value.Shape)
			}
			first := &p.Value.Data[0]
			at, shared := seen[first]
			if !shared {
				if !ice.holds(p.Name) {
					p.Gradient = make([]float32, len(p.Value.Data))
				}
				at = len(t.parameters)
				seen[first] = at
				t.parameters = append(t.parameters, p)
			}
			t.of[i] = append(t.of[i], at)
			t.learns[i] = t.learns[i] || t.parameters[at].Gradient != nil
		}
		if norm, ok := node.Op.(*BatchNorm2d); ok {
			again := *norm
			again.Train = !ice.holds(node.Name)
			t.nodes[i].Op = &again
			if again.Train {
				t.norms = append(t.norms, i)
			}
		}
		t.passes[i] = t.learns[i] || t.before(node)
	}
	return t, ice.unused(t.parameters)
}

// Parameters returns the weights; see [Training].
func (t *trainable) Parameters() []Parameter { return slices.Clone(t.parameters) }

// begin checks what a step is given, and clears the gradients. It returns the shape of
// every node's output.
func (t *trainable) begin(x *Tensor, loss Loss) ([][]int, error) {
	if loss == nil {
		return nil, errors.New("nn: training without a loss")
	}
	shapes, err := t.check(x)
	if err != nil {
		return nil, err
	}
	for _, p := range t.parameters {
		clear(p.Gradient)
	}
	return shapes, nil
}

// lossOf returns the loss of the last node's output, the logits that this is, and the
// loss's gradient by it.
func lossOf(loss Loss, output *Tensor) (value float64, logits, d *Tensor, err error) {
	logits = flat(output)
	d = empty(logits.Shape...)
	if value, err = loss(logits, d); err == nil {
		err = d.check() // somebody else's work
	}
	return value, logits, d, err
}

// before tells whether the gradient by an input of a node is needed.
func (t *trainable) before(n Node) bool {
	return slices.ContainsFunc(n.Inputs, func(j int) bool { return j != Input && t.passes[j] })
}

// A freezer knows what is frozen: names of modules and of parameters.
type freezer struct {
	names []string
	used  []bool
}

// holds tells whether a module or a parameter is frozen, by itself or in a module.
func (f freezer) holds(name string) bool {
	held := false
	for i, frozen := range f.names {
		if name == frozen || strings.HasPrefix(name, frozen+".") {
			f.used[i], held = true, true
		}
	}
	return held
}

// unused returns an error for a name that holds nothing.
func (f freezer) unused(parameters []Parameter) error {
	i := slices.Index(f.used, false)
	if i < 0 {
		return nil
	}
	var modules []string
	for _, p := range parameters {
		name := p.Name[:max(strings.LastIndexByte(p.Name, '.'), 0)]
		if !slices.Contains(modules, name) {
			modules = append(modules, name)
		}
	}
	return fmt.Errorf("nn: no weights to freeze in %q; there are %s", f.names[i], visible.Modules(modules))
}
