package nn

import (
	"context"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// Resume is the forward pass from the middle on; see [Network].
func (p *Plan) Resume(ctx context.Context, given map[string]*Tensor) (*Result, error) {
	what, err := p.resume(given)
	if err != nil {
		return nil, err
	}
	last, features := len(p.nodes)-1, p.features()
	var kept []int
	for node := range what.given {
		if node != Input {
			kept = append(kept, node)
		}
	}
	whole, err := p.program(kept, nil)
	if err != nil {
		return nil, err
	}
	for node := range what.given {
		v := whole.value(node)
		if v == whole.value(last) || v == whole.value(features) {
			return p.Graph.Resume(ctx, given) // the head is all that is left
		}
		for at := node; at != v; at = p.nodes[at].Inputs[0] {
			if _, ok := p.nodes[at].Op.(Flatten); ok {
				return p.Graph.Resume(ctx, given) // in another order than the steps take it
			}
		}
	}
	r := &run{Plan: p, program: whole.from(what.given, last, features), x: what.given[Input], shapes: what.shapes, outputs: map[int]*Tensor{}}
	if r.x == nil {
		r.x = &Tensor{} // no step takes it
	}
	for _, node := range []int{last, features} {
		r.outputs[node] = empty(r.shapes[node]...)
	}
	handed := 1
	for node, t := range what.given {
		if value := r.value(node); value != Input {
			r.shapes[value] = t.Shape
		}
		handed = max(handed, len(t.Data)/what.images)
	}
	segments, more := r.segments(0, r.cuts)
	step := perChunk(max(handed, more))
	step = ceil(what.images, ceil(what.images, step))
	for lo := 0; lo < what.images; lo += step {
		if err := r.resumed(ctx, segments, what.given, lo, min(lo+step, what.images)); err != nil {
			return nil, err
		}
	}
	return &Result{Logits: flat(r.outputs[last]), Features: flat(r.outputs[features])}, nil
}

// resumed runs images [lo, hi), of which some values are given.
func (r *run) resumed(ctx context.Context, segments []segment, given map[int]*Tensor, lo, hi int) error {
	kept := map[int]*conv.Maps{}
	defer func() {
		for _, m := range kept {
			r.mem.Free(m)
		}
	}()
	for node, t := range given {
		value := r.value(node)
		if value == Input {
			continue // group.value takes it from the batch
		}
		per := len(t.Data) / t.Shape[0]
		m := r.maps(node, hi-lo)
		(&group{run: r}).fill(m, node, t.Data[lo*per:hi*per])
		kept[value] = m
	}
	out, err := r.chunk(ctx, segments, lo, hi, kept)
	if out != nil {
		r.mem.Free(out)
	}
	return err
}

// from is the part of a program that is left when some nodes are given and others wanted.
func (p *program) from(given map[int]*Tensor, wanted ...int) *program {
	known, needed := map[int]bool{}, map[int]bool{}
	for node := range given {
		known[p.value(node)] = true
	}
	for _, node := range wanted {
		needed[p.value(node)] = true
	}
	rest := &program{border: p.border, last: p.last, same: p.same}
	for _, s := range slices.Backward(p.steps) {
		if !needed[s.node] || known[s.node] {
			continue
		}
		for _, j := range s.in {
			needed[j] = true
		}
		s.frees = nil
		rest.steps = append(rest.steps, s)
	}
	slices.Reverse(rest.steps)
	rest.live(known)
	return rest
}
