package nn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// A program is a graph as a plan runs it: steps, each of one node or of several that
// are fused.
type program struct {
	steps  []step
	cuts   []int  // ends of runs of steps between which one value alone is handed on
	border int    // of zeros around the batch: what its convolutions want
	last   []bool // by node: its output has the channels last, and so lies as the plan keeps it
}

// A step computes the value of a node: of the last of those that it fuses.
type step struct {
	node    int
	in      []int // nodes whose values it takes, or Input
	frees   []int // those that nothing needs any more
	outputs []int // the node, and those whose outputs are the same numbers
	apply   func(ctx context.Context, g *group, y *conv.Maps, x []*conv.Maps) error
}

// A compiler looks for patterns in a graph.
type compiler struct {
	*Plan
	same  []int // by node: the one whose numbers it has, or Input
	uses  []int // by node: how many others take its value, and one if it must come out
	fused []bool
	last  []bool // see program
}

// moves tells whether a node's output is its input's numbers as the plan keeps them, and
// finds out which of its dimensions the channels are.
func (c *compiler) moves(i int, node Node) bool {
	from := node.Inputs[0]
	last := from != Input && c.last[from]
	switch op := node.Op.(type) {
	case Identity:
		c.last[i] = last
		return true
	case Flatten:
		return !last
	case Permute:
		c.last[i] = !last && op == Permute{[4]int{0, 2, 3, 1}}
		return c.last[i] || last && op == Permute{[4]int{0, 3, 1, 2}}
	case *Linear, *Activation:
		c.last[i] = last
	case *LayerNorm:
		c.last[i] = last && !op.Channels
	}
	return false
}

// compile makes the program whose kept nodes come out.
func (p *Plan) compile(kept []int) (*program, error) {
	n := len(p.nodes)
	if n == 0 {
		return nil, fmt.Errorf("nn: a graph without nodes")
	}
	c := &compiler{Plan: p, same: make([]int, n), uses: make([]int, n), fused: make([]bool, n), last: make([]bool, n)}
	for i, node := range p.nodes {
		c.same[i] = i
		if c.moves(i, node) {
			c.same[i] = c.value(node.Inputs[0])
			continue
		}
		for _, j := range c.inputs(i) {
			if j != Input {
				c.uses[j]++
			}
		}
	}
	for _, i := range append([]int{n - 1, p.features()}, kept...) {
		if i = c.value(i); i != Input {
			c.uses[i]++
		}
	}
	prog := &program{last: c.last}
	for i := n - 1; i >= 0; i-- {
		if c.same[i] != i || c.fused[i] {
			continue
		}
		s, err := c.match(i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.nodes[i].Name, err)
		}
		s.node = i
		for j := range p.nodes {
			if c.same[j] == i {
				s.outputs = append(s.outputs, j)
			}
		}
		prog.steps = append(prog.steps, s)
	}
	slices.Reverse(prog.steps)
	if len(prog.steps) == 0 {
		return nil, fmt.Errorf("nn: a graph that computes nothing")
	}
	prog.live()
	prog.border = c.border(prog.steps)
	return prog, nil
}

// value returns the node whose value a node has; of [Input] itself.
func (c *compiler) value(node int) int {
	if node == Input {
		return Input
	}
	return c.same[node]
}

// inputs returns the nodes whose values a node takes.
func (c *compiler) inputs(node int) []int {
	in := slices.Clone(c.nodes[node].Inputs)
	for k, j := range in {
		in[k] = c.value(j)
	}
	return in
}

// live finds where values are needed for the last time, and the cuts.
func (p *program) live() {
	last := map[int]int{}
	for i, s := range p.steps {
		for _, j := range s.in {
			last[j] = i
		}
	}
	live := map[int]bool{Input: true}
	for i := range p.steps {
		s := &p.steps[i]
		live[s.node] = true
		for _, j := range append(slices.Clone(s.in), s.node) {
			if until, used := last[j]; live[j] && (!used || until == i) {
				s.frees = append(s.frees, j)
				delete(live, j)
			}
		}
		// One value, made here, or the end: there nothing lives.
		if i == len(p.steps)-1 || len(live) == 1 && live[s.node] && !slices.Contains(s.frees, s.node) {
			p.cuts = append(p.cuts, i+1)
		}
	}
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
		if l == nil || border >= 0 && border != l.Padding[0] {
			return 0
		}
		border = l.Padding[0]
	}
	return max(border, 0)
}

// convolution returns the convolution that a node is the end of, or nil.
func (c *compiler) convolution(node int) *Conv2d {
	for node != Input {
		switch op := c.nodes[node].Op.(type) {
		case *Conv2d:
			if compilable(op) {
				return op
			}
			return nil
		case *BatchNorm2d:
		default:
			if op != ReLU {
				return nil
			}
		}
		node = c.inputs(node)[0]
	}
	return nil
}

// compilable tells whether internal/conv has a convolution.
func compilable(l *Conv2d) bool {
	return l.check() == nil && l.Weight.Shape[2] == l.Weight.Shape[3] && l.Padding[0] == l.Padding[1]
}

// inner tells whether a node may be fused into what takes its value: there is one,
// and the value need not come out.
func (c *compiler) inner(node int) bool { return node != Input && c.uses[node] == 1 }

// match returns the step that ends with a node, of the longest pattern
//
//	convolution [norm] [addition] [ReLU]
//
// or of the node alone.
func (c *compiler) match(root int) (step, error) {
	at, relu := root, false
	if c.nodes[root].Op == ReLU && c.inner(c.inputs(root)[0]) {
		at, relu = c.inputs(root)[0], true
	}
	if _, ok := c.nodes[at].Op.(Add); ok {
		in := c.inputs(at)
		for k := range in {
			if !c.inner(in[k]) || in[0] == in[1] {
				continue
			}
			if l, norm, nodes := c.chain(in[k]); l >= 0 {
				return c.convolve(append(nodes, at, root), l, norm, relu, in[1-k])
			}
		}
		if relu {
			c.fused[at] = true
		}
		return step{in: in, apply: func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
			y.Sum(x[0], x[1], relu)
			return nil
		}}, nil
	}
	if l, norm, nodes := c.chain(at); l >= 0 {
		return c.convolve(append(nodes, root), l, norm, relu, Input)
	}
	return c.alone(root)
}

// chain returns the convolution and the norm, or -1, that end with a node, and the
// nodes in question; without them the convolution is -1.
func (c *compiler) chain(at int) (l, norm int, nodes []int) {
	norm, nodes = -1, []int{at}
	if _, ok := c.nodes[at].Op.(*BatchNorm2d); ok {
		norm, at = at, c.inputs(at)[0]
		if !c.inner(at) {
			return -1, -1, nil
		}
		nodes = append(nodes, at)
	}
	if op, ok := c.nodes[at].Op.(*Conv2d); ok && compilable(op) {
		return at, norm, nodes
	}
	return -1, -1, nil
}

// convolve is the step of a convolution with what is fused; shortcut is the node that
// is added, or Input for none.
func (c *compiler) convolve(nodes []int, l, norm int, relu bool, shortcut int) (step, error) {
	packed, err := c.packed(l, norm)
	if err != nil {
		return step{}, err
	}
	for _, i := range nodes {
		c.fused[i] = true
	}
	s := step{in: c.inputs(l)}
	if shortcut != Input {
		s.in = append(s.in, shortcut)
	}
	s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		var add *conv.Maps
		if len(x) > 1 {
			add = x[1]
		}
		return packed.Apply(y, x[0], add, relu, &g.mem)
	}
	return s, nil
}

// alone is the step of a node by itself.
func (c *compiler) alone(node int) (step, error) {
	c.fused[node] = true
	s := step{in: c.inputs(node)}
	switch op := c.nodes[node].Op.(type) {
	case *MaxPool2d:
		win, err := poolWindow(op, op.Kernel, op.Stride, op.Padding)
		if err != nil {
			return s, err
		}
		s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
			conv.MaxPool(y, x[0], win.kernel, win.stride, win.padding, &g.mem)
			return nil
		}
		return s, nil
	case *AdaptiveAvgPool2d:
		if op.Size <= 1 {
			s.apply = func(_ context.Context, _ *group, y *conv.Maps, x []*conv.Maps) error {
				y.Mean(x[0])
				return nil
			}
			return s, nil
		}
	case *Linear:
		packed, err := c.linear(node, op)
		if err != nil {
			return s, err
		}
		if packed != nil {
			s.apply = func(_ context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
				return packed.Apply(y, x[0], nil, false, &g.mem)
			}
			return s, nil
		}
	}
	// What has no loop of its own runs as the reference does.
	n := c.nodes[node]
	s.apply = func(ctx context.Context, g *group, y *conv.Maps, x []*conv.Maps) error {
		in := make([]*Tensor, len(x))
		for i, m := range x {
			in[i] = g.tensor(n.Inputs[i], m)
		}
		out, err := n.Op.Forward(ctx, in...)
		if err != nil {
			return err
		}
		if g.last[node] {
			y.SetPixels(out.Data)
		} else {
			y.SetNCHW(out.Data)
		}
		return nil
	}
	return s, nil
}

// packed returns a convolution with the batch norm of a node, unless that is -1,
// folded in: each output channel's weights are scaled, and bias * scale + shift is
// added.
func (c *compiler) packed(node, norm int) (*conv.Conv, error) {
	key := [2]int{node, norm}
	if done := c.convs[key]; done != nil {
		return done, nil
	}
	l := c.nodes[node].Op.(*Conv2d)
	out := l.Weight.Shape[0]
	scale, shift := slices.Repeat([]float32{1}, out), make([]float32, out)
	if norm >= 0 {
		n := c.nodes[norm].Op.(*BatchNorm2d)
		if _, err := n.Shape([]int{1, out, 1, 1}); err != nil {
			return nil, err
		}
		scale, shift = n.affine()
	}
	if l.Bias != nil {
		for o := range shift {
			shift[o] = float32(math.FMA(float64(l.Bias[o]), float64(scale[o]), float64(shift[o])))
		}
	}
	packed, err := conv.New(conv.Shape{
		In: l.Weight.Shape[1] * l.groups(), Out: out, Kernel: l.Weight.Shape[2],
		Stride: max(l.Stride, 1), Dilation: max(l.Dilation, 1), Padding: l.Padding[0], Groups: l.groups(),
	}, l.Weight.Data, scale, shift)
	c.convs[key] = packed
	return packed, err
}

// linear returns a linear layer as a convolution of the map that it takes, flattened,
// to one pixel; or nil where it takes rows of something else.
func (c *compiler) linear(node int, l *Linear) (*conv.Conv, error) {
	key := [2]int{node, -1}
	if done := c.convs[key]; done != nil {
		return done, nil
	}
	side := 1
	switch from := c.inputs(node)[0]; {
	case c.last[node]: // each pixel by itself
	case from == Input:
		return nil, nil
	default:
		switch op := c.nodes[from].Op.(type) {
		case *AdaptiveAvgPool2d:
			side = max(op.Size, 1)
		case *Linear:
		case *Activation:
			if _, ok := c.nodes[c.inputs(from)[0]].Op.(*Linear); !ok {
				return nil, nil
			}
		default:
			return nil, nil
		}
	}
	if l.Weight == nil || len(l.Weight.Shape) != 2 || l.Weight.Shape[1]%(side*side) != 0 {
		return nil, nil // the shapes say what is wrong
	}
	out, in := l.Weight.Shape[0], l.Weight.Shape[1]/(side*side)
	bias := make([]float32, out)
	copy(bias, l.Bias)
	packed, err := conv.New(conv.Shape{In: in, Out: out, Kernel: side, Stride: 1, Dilation: 1, Groups: 1},
		l.Weight.Data, slices.Repeat([]float32{1}, out), bias)
	c.convs[key] = packed
	return packed, err
}
