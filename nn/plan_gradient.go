package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// gradientBytes bounds what is kept of the forward pass for the way back; at least one
// image goes at a time.
const gradientBytes = 384 << 20

// Gradients is the forward pass, and back as far as the modules that are asked for; see
// [Network]. It runs as [Plan.Run] does, but keeps what the way back needs of what lies
// behind those modules, and goes back segment by segment. The gradients are those
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

// chunks runs the batch in equal parts, forward and back.
func (r *backRun) chunks(ctx context.Context) error {
	var before, behind []int // the cuts
	begin := 0
	for _, cut := range r.cuts {
		if cut <= r.first && cut < len(r.steps) {
			before, begin = append(before, cut), cut
		} else {
			behind = append(behind, cut)
		}
	}
	front, handed := r.segments(0, before)
	back, more := r.segments(begin, behind)
	kept := 0
	for _, s := range r.steps[begin:] {
		if r.needed[s.node] {
			kept += 4 * r.elements(s.node)
		}
	}
	n := r.x.Shape[0]
	step := min(perChunk(max(handed, more)), max(1, gradientBytes/max(kept, 1)))
	step = ceil(n, ceil(n, step))
	for lo := 0; lo < n; lo += step {
		hi := min(lo+step, n)
		in, err := r.chunk(ctx, front, lo, hi, nil)
		if err == nil {
			err = r.there(ctx, back, in, lo, hi)
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

// there takes images [lo, hi) through some segments and back; in is what the first of them
// takes, or nil for the batch.
func (r *backRun) there(ctx context.Context, segments []segment, in *conv.Maps, lo, hi int) (err error) {
	kept := map[int]*conv.Maps{}
	defer func() {
		for _, m := range kept {
			r.mem.Free(m)
		}
	}()
	for _, s := range r.steps[segments[0].from:] {
		if r.needed[s.node] {
			kept[s.node] = r.maps(s.node, hi-lo)
		}
	}
	value, own := in, false // what a segment takes, and whether it is ours to free
	for _, s := range segments {
		last := r.steps[s.to-1].node
		out := kept[last]
		if out == nil {
			out = r.maps(last, hi-lo)
		}
		err = r.segment(ctx, s, value, out, lo, kept)
		if own {
			r.mem.Free(value)
		}
		value, own = out, kept[last] == nil
		if err != nil {
			break
		}
	}
	if own {
		r.mem.Free(value)
	}
	if err != nil {
		return err
	}
	return r.andBack(ctx, segments, in, kept, lo, hi)
}

// andBack takes the gradient of images [lo, hi) back through the segments.
func (r *backRun) andBack(ctx context.Context, segments []segment, in *conv.Maps, kept map[int]*conv.Maps, lo, hi int) error {
	end := r.steps[len(r.steps)-1].node
	dy, err := r.seed(end, lo, hi)
	if err != nil {
		return err
	}
	for i, s := range slices.Backward(segments) {
		var dx, first *conv.Maps // what goes on to the segment before; what there is none for
		if i > 0 {
			dx = r.maps(r.steps[s.from].in[0], hi-lo)
		} else {
			first = in
		}
		err = s.groups(hi-lo, func(a, b int) error {
			return r.backGroup(ctx, s, r.newGroup(s, first, lo, a, b, kept), dy.Images(a, b), dx, a)
		})
		r.mem.Free(dy)
		dy = dx
		if err != nil {
			break
		}
	}
	if dy != nil {
		r.mem.Free(dy)
	}
	return err
}

// backGroup takes the gradient dy of some images, from a of the chunk on, back through a
// segment, and adds it up in dx unless that is nil.
func (r *backRun) backGroup(ctx context.Context, s segment, g *group, dy, dx *conv.Maps, a int) error {
	g.guided = r.opt.Guided
	sinks := map[int]*sink{}
	defer func() {
		for _, s := range sinks {
			if s.m != nil {
				r.mem.Free(s.m)
			}
		}
		for _, m := range g.values { // the batch, channels last
			r.mem.Free(m)
		}
		clear(g.values)
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
	if top := at(r.steps[s.to-1].node); top.wanted {
		top.add(g, dy)
	}
	for _, s := range slices.Backward(r.steps[s.from:s.to]) {
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
		if m := g.given[s.node]; m != nil && g.spends {
			r.mem.Free(m)
			delete(g.given, s.node)
		}
	}
	if dx != nil { // what is asked for there is collected where it is made
		bottom, to := sinks[r.steps[s.from].in[0]], dx.Images(a, a+g.n)
		if bottom != nil && bottom.m != nil {
			to.Copy(bottom.m)
		} else {
			to.Each(to, func(y, _ []float32) { clear(y) })
		}
		return nil
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

// seed returns the gradient by the output: the derivatives of the targets of images [lo, hi).
func (r *backRun) seed(end, lo, hi int) (*conv.Maps, error) {
	last := len(r.nodes) - 1
	whole := r.outputs[last]
	per := len(whole.Data) / whole.Shape[0]
	logits := &Tensor{Shape: []int{hi - lo, per}, Data: whole.Data[lo*per : hi*per]}
	target := r.opt.Target
	if target == nil {
		target = Logit(nil)
	}
	seed, err := seedOf(logits, func(i int, z, d []float64) (float64, error) { return target(lo+i, z, d) })
	if err != nil {
		return nil, err
	}
	m := r.maps(end, hi-lo)
	(&group{run: &r.run, lo: lo, n: hi - lo}).fill(m, last, seed.Data)
	return m, nil
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
