package nn

import (
	"context"
	"fmt"
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
	same   []int  // by node: the one whose numbers it has, or Input

	// For gradients: what the way back takes of the forward pass, and where it begins.
	way    []bool
	needed map[int]bool // values
	first  int          // step
}

// A step computes the value of a node: of the last of those that it fuses.
type step struct {
	node    int
	in      []int // nodes whose values it takes, or Input
	frees   []int // those that nothing needs any more
	outputs []int // the node, and those whose outputs are the same numbers
	apply   func(ctx context.Context, g *group, y *conv.Maps, x []*conv.Maps) error
	slope   slope
}

// A compiler looks for patterns in a graph.
type compiler struct {
	*Plan
	same  []int // by node: the one whose numbers it has, or Input
	uses  []int // by node: how many others take its value, and one if it must come out
	fused []bool
	last  []bool // see program
	way   []bool // by node: a gradient passes it

	training *trainable   // or nil
	changing []*conv.Conv // those whose weights change
	norms    []*trainNorm
}

// moves tells whether a node's output is its input's numbers as the plan keeps them, and
// finds out which of its dimensions the channels are.
func (c *compiler) moves(i int, node Node) bool {
	from := node.Inputs[0]
	if from == Input {
		return false // there is no step whose output it could be
	}
	last := c.last[from]
	switch op := node.Op.(type) {
	case Identity:
		c.last[i] = last
		return true
	case Flatten: // of maps, which lie in another order, where that makes no difference
		return !last && (c.pixel(from) || c.multiplied(i))
	case Permute:
		c.last[i] = !last && op == Permute{[4]int{0, 2, 3, 1}}
		return c.last[i] || last && op == Permute{[4]int{0, 3, 1, 2}}
	case *Linear, *Activation:
		c.last[i] = last
	case Add:
		c.last[i] = last && node.Inputs[1] != Input && c.last[node.Inputs[1]]
	case *LayerNorm:
		c.last[i] = last && !op.Channels
	}
	return false
}

// pixel tells whether a node's output is known to be maps of one pixel.
func (c *compiler) pixel(node int) bool {
	for node != Input {
		switch op := c.nodes[node].Op.(type) {
		case *AdaptiveAvgPool2d:
			return op.Size <= 1
		case Identity, Flatten, *Activation, *BatchNorm2d, *Affine:
			node = c.nodes[node].Inputs[0]
		default:
			return false
		}
	}
	return false
}

// multiplied tells whether only linear layers take a node's output: their weights are brought
// into the order of what they multiply.
func (c *compiler) multiplied(node int) bool {
	for j, other := range c.nodes {
		if !slices.Contains(other.Inputs, node) {
			continue
		}
		switch other.Op.(type) {
		case *Linear:
		case Identity, Flatten:
			if !c.multiplied(j) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// compile makes the program whose kept nodes come out.
func (c *compiler) compile(kept []int) (*program, error) {
	n := len(c.nodes)
	if n == 0 {
		return nil, fmt.Errorf("nn: a graph without nodes")
	}
	c.same, c.uses, c.fused, c.last = make([]int, n), make([]int, n), make([]bool, n), make([]bool, n)
	way := c.way
	for i, node := range c.nodes {
		if len(node.Inputs) == 0 {
			return nil, fmt.Errorf("nn: %s takes nothing", node.Name)
		}
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
	for _, i := range append([]int{n - 1, c.features()}, kept...) {
		if i = c.value(i); i != Input {
			c.uses[i]++
		}
	}
	prog := &program{last: c.last, same: c.same, way: way}
	for i := n - 1; i >= 0; i-- {
		if c.same[i] != i || c.fused[i] {
			continue
		}
		match := c.match
		if c.training != nil && way[i] {
			match = c.learn
		}
		s, err := match(i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.nodes[i].Name, err)
		}
		s.node = i
		for j := range c.nodes {
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
	prog.live(nil)
	prog.border = c.border(prog.steps)
	prog.first = len(prog.steps)
	prog.needed = map[int]bool{}
	for i := len(prog.steps) - 1; i >= 0; i-- {
		if s := prog.steps[i]; way[s.node] {
			prog.first = i
			if s.slope.output {
				prog.needed[s.node] = true
			}
			for _, j := range s.in {
				if s.slope.input {
					prog.needed[j] = true
				}
			}
		}
	}
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

// live finds where values are needed for the last time, and the cuts; given are values
// that are there before the first step.
func (p *program) live(given map[int]bool) {
	last := map[int]int{}
	for i, s := range p.steps {
		for _, j := range s.in {
			last[j] = i
		}
	}
	live := map[int]bool{Input: true}
	for node := range given {
		if _, used := last[node]; used {
			live[node] = true
		}
	}
	if _, used := last[Input]; !used && given != nil {
		delete(live, Input)
	}
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
