package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// Beside returns the modules whose outputs decide, together with that of a module, all
// that comes after it: those that run past it, as a block's input does past what is inside
// the block. "input" among them stands for the batch. It returns an error when there is no
// such module.
func (g *Graph) Beside(module string) ([]string, error) {
	found, err := g.find([]string{module})
	if err != nil {
		return nil, err
	}
	var beside []string
	after := make([]bool, len(g.nodes))
	behind := func(j int) bool { return j == found[0] || j != Input && after[j] }
	for i, n := range g.nodes {
		after[i] = i != found[0] && slices.ContainsFunc(n.Inputs, behind)
	}
	for i, n := range g.nodes {
		for _, j := range n.Inputs {
			if name := g.nameOf(j); after[i] && !behind(j) && !slices.Contains(beside, name) {
				beside = append(beside, name)
			}
		}
	}
	return beside, nil
}

// nameOf is the name of a node, or of the batch.
func (g *Graph) nameOf(node int) string {
	if node == Input {
		return InputName
	}
	return g.nodes[node].Name
}

// Resume is the forward pass from the middle on; see [Network].
func (g *Graph) Resume(ctx context.Context, given map[string]*Tensor) (*Result, error) {
	r, err := g.resume(given)
	if err != nil {
		return nil, err
	}
	values := make([]*Tensor, len(g.nodes))
	for i, n := range g.nodes {
		switch {
		case r.given[i] != nil:
			values[i] = r.given[i]
		case r.needed[i]:
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if values[i], err = n.Op.Forward(ctx, inputs(n, values, r.given[Input])...); err != nil {
				return nil, fmt.Errorf("%s: %w", n.Name, err)
			}
		}
	}
	return &Result{Logits: flat(values[len(values)-1]), Features: flat(values[g.features()])}, nil
}

// A resumption is what there is to do where some outputs are given.
type resumption struct {
	given  map[int]*Tensor // by node, or Input
	needed []bool          // nodes that have to be computed
	shapes [][]int         // of both
	images int
}

// resume checks what is given and finds out what has to be computed.
func (g *Graph) resume(given map[string]*Tensor) (*resumption, error) {
	if len(g.nodes) == 0 {
		return nil, fmt.Errorf("nn: a graph without nodes")
	}
	r := &resumption{given: map[int]*Tensor{}, needed: make([]bool, len(g.nodes)), shapes: make([][]int, len(g.nodes)), images: -1}
	for name, t := range given {
		node := Input
		if name != InputName {
			found, err := g.find([]string{name})
			if err != nil {
				return nil, err
			}
			node = found[0]
		}
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(t.Shape) < 2 || slices.Min(t.Shape) < 1 {
			return nil, fmt.Errorf("nn: %s: want a batch, got shape %v", name, t.Shape)
		}
		if r.images >= 0 && r.images != t.Shape[0] {
			return nil, fmt.Errorf("nn: outputs of %d and of %d images are given", r.images, t.Shape[0])
		}
		r.images, r.given[node] = t.Shape[0], t
	}
	last, features := len(g.nodes)-1, g.features()
	for i := last; i >= 0; i-- {
		if r.given[i] != nil || !r.needed[i] && i != last && i != features {
			continue
		}
		r.needed[i] = true
		for _, j := range g.nodes[i].Inputs {
			if j != Input {
				r.needed[j] = r.given[j] == nil
			} else if r.given[Input] == nil {
				return nil, fmt.Errorf("nn: logits and features do not follow from the output of %s alone", visible.List(g.names(r.given)))
			}
		}
	}
	for i, n := range g.nodes {
		if t := r.given[i]; t != nil {
			r.shapes[i] = t.Shape
		}
		if !r.needed[i] {
			continue
		}
		in := make([][]int, len(n.Inputs))
		for k, j := range n.Inputs {
			if j == Input {
				in[k] = r.given[Input].Shape
			} else {
				in[k] = r.shapes[j]
			}
		}
		var err error
		if r.shapes[i], err = n.Op.Shape(in...); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	return r, nil
}

// names lists the names of nodes.
func (g *Graph) names(of map[int]*Tensor) []string {
	var names []string
	for node := range of {
		names = append(names, g.nameOf(node))
	}
	slices.Sort(names)
	return names
}
