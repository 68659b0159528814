package nn

import (
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// turned tells whether an operation takes outputs with the channels last as if they
// were not, so that the plan's loops, which go by where the channels are, cannot serve.
func (c *compiler) turned(node int) bool {
	for _, j := range c.nodes[node].Inputs {
		if j != Input && c.last[j] && !c.last[node] {
			return true
		}
	}
	return false
}

// alone is the step of a node by itself.
func (c *compiler) alone(node int) (step, error) {
	s := step{in: c.inputs(node)}
	switch op := c.nodes[node].Op.(type) {
	case *Activation:
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Each(x[0], op.apply)
			return nil
		}
		s.slope = slope{input: true, back: func(_ context.Context, g *group, dy, _ *conv.Maps, x []*conv.Maps, into []*sink) error {
			into[0].take(g, func(dx *conv.Maps) { dx.EachGradient(dy, x[0], op.gradient) })
			return nil
		}}
		if op == ReLU { // which another rule may replace
			s.slope = slope{output: true, back: func(_ context.Context, g *group, dy, y *conv.Maps, _ []*conv.Maps, into []*sink) error {
				dy.Pass(y, 0, g.guided)
				into[0].give(g, dy)
				return nil
			}}
		}
	case *MaxPool2d:
		win, err := poolWindow(op, op.Kernel, op.Stride, op.Padding)
		if err != nil {
			return s, err
		}
		s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
			conv.MaxPool(y, x[0], win.kernel, win.stride, win.padding, &g.mem)
			return nil
		}
		s.slope = slope{input: true, output: true, back: func(_ context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error {
			into[0].take(g, func(dx *conv.Maps) { conv.MaxPoolGradient(dx, dy, y, x[0], win.kernel, win.stride, win.padding) })
			return nil
		}}
	case *AvgPool2d:
		win, err := poolWindow(op, op.Kernel, op.Stride, op.Padding)
		if err != nil {
			return s, err
		}
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			conv.AvgPool(y, x[0], win.kernel, win.stride, win.padding, op.ExcludePad)
			return nil
		}
		s.slope = slope{back: func(_ context.Context, g *group, dy, _ *conv.Maps, _ []*conv.Maps, into []*sink) error {
			into[0].take(g, func(dx *conv.Maps) { conv.AvgPoolGradient(dx, dy, win.kernel, win.stride, win.padding, op.ExcludePad) })
			return nil
		}}
	case *AdaptiveAvgPool2d:
		if op.Size > 1 {
			break
		}
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Mean(x[0])
			return nil
		}
		s.slope = slope{back: func(_ context.Context, g *group, dy, _ *conv.Maps, _ []*conv.Maps, into []*sink) error {
			into[0].sum(g, func(dx *conv.Maps, add bool) { dx.MeanGradient(dy, add) })
			return nil
		}}
	case *LayerNorm:
		if c.last[node] == op.Channels || len(op.Weight) != len(op.Bias) {
			break // over something else than a pixel's channels, or misshapen
		}
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.LayerNorm(x[0], op.Weight, op.Bias, op.eps())
			return nil
		}
		s.slope = slope{input: true, back: func(_ context.Context, g *group, dy, _ *conv.Maps, x []*conv.Maps, into []*sink) error {
			into[0].take(g, func(dx *conv.Maps) { dx.LayerNormGradient(dy, x[0], op.Weight, op.eps()) })
			return nil
		}}
	case Mul:
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Multiply(x[0], x[1])
			return nil
		}
		s.slope = slope{input: true, back: func(_ context.Context, g *group, dy, _ *conv.Maps, x []*conv.Maps, into []*sink) error {
			for i := range into {
				into[i].take(g, func(dx *conv.Maps) { dx.MultiplyGradient(dy, x[1-i]) })
			}
			return nil
		}}
	case Concat:
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Concat(x)
			return nil
		}
		s.slope = slope{back: func(_ context.Context, g *group, dy, _ *conv.Maps, _ []*conv.Maps, into []*sink) error {
			at := 0
			for _, to := range into {
				from := at
				at += to.channels(g)
				to.take(g, func(dx *conv.Maps) { dx.Slice(dy, from) })
			}
			return nil
		}}
	case Slice:
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Slice(x[0], op.From)
			return nil
		}
		s.slope = slope{back: func(_ context.Context, g *group, dy, _ *conv.Maps, _ []*conv.Maps, into []*sink) error {
			into[0].sum(g, func(dx *conv.Maps, add bool) { dx.Place(dy, op.From, add) })
			return nil
		}}
	case ChannelShuffle:
		s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Shuffle(x[0], op.Groups)
			return nil
		}
		s.slope = slope{back: func(_ context.Context, g *group, dy, _ *conv.Maps, _ []*conv.Maps, into []*sink) error {
			into[0].take(g, func(dx *conv.Maps) { dx.Shuffle(dy, dx.C/op.Groups) })
			return nil
		}}
	}
	if s.apply == nil {
		return c.reference(node), nil
	}
	c.fused[node] = true
	return s, nil
}

// sum is the step of an addition.
func (c *compiler) sum(in []int, relu bool) step {
	s := step{in: in, apply: func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
		y.Sum(x[0], x[1], relu)
		return nil
	}}
	s.slope = slope{output: relu, back: func(_ context.Context, g *group, dy, y *conv.Maps, _ []*conv.Maps, into []*sink) error {
		if relu {
			dy.Pass(y, 0, g.guided)
		}
		into[0].add(g, dy)
		into[1].give(g, dy)
		return nil
	}}
	return s
}

// scaled is the step of a norm or a factor that follows no convolution. It reads the
// parts of a concatenation where they are.
func (c *compiler) scaled(node int, relu, passes bool) (step, error) {
	var channels int
	switch op := c.nodes[node].Op.(type) {
	case *BatchNorm2d:
		channels = len(op.Weight)
	case *Affine:
		channels = len(op.Scale)
	}
	scale, shift, err := c.factors(node, channels)
	if err != nil {
		return step{}, err
	}
	s := step{in: c.inputs(node)}
	if from := s.in[0]; c.inner(from) && !c.turned(from) && !passes {
		if _, ok := c.nodes[from].Op.(Concat); ok {
			c.fused[from] = true
			s.in = c.inputs(from)
		}
	}
	s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
		y.Affine(x, scale, shift, relu)
		return nil
	}
	zeros := make([]float32, channels)
	s.slope = slope{output: relu, back: func(_ context.Context, g *group, dy, y *conv.Maps, _ []*conv.Maps, into []*sink) error {
		if relu {
			dy.Pass(y, 0, g.guided)
		}
		into[0].take(g, func(dx *conv.Maps) { dx.Affine([]*conv.Maps{dy}, scale, zeros, false) })
		return nil
	}}
	return s, nil
}

// reference is the step of what has no loop of its own: it runs as the formulas stand.
func (c *compiler) reference(node int) step {
	c.fused[node] = true
	n := c.nodes[node]
	return step{in: c.inputs(node), slope: referenceSlope(node, n), apply: func(ctx context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		in := make([]*Tensor, len(x))
		for i, m := range x {
			in[i] = g.tensor(n.Inputs[i], m)
		}
		out, err := n.Op.Forward(ctx, in...)
		if err != nil {
			return err
		}
		g.fill(y, node, out.Data)
		return nil
	}}
}

// border returns the padding of the convolutions that take the batch, where all have
// the same and nothing else takes it.
func (c *compiler) border(steps []step) int {
	border := -1
	for _, s := range steps {
		if !slices.Contains(s.in, Input) {
			continue
		}
		l := c.convolution(s.node)
		if l == nil || l.Padding[0] != l.Padding[1] || l.groups() > 1 || border >= 0 && border != l.Padding[0] {
			return 0
		}
		border = l.Padding[0]
	}
	return max(border, 0)
}

// convolution returns the convolution of the batch that a step ends with, or nil.
func (c *compiler) convolution(node int) *Conv2d {
	for node != Input {
		switch op := c.nodes[node].Op.(type) {
		case *Conv2d:
			if c.inputs(node)[0] == Input {
				return op
			}
			return nil
		case *BatchNorm2d, *Affine, *Activation:
		default:
			return nil
		}
		node = c.inputs(node)[0]
	}
	return nil
}
