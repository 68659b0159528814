package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// gradientBytes bounds what is kept of the forward pass for the way back; at least one
// image goes at a time.
const gradientBytes = 96 << 20

// Gradients is the forward pass, and back as far as the modules that are asked for; see
// [Network]. What lies before them runs as [Plan.Run] does; behind them, some images at
// a time go forward, keeping what the way back needs, and back. The gradients are those
// of the graph up to rounding, and do not depend on the size of the batch.
func (p *Plan) Gradients(ctx context.Context, x *Tensor, opt GradientOptions, at ...string) (*Result, error) {
	names := slices.DeleteFunc(slices.Clone(at), func(name string) bool { return name == InputName })
	kept, err := p.find(names)
	if err != nil {
		return nil, err
	}
	shapes, err := p.check(x)
	if err != nil {
		return nil, err
	}
	wanted := slices.Clone(kept)
	if len(names) < len(at) {
		wanted = append(wanted, Input)
	}
	prog, err := p.program(kept, wanted)
	if err != nil {
		return nil, err
	}
	last, features := len(shapes)-1, p.features()
	r := &backRun{run: run{Plan: p, program: prog, x: x, shapes: shapes, outputs: map[int]*Tensor{}}, opt: opt, gradients: map[int]*Tensor{}}
	for _, node := range append([]int{last, features}, kept...) {
		if r.outputs[node] == nil {
			r.outputs[node] = empty(shapes[node]...)
		}
	}
	for _, node := range wanted {
		shape := x.Shape
		if node != Input {
			shape = shapes[node]
		}
		r.gradients[node] = empty(shape...)
	}
	if err := r.chunks(ctx); err != nil {
		return nil, err
	}
	out := &Result{
		Logits: flat(r.outputs[last]), Features: flat(r.outputs[features]),
		Taps: make(map[string]*Tensor), Gradients: make(map[string]*Tensor),
	}
	for i, name := range names {
		out.Taps[name], out.Gradients[name] = r.outputs[kept[i]], r.gradients[kept[i]]
	}
	if len(names) < len(at) {
		out.Gradients[InputName] = r.gradients[Input]
	}
	return out, nil
}

// A backRun is a forward pass and the way back.
type backRun struct {
	run
	opt       GradientOptions
	gradients map[int]*Tensor // of the wanted nodes
}

// chunks runs the batch in equal parts: up to the last cut before the way back as any
// pass, and from there on in groups.
func (r *backRun) chunks(ctx context.Context) error {
	var cuts []int
	begin := 0
	for _, cut := range r.cuts {
		if cut <= r.first && cut < len(r.steps) {
			cuts, begin = append(cuts, cut), cut
		}
	}
	segments, handed := r.segments(cuts)
	size := r.groupSize(begin)
	n := r.x.Shape[0]
	step := min(chunk, max(1, chunkBytes/(4*max(handed, 1))))
	if len(segments) == 0 {
		step = size
	}
	step = ceil(n, ceil(n, step))
	for lo := 0; lo < n; lo += step {
		hi := min(lo+step, n)
		in, err := r.chunk(ctx, segments, lo, hi)
		for a := lo; a < hi && err == nil; a += size {
			err = r.backGroup(ctx, begin, in, lo, a, min(a+size, hi))
		}
		if in != nil {
			r.mem.Free(in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// groupSize is how many images go forward and back together.
func (r *backRun) groupSize(begin int) int {
	bytes := 0
	for _, s := range r.steps[begin:] {
		if r.needed[s.node] {
			bytes += 4 * r.elements(s.node)
		}
	}
	return min(chunk, max(1, gradientBytes/max(bytes, 1)))
}

// backGroup runs images [a, b) from a step on and back; in is what that step takes for
// the images from lo on, or nil for the batch.
func (r *backRun) backGroup(ctx context.Context, begin int, in *conv.Maps, lo, a, b int) error {
	g := &group{run: &r.run, lo: a, n: b - a, values: map[int]*conv.Maps{}, given: map[int]*conv.Maps{}, guided: r.opt.Guided, needs: r.needed}
	defer func() {
		for _, m := range g.values {
			r.mem.Free(m)
		}
	}()
	if in != nil {
		g.given[r.steps[begin].in[0]] = in.Images(a-lo, b-lo)
	}
	if err := g.steps(ctx, r.steps[begin:]); err != nil {
		return err
	}
	sinks := map[int]*sink{}
	defer func() {
		for _, s := range sinks {
			if s.m != nil {
				r.mem.Free(s.m)
			}
		}
	}()
	at := func(node int) *sink {
		if sinks[node] == nil {
			sinks[node] = &sink{node: node, wanted: node != Input && r.way[node]}
		}
		return sinks[node]
	}
	for node := range r.gradients {
		at(r.value(node)).wanted = true
	}
	end := r.steps[len(r.steps)-1].node
	if top := at(end); top.wanted {
		if err := r.seed(g, top); err != nil {
			return err
		}
	}
	for _, s := range slices.Backward(r.steps[begin:]) {
		top := sinks[s.node]
		if top == nil || top.m == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r.collect(g, s.node, top.m)
		dy := top.m
		top.m = nil
		if r.way[s.node] {
			if err := r.back(ctx, g, s, dy, at); err != nil {
				r.mem.Free(dy)
				return fmt.Errorf("%s: backward: %w", r.nodes[s.node].Name, err)
			}
		}
		if !g.handed {
			r.mem.Free(dy)
		}
		g.handed = false
		if m := g.values[s.node]; m != nil {
			r.mem.Free(m)
			delete(g.values, s.node)
		}
	}
	for node, s := range sinks { // what comes before all steps
		if s.m != nil {
			r.collect(g, node, s.m)
		}
	}
	return nil
}

// back takes a gradient through a step.
func (r *backRun) back(ctx context.Context, g *group, s step, dy *conv.Maps, at func(int) *sink) error {
	var y *conv.Maps
	if s.slope.output {
		y = g.value(s.node)
	}
	x, into := make([]*conv.Maps, len(s.in)), make([]*sink, len(s.in))
	for i, node := range s.in {
		into[i] = at(node)
		if s.slope.input {
			x[i] = g.value(node)
		}
	}
	return s.slope.back(ctx, g, dy, y, x, into)
}

// seed sets the gradient by the output to the derivatives of the images' targets.
func (r *backRun) seed(g *group, top *sink) error {
	last := len(r.nodes) - 1
	whole := r.outputs[last]
	per := len(whole.Data) / whole.Shape[0]
	logits := &Tensor{Shape: []int{g.n, per}, Data: whole.Data[g.lo*per : (g.lo+g.n)*per]}
	target := r.opt.Target
	if target == nil {
		target = Logit(nil)
	}
	seed, err := seedOf(logits, func(i int, z []float32, d []float64) error { return target(g.lo+i, z, d) })
	if err != nil {
		return err
	}
	top.m = g.mapsOf(top.node)
	g.fill(top.m, last, seed.Data)
	return nil
}

// collect copies a value's gradient to the nodes that are asked for and have it.
func (r *backRun) collect(g *group, value int, m *conv.Maps) {
	for node, t := range r.gradients {
		if r.value(node) == value {
			per := len(t.Data) / t.Shape[0]
			g.copy(t.Data[g.lo*per:(g.lo+g.n)*per], node, m)
		}
	}
}

// value returns the node whose numbers a node has.
func (p *program) value(node int) int {
	if node == Input {
		return Input
	}
	return p.same[node]
}
