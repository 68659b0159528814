package nn

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// A slope takes the gradient by a step's output back to its inputs.
type slope struct {
	input, output bool // what it must still have of the forward pass
	// back may change dy. Where into[i] goes nowhere, the gradient by input i is not
	// wanted.
	back func(ctx context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error
}

// A sink is where the gradient by a value adds up.
type sink struct {
	node   int
	wanted bool
	m      *conv.Maps // nil before anything has come
}

// take adds what f writes.
func (s *sink) take(g *group, f func(dx *conv.Maps)) {
	switch {
	case !s.wanted:
	case s.m == nil:
		s.m = g.mapsOf(s.node)
		f(s.m)
	default:
		more := g.mapsOf(s.node)
		f(more)
		s.m.Add(more)
		g.mem.Free(more)
	}
}

// add adds a gradient.
func (s *sink) add(g *group, dy *conv.Maps) {
	s.take(g, func(dx *conv.Maps) { dx.Copy(dy) })
}

// give adds a gradient that nobody needs any more.
func (s *sink) give(g *group, dy *conv.Maps) {
	if s.wanted && s.m == nil {
		s.m, g.handed = dy, true
		return
	}
	s.add(g, dy)
}

// sum has f write the gradient, or add it to what has come.
func (s *sink) sum(g *group, f func(dx *conv.Maps, add bool)) {
	if !s.wanted {
		return
	}
	had := s.m != nil
	if !had {
		s.m = g.mapsOf(s.node)
	}
	f(s.m, had)
}

// channels is the number of channels of the value.
func (s *sink) channels(g *group) int {
	if s.node == Input {
		return g.x.Shape[1]
	}
	return g.shapes[s.node][1]
}

// gradient writes the gradient by a run of inputs x.
func (l *Activation) gradient(dx, dy, x []float32) {
	if f, ok := fast[l]; ok {
		f.Gradient(dx, dy, x)
		return
	}
	for i, v := range x {
		dx[i] = dy[i] * l.slope(v)
	}
}

// A gradient is that of a convolution by its input, or of a linear layer on several
// pixels, from rows to rows.
type gradient struct {
	conv *conv.Gradient
	flat *conv.Conv
}

// gradient makes it, with what is folded in.
func (c *compiler) gradient(node int, packed *conv.Conv) gradient {
	side := packed.Kernel[0]
	if _, ok := c.nodes[node].Op.(*Linear); !ok || side == 1 {
		return gradient{conv: packed.Gradient()}
	}
	return gradient{flat: packed.Rows()}
}

// convolutionSlope is the slope of a convolution, of a shortcut that may be added, and of
// a ReLU (ReLU6).
func (c *compiler) convolutionSlope(l int, packed *conv.Conv, act *Activation) slope {
	back, done := c.slopes[packed]
	if !done {
		back = c.gradient(l, packed)
		c.slopes[packed] = back
	}
	limit := float32(0)
	if act == ReLU6 {
		limit = 6
	}
	return slope{output: act != nil, back: func(_ context.Context, g *group, dy, y *conv.Maps, _ []*conv.Maps, into []*sink) (err error) {
		if act != nil {
			dy.Pass(y, limit, g.guided && act == ReLU)
		}
		if to := into[0]; to.wanted {
			if back.flat != nil {
				to.take(g, func(dx *conv.Maps) { err = back.flat.Apply(dx.Flat(), dy, nil, conv.After{}, &g.mem) })
			} else {
				had := to.m
				to.m = g.mapsOf(to.node)
				err = back.conv.Apply(to.m, dy, had, &g.mem)
				if had != nil {
					g.mem.Free(had)
				}
			}
		}
		if len(into) > 1 && err == nil {
			into[1].give(g, dy)
		}
		return err
	}}
}

// referenceSlope runs an operation's Backward.
func referenceSlope(node int, n Node) slope {
	return slope{input: true, output: true, back: func(ctx context.Context, g *group, dy, y *conv.Maps, x []*conv.Maps, into []*sink) error {
		in := make([]*Tensor, len(x))
		for i, m := range x {
			in[i] = g.tensor(n.Inputs[i], m)
		}
		dx, err := n.Op.Backward(ctx, g.tensor(node, dy), g.tensor(node, y), in...)
		if err != nil {
			return err
		}
		for i, to := range into {
			to.take(g, func(m *conv.Maps) { g.fill(m, n.Inputs[i], dx[i].Data) })
		}
		return nil
	}}
}
