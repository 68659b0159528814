package nn

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// A group is some images on their way through a segment.
type group struct {
	*run
	lo, n  int                // the images
	values map[int]*conv.Maps // by node: those that are the group's own
	given  map[int]*conv.Maps // those that go on beyond it
	guided bool               // backward: see GradientOptions
	handed bool               // backward: a step has given its gradient away
	spends bool               // backward: what was given is let go behind the step that made it
}

// steps runs the steps one after the other.
func (g *group) steps(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := g.nodes[s.node].Name
		y := g.given[s.node]
		if y == nil {
			y = g.maps(s.node, g.n)
			g.values[s.node] = y
		}
		x := make([]*conv.Maps, len(s.in))
		for i, node := range s.in {
			x[i] = g.value(node)
		}
		if err := s.apply(ctx, g, y, x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, node := range s.outputs {
			if t := g.outputs[node]; t != nil {
				per := len(t.Data) / t.Shape[0]
				g.copy(t.Data[g.lo*per:(g.lo+g.n)*per], node, y)
			}
		}
		for _, node := range s.frees {
			if m := g.values[node]; m != nil {
				g.mem.Free(m)
				delete(g.values, node)
			}
		}
	}
	return nil
}

// value returns the value of a node, or the batch, channels last.
func (g *group) value(node int) *conv.Maps {
	if m := g.given[node]; m != nil {
		return m
	}
	if node == Input && g.values[Input] == nil {
		s := g.x.Shape
		per := s[1] * s[2] * s[3]
		g.values[Input] = conv.FromNCHW(g.x.Data[g.lo*per:(g.lo+g.n)*per], g.n, s[1], s[2], s[3], g.border, &g.mem)
	}
	return g.values[node]
}

// tensor returns a copy of a node's output as the operations take it.
func (g *group) tensor(node int, m *conv.Maps) *Tensor {
	shape := g.x.Shape
	if node != Input {
		shape = g.shapes[node]
	}
	t := empty(append([]int{g.n}, shape[1:]...)...)
	g.copy(t.Data, node, m)
	return t
}

// copy writes a node's output in the order of its dimensions.
func (g *group) copy(dst []float32, node int, m *conv.Maps) {
	if node != Input && g.last[node] {
		m.CopyPixels(dst)
	} else {
		m.CopyNCHW(dst)
	}
}

// fill writes a node's output, in the order of its dimensions, to maps.
func (g *group) fill(m *conv.Maps, node int, data []float32) {
	if node != Input && g.last[node] {
		m.SetPixels(data)
	} else {
		m.SetNCHW(data)
	}
}

// mapsOf returns memory for the value of a node, or for the batch, for the group.
func (g *group) mapsOf(node int) *conv.Maps {
	if node == Input {
		s := g.x.Shape
		return g.mem.Maps(g.n, s[2], s[3], s[1], 0)
	}
	return g.maps(node, g.n)
}
