package nn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
	"github.com/glimpse-go/glimpse/internal/elementwise"
)

// inner tells whether a node may be fused into what takes its value: there is one,
// and the value need not come out.
func (c *compiler) inner(node int) bool { return node != Input && c.uses[node] == 1 }

// match returns the step that ends with a node, of the longest pattern
//
//	convolution or linear layer [norm or factor] [addition] [activation]
//	[concatenation] norm or factor [activation]
//	addition [ReLU]
//
// or of the node alone.
func (c *compiler) match(root int) (step, error) {
	if c.turned(root) {
		return c.reference(root), nil
	}
	at, act := root, (*Activation)(nil)
	if op, ok := c.nodes[root].Op.(*Activation); ok && c.inner(c.inputs(root)[0]) && (!c.way[root] || op == ReLU || op == ReLU6) {
		at, act = c.inputs(root)[0], op
	}
	if !c.turned(at) {
		if s, ok, err := c.fuse(at, act, root); ok || err != nil {
			return s, err
		}
	}
	return c.alone(root)
}

// fuse is the step of a pattern that ends with a node and an activation, which may be
// nil.
func (c *compiler) fuse(at int, act *Activation, root int) (s step, ok bool, err error) {
	switch c.nodes[at].Op.(type) {
	case Add:
		in := c.inputs(at)
		for k := range in {
			if !c.inner(in[k]) || in[0] == in[1] || in[1-k] == Input {
				continue
			}
			if l, factor, nodes := c.chain(in[k]); l >= 0 {
				s, err = c.convolve(append(nodes, at, root), l, factor, in[1-k], act)
				return s, true, err
			}
		}
		if act == nil || act == ReLU {
			c.fused[at] = true
			return c.sum(in, act == ReLU), true, nil
		}
		return step{}, false, nil
	case *BatchNorm2d, *Affine:
		if l, factor, nodes := c.chain(at); l >= 0 {
			s, err = c.convolve(append(nodes, root), l, factor, Input, act)
			return s, true, err
		}
		if act != nil && act != ReLU {
			return step{}, false, nil
		}
		c.fused[at] = true
		s, err = c.scaled(at, act == ReLU, c.way[root])
		return s, true, err
	}
	if l, factor, nodes := c.chain(at); l >= 0 {
		s, err = c.convolve(append(nodes, root), l, factor, Input, act)
		return s, true, err
	}
	return step{}, false, nil
}

// chain returns the convolution (or linear layer) and the norm (or factor), or -1, that
// end with a node, and the nodes in question; without them the convolution is -1.
func (c *compiler) chain(at int) (l, factor int, nodes []int) {
	factor, nodes = -1, []int{at}
	switch c.nodes[at].Op.(type) {
	case *BatchNorm2d, *Affine:
		factor, at = at, c.inputs(at)[0]
		if !c.inner(at) {
			return -1, -1, nil
		}
		nodes = append(nodes, at)
	}
	if s, ok := c.shape(at); ok && !c.turned(at) && (!c.way[at] || s.Differentiable()) {
		return at, factor, nodes
	}
	return -1, -1, nil
}

// shape returns the convolution that a node is, or that a linear layer is on the map
// that it takes, flattened, to one pixel. It is not ok where a linear layer takes rows
// of something else.
func (c *compiler) shape(node int) (s conv.Shape, ok bool) {
	switch l := c.nodes[node].Op.(type) {
	case *Conv2d:
		if l.check() != nil {
			return s, false
		}
		w := l.Weight.Shape
		return conv.Shape{
			In: w[1] * l.groups(), Out: w[0], Kernel: [2]int{w[2], w[3]},
			Stride: max(l.Stride, 1), Dilation: max(l.Dilation, 1), Padding: l.Padding, Groups: l.groups(),
		}, true
	case *Linear:
		side := 1
		if from := c.inputs(node)[0]; !c.last[node] { // else each pixel by itself
			if from == Input {
				return s, false
			}
			switch op := c.nodes[from].Op.(type) {
			case *AdaptiveAvgPool2d:
				side = max(op.Size, 1)
			case *Linear:
			case *Activation:
				if _, ok := c.nodes[c.inputs(from)[0]].Op.(*Linear); !ok {
					return s, false
				}
			case *LayerNorm:
				if _, ok := c.nodes[c.inputs(from)[0]].Op.(*AdaptiveAvgPool2d); !ok {
					return s, false
				}
			default:
				return s, false
			}
		}
		if l.Weight == nil || len(l.Weight.Shape) != 2 || l.Weight.Shape[1]%(side*side) != 0 {
			return s, false // the shapes say what is wrong
		}
		return conv.Shape{
			In: l.Weight.Shape[1] / (side * side), Out: l.Weight.Shape[0], Kernel: [2]int{side, side},
			Stride: 1, Dilation: 1, Groups: 1,
		}, true
	}
	return s, false
}

// packed returns a convolution with the norm or factor of a node, unless that is -1,
// folded in: each output channel's weights are scaled, and bias * scale + shift is
// added.
func (c *compiler) packed(node, factor int) (*conv.Conv, error) {
	key := [2]int{node, factor}
	if done := c.convs[key]; done != nil {
		return done, nil
	}
	shape, _ := c.shape(node)
	scale, shift := slices.Repeat([]float32{1}, shape.Out), make([]float32, shape.Out)
	if factor >= 0 {
		var err error
		if scale, shift, err = c.factors(factor, shape.Out); err != nil {
			return nil, err
		}
		shift = slices.Clone(shift)
	}
	var weight *Tensor
	var bias []float32
	switch l := c.nodes[node].Op.(type) {
	case *Conv2d:
		weight, bias = l.Weight, l.Bias
	case *Linear:
		weight, bias = l.Weight, l.Bias
	}
	if bias != nil {
		if len(bias) != shape.Out {
			return nil, fmt.Errorf("nn: %d biases for %d outputs", len(bias), shape.Out)
		}
		if factor < 0 {
			shift = bias // itself: training changes it
		} else {
			for o := range shift {
				shift[o] = float32(math.FMA(float64(bias[o]), float64(scale[o]), float64(shift[o])))
			}
		}
	}
	packed, err := conv.New(shape, weight.Data, scale, shift)
	c.convs[key] = packed
	return packed, err
}

// factors returns a batch norm, or an affine operation, as y = scale x + shift.
func (c *compiler) factors(node, channels int) (scale, shift []float32, err error) {
	op := c.nodes[node].Op
	if norm, ok := op.(*BatchNorm2d); ok && norm.Train {
		return nil, nil, fmt.Errorf("nn: BatchNorm2d: train mode has no fixed factors")
	}
	if _, err := op.Shape([]int{1, channels, 1, 1}); err != nil {
		return nil, nil, err
	}
	switch op := op.(type) {
	case *BatchNorm2d:
		scale, shift = op.Affine()
	case *Affine:
		scale, shift = op.Scale, op.Shift
		if shift == nil {
			shift = make([]float32, channels)
		}
	}
	return scale, shift, nil
}

// convolve is the step of a convolution with what is fused; shortcut is the node that
// is added, or Input for none.
func (c *compiler) convolve(nodes []int, l, factor, shortcut int, act *Activation) (step, error) {
	packed, err := c.packed(l, factor)
	if err != nil {
		return step{}, err
	}
	for _, i := range nodes {
		c.fused[i] = true
	}
	passes := c.way[nodes[len(nodes)-1]]
	if !passes {
		if s, ok, err := c.band(l, packed, act); ok || err != nil {
			if shortcut != Input {
				s.in = append(s.in, shortcut)
			}
			return s, err
		}
	}
	s := step{in: c.inputs(l)}
	if shortcut != Input {
		s.in = append(s.in, shortcut)
	}
	after := act.after()
	s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		var add *conv.Maps
		if len(x) > 1 {
			add = x[1]
		}
		return packed.Apply(y, x[0], add, after, &g.mem)
	}
	if passes {
		s.slope = c.convolutionSlope(l, packed, act)
	}
	return s, nil
}

// band is the step of a depthwise convolution with the 1x1 ones in front of it and behind
// it, the last of which is l, where nothing else takes what is between.
func (c *compiler) band(l int, last *conv.Conv, act *Activation) (s step, ok bool, err error) {
	b := &conv.Band{Middle: last, AfterMiddle: act.after()}
	first := l
	if !last.Depthwise() {
		b.Project, b.AfterProject = last, b.AfterMiddle
		if first, b.Middle, b.AfterMiddle, err = c.before(l); b.Middle == nil || !b.Middle.Depthwise() {
			return step{}, false, err
		}
	}
	at, expand, after, err := c.before(first)
	if err != nil {
		return step{}, false, err
	}
	if expand != nil {
		b.Expand, b.AfterExpand = expand, after
		if !b.Fits() {
			b.Expand, expand = nil, nil
		}
	}
	if !b.Fits() {
		return step{}, false, nil
	}
	if b.Project != nil {
		c.claim(l)
	}
	if expand != nil {
		c.claim(first)
		first = at
	}
	return step{in: c.inputs(first), apply: func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		var add *conv.Maps
		if len(x) > 1 {
			add = x[1]
		}
		return b.Apply(y, x[0], add, &g.mem)
	}}, true, nil
}

// before returns the convolution, with all that belongs to it, that a node takes and
// nothing else does; else it is nil.
func (c *compiler) before(node int) (l int, packed *conv.Conv, after conv.After, err error) {
	at, act := c.inputs(node)[0], (*Activation)(nil)
	if !c.inner(at) {
		return 0, nil, after, nil
	}
	if op, ok := c.nodes[at].Op.(*Activation); ok {
		if at, act = c.inputs(at)[0], op; !c.inner(at) {
			return 0, nil, after, nil
		}
	}
	l, factor, _ := c.chain(at)
	if l < 0 {
		return 0, nil, after, nil
	}
	packed, err = c.packed(l, factor)
	return l, packed, act.after(), err
}

// claim marks the nodes of the convolution that a node takes, see before, as fused.
func (c *compiler) claim(node int) {
	at := c.inputs(node)[0]
	c.fused[at] = true
	if _, ok := c.nodes[at].Op.(*Activation); ok {
		at = c.inputs(at)[0]
	}
	_, _, nodes := c.chain(at)
	for _, i := range nodes {
		c.fused[i] = true
	}
}

// after is an activation as what is done behind a convolution.
func (l *Activation) after() conv.After {
	switch {
	case l == nil:
		return conv.After{}
	case l == ReLU:
		return conv.After{ReLU: true}
	case l == ReLU6:
		return conv.After{ReLU: true, Cap: 6}
	}
	return conv.After{F: func(y []float32) { l.apply(y, y) }}
}

// fast are the activations that have vector loops.
var fast = map[*Activation]elementwise.Function{
	ReLU6: elementwise.ReLU6, Sigmoid: elementwise.Sigmoid, SiLU: elementwise.SiLU,
	Hardsigmoid: elementwise.Hardsigmoid, Hardswish: elementwise.Hardswish, GELU: elementwise.GELU,
}

// apply writes the activation of a run of elements to y, which may be x.
func (l *Activation) apply(y, x []float32) {
	if f, ok := fast[l]; ok {
		f.Apply(y, x)
		return
	}
	for i, v := range x {
		y[i] = l.f(v)
	}
}
