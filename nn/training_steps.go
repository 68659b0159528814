package nn

import (
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// learn returns the step that ends with a node which the gradient passes in training, of
// the longest pattern
//
//	norm in train mode [addition] [ReLU]
//	norm in eval mode [ReLU]
//	addition [ReLU]
//	convolution or linear layer
//
// or of the node alone.
func (c *compiler) learn(root int) (step, error) {
	if c.turned(root) {
		return c.learning(root, c.reference(root)), nil
	}
	at, relu := root, false
	if from := c.inputs(root)[0]; c.nodes[root].Op == ReLU && c.inner(from) && !c.turned(from) {
		at, relu = from, true
	}
	switch op := c.nodes[at].Op.(type) {
	case *BatchNorm2d:
		if op.Train {
			return c.normalise(at, Input, relu), nil
		}
		if !c.training.learns[at] {
			c.fused[at] = true
			return c.scaled(at, relu, true)
		}
	case Add:
		in := c.inputs(at)
		c.fused[at] = true
		for k, from := range in {
			if !c.inner(from) || c.turned(from) || in[0] == in[1] || in[1-k] == Input {
				continue
			}
			if norm, ok := c.nodes[from].Op.(*BatchNorm2d); ok && norm.Train {
				return c.normalise(from, in[1-k], relu), nil
			}
		}
		return c.sum(in, relu), nil
	}
	if s, ok := c.shape(root); ok && s.Differentiable() {
		return c.multiply(root)
	}
	s, err := c.alone(root)
	return c.learning(root, s), err
}

// multiply is the step of a convolution or linear layer whose weights may change.
func (c *compiler) multiply(node int) (step, error) {
	packed, err := c.packed(node, -1)
	if err != nil {
		return step{}, err
	}
	c.fused[node] = true
	s := step{in: c.inputs(node), slope: c.convolutionSlope(node, packed, nil)}
	s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		return packed.Apply(y, x[0], nil, conv.After{}, &g.mem)
	}
	if !c.training.learns[node] {
		return s, nil
	}
	c.changing = append(c.changing, packed)
	packed.Training()
	dw := c.training.own(node, 0)
	var db []float32
	if len(c.training.of[node]) > 1 {
		db = c.training.own(node, 1)
	}
	back, byWeight := s.slope.back, packed.WeightGradient()
	s.slope.input = true
	s.slope.back = func(ctx context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error {
		if err := byWeight.Apply(dw, db, x[0], dy, &g.mem); err != nil {
			return err
		}
		collect(c.training, node, 0, dw)
		collect(c.training, node, 1, db)
		return back(ctx, g, dy, y, x, into)
	}
	return s, nil
}

// own is where the gradient by parameter k of a node can be written: the parameter's own
// gradient, unless it is frozen or another node's too.
func (t *trainable) own(node, k int) []float32 {
	p := t.parameters[t.of[node][k]]
	nodes := 0
	for _, of := range t.of {
		if slices.Contains(of, t.of[node][k]) {
			nodes++
		}
	}
	if p.Gradient != nil && nodes == 1 {
		return p.Gradient
	}
	return make([]float32, len(p.Value.Data))
}

// collect adds the gradient by parameter k of a node to what others that share it have
// given, unless it is frozen or written where it belongs.
func collect[T float32 | float64](t *trainable, node, k int, gradient []T) {
	if k >= len(t.of[node]) {
		return
	}
	sum := t.parameters[t.of[node][k]].Gradient
	if written, ok := any(gradient).([]float32); sum == nil || ok && &written[0] == &sum[0] {
		return
	}
	for i, v := range gradient {
		sum[i] += float32(v)
	}
}

// learning adds to the step of one node the gradients by its parameters, as the formulas
// stand.
func (c *compiler) learning(node int, s step) step {
	if !c.training.learns[node] {
		return s
	}
	n := c.nodes[node]
	op, back := n.Op.(Learner), s.slope.back
	s.slope.input, s.slope.output = true, true
	s.slope.back = func(ctx context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error {
		in := make([]*Tensor, len(x))
		for i, m := range x {
			in[i] = g.tensor(n.Inputs[i], m)
		}
		gradients, err := op.BackwardParameters(ctx, g.tensor(node, dy), g.tensor(node, y), in...)
		if err != nil {
			return err
		}
		for k, dw := range gradients {
			collect(c.training, node, k, dw.Data)
		}
		if !slices.ContainsFunc(into, func(to *sink) bool { return to.wanted }) {
			return nil
		}
		return back(ctx, g, dy, y, x, into)
	}
	return s
}

// A trainNorm is a batch norm in train mode, and what the step in hand has found out about
// it.
type trainNorm struct {
	op             *BatchNorm2d
	count          int       // values of a channel
	mean, variance []float64 // of the batch
	dweight, dbias []float64
}

// track lets the running statistics follow.
func (n *trainNorm) track() { n.op.Track(n.mean, n.variance, n.count) }

// normalise is the step of a batch norm in train mode, of a shortcut that is added unless
// that is Input, and of a ReLU.
func (c *compiler) normalise(node, shortcut int, relu bool) step {
	op := c.nodes[node].Op.(*BatchNorm2d)
	each := func() []float64 { return make([]float64, len(op.Weight)) }
	n := &trainNorm{op: op, mean: each(), variance: each(), dweight: each(), dbias: each()}
	loops := &conv.BatchNorm{Weight: op.Weight, Bias: op.Bias, Mean: n.mean, Variance: n.variance, Eps: op.eps()}
	c.norms = append(c.norms, n)
	c.fused[node] = true
	s := step{in: c.inputs(node)}
	if shortcut != Input {
		s.in = append(s.in, shortcut)
	}
	s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		var add *conv.Maps
		if len(x) > 1 {
			add = x[1]
		}
		n.count = y.N * y.H * y.W
		x[0].Moments(n.mean, n.variance, &g.mem)
		loops.Apply(y, x[0], add, relu, &g.mem)
		return nil
	}
	s.slope = slope{input: true, output: relu, back: func(_ context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error {
		loops.Sums(n.dweight, n.dbias, dy, x[0], y, &g.mem)
		collect(c.training, node, 0, n.dweight)
		collect(c.training, node, 1, n.dbias)
		to := into[0]
		if to.m == nil && (len(into) == 1 || !into[1].wanted) { // in place: a third less memory to move
			if to.wanted {
				loops.Gradient(dy, dy, x[0], nil, n.dweight, n.dbias, &g.mem)
				to.give(g, dy)
			}
			return nil
		}
		if to.wanted {
			had := to.m
			if had == nil {
				to.m = g.mapsOf(to.node)
			}
			loops.Gradient(to.m, dy, x[0], had, n.dweight, n.dbias, &g.mem)
		}
		if len(into) > 1 {
			into[1].give(g, dy)
		}
		return nil
	}}
	return s
}
