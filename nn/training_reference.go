package nn

import (
	"context"
	"fmt"
	"slices"
)

// NewTraining puts a network in train mode, which runs node by node, forward and backward,
// as the formulas stand in the files of the operations. Frozen are names of modules and of
// parameters ("layer1", "bn1", "fc.bias"): what they hold gets no gradient, and batch norms
// in a frozen module stay in eval mode. Gradients are taken no deeper than to the first
// parameter that is not frozen.
//
// Weights and running statistics are the network's own, the network stays in eval mode
// itself. What a graph has no operation for is not there in training either: dropout and
// stochastic depth are not applied, and there are no auxiliary heads. It returns an error
// for an operation that may have weights and is no [Learner], for weights that do not fill
// their shape, and where a frozen name has no weights.
func NewTraining(g *Graph, frozen ...string) (Training, error) {
	t, err := newTrainable(g, frozen)
	if err != nil {
		return nil, err
	}
	return &training{t}, nil
}

type training struct{ *trainable }

// Learn is a step; see [Training].
func (t *training) Learn(ctx context.Context, x *Tensor, loss Loss) (float64, *Tensor, error) {
	if _, err := t.begin(x, loss); err != nil {
		return 0, nil, err
	}
	values, err := t.forward(ctx, x, nil)
	if err != nil {
		return 0, nil, err
	}
	last := len(values) - 1
	value, logits, d, err := lossOf(loss, values[last])
	if err != nil {
		return 0, nil, err
	}
	d.Shape = values[last].Shape
	if err := t.backward(ctx, x, values, d); err != nil {
		return 0, nil, err
	}
	if err := t.track(ctx, x, values); err != nil {
		return 0, nil, err
	}
	return value, logits, nil
}

// backward takes the gradient d by the last node's output back to the parameters that are
// not frozen. Nodes that share a parameter, or take the same output, each add theirs.
func (t *training) backward(ctx context.Context, x *Tensor, values []*Tensor, d *Tensor) error {
	grads := make([]*Tensor, len(values))
	grads[len(values)-1] = d
	for i, n := range slices.Backward(t.nodes) {
		dy := grads[i]
		if dy == nil || !t.passes[i] {
			continue
		}
		grads[i] = nil
		if err := ctx.Err(); err != nil {
			return err
		}
		in := inputs(n, values, x)
		if t.learns[i] {
			dw, err := n.Op.(Learner).BackwardParameters(ctx, dy, values[i], in...)
			if err != nil {
				return fmt.Errorf("%s: gradients of the weights: %w", n.Name, err)
			}
			for k, at := range t.of[i] {
				if gradient := t.parameters[at].Gradient; gradient != nil {
					for p, v := range dw[k].Data {
						gradient[p] += v
					}
				}
			}
		}
		if !t.before(n) {
			continue
		}
		dx, err := n.Op.Backward(ctx, dy, values[i], in...)
		if err != nil {
			return fmt.Errorf("%s: backward: %w", n.Name, err)
		}
		for k, j := range n.Inputs {
			if j != Input && t.passes[j] {
				grads[j] = plus(grads[j], dx[k])
			}
		}
	}
	return nil
}

// track lets the running statistics follow, of all norms or of none.
func (t *training) track(ctx context.Context, x *Tensor, values []*Tensor) error {
	means, variances := make([][]float64, len(t.norms)), make([][]float64, len(t.norms))
	for k, i := range t.norms {
		var err error
		if means[k], variances[k], err = moments(ctx, inputs(t.nodes[i], values, x)[0]); err != nil {
			return err
		}
	}
	for k, i := range t.norms {
		in := inputs(t.nodes[i], values, x)[0]
		t.nodes[i].Op.(*BatchNorm2d).Track(means[k], variances[k], int(perChannel(in)))
	}
	return nil
}
