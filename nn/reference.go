package nn

import (
	"context"
	"fmt"
)

// Run is the forward pass, node by node; see [Network]. It stops between nodes,
// and between the images of a convolution, once ctx is done.
func (g *Graph) Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error) {
	kept, err := g.find(taps)
	if err != nil {
		return nil, err
	}
	if _, err := g.check(x); err != nil {
		return nil, err
	}
	r := &Result{Taps: make(map[string]*Tensor, len(taps))}
	values, err := g.forward(ctx, x, append(kept, g.features()))
	if err != nil {
		return nil, err
	}
	r.Logits, r.Features = flat(values[len(values)-1]), flat(values[g.features()])
	for i, name := range taps {
		r.Taps[name] = values[kept[i]]
	}
	return r, nil
}

// forward returns the outputs of the kept nodes and of the last; the others are
// let go when nothing needs them any more. A nil kept keeps all.
func (g *Graph) forward(ctx context.Context, x *Tensor, kept []int) ([]*Tensor, error) {
	keep := make([]bool, len(g.nodes))
	for i := range keep {
		keep[i] = kept == nil || i == len(g.nodes)-1
	}
	for _, i := range kept {
		keep[i] = true
	}
	last := g.lastUses()
	values := make([]*Tensor, len(g.nodes))
	for i, n := range g.nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if values[i], err = n.Op.Forward(ctx, inputs(n, values, x)...); err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		for _, j := range n.Inputs {
			if j != Input && last[j] == i && !keep[j] {
				values[j] = nil
			}
		}
	}
	return values, nil
}

// inputs returns what a node takes, among the outputs of the nodes before it
// and the batch.
func inputs(n Node, values []*Tensor, x *Tensor) []*Tensor {
	in := make([]*Tensor, len(n.Inputs))
	for k, j := range n.Inputs {
		in[k] = x
		if j != Input {
			in[k] = values[j]
		}
	}
	return in
}
