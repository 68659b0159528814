package nn

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/glimpse-go/glimpse/internal/conv"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A Plan is a graph compiled for speed: batch norms are folded into the
// convolutions before them, whose products add the bias and the shortcut and
// rectify as they store, feature maps lie channels last, and memory is used again
// from batch to batch. Its outputs are those of the graph up to rounding, about
// 1e-6 of their largest value, and do not depend on the size of the batch. A Plan
// is safe for concurrent use.
//
// What is tapped must come out, and so is not folded into what follows: for each
// set of taps the graph is compiled when it is first asked for.
type Plan struct {
	*Graph
	mem conv.Memory

	mu       sync.Mutex
	programs map[string]*program
	convs    map[[2]int]*conv.Conv // by their node and that of the norm folded in
	slopes   map[*conv.Conv]gradient
}

// Compile prepares a graph, which must not be changed afterwards. It returns an
// error when an operation is misshapen.
func Compile(g *Graph) (*Plan, error) {
	p := newPlan(g)
	_, err := p.program(nil, nil)
	return p, err
}

func newPlan(g *Graph) *Plan {
	return &Plan{Graph: g, programs: map[string]*program{}, convs: map[[2]int]*conv.Conv{}, slopes: map[*conv.Conv]gradient{}}
}

// program returns the steps that compute the graph's features and logits, and the
// outputs of the kept nodes, and take gradients back to the wanted nodes.
func (p *Plan) program(kept, wanted []int) (*program, error) {
	unique := func(list []int) []int {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	key := fmt.Sprint(unique(kept), unique(wanted))
	p.mu.Lock()
	defer p.mu.Unlock()
	prog := p.programs[key]
	if prog == nil {
		var err error
		c := &compiler{Plan: p, way: p.way(wanted)}
		if prog, err = c.compile(kept); err != nil {
			return nil, err
		}
		p.programs[key] = prog
	}
	return prog, nil
}

// chunk is how many images go through the network together: enough for the
// weights of the last stages, which no cache holds, to be worth fetching.
const chunk = 40

// chunkBytes bounds the feature maps of a chunk that one segment hands to the
// next, and those that its groups side by side hand from step to step, so that large images
// do not take memory by the gigabyte.
const chunkBytes = 64 << 20

// perChunk is how many images go through together when each hands on so many numbers.
func perChunk(handed int) int {
	return min(chunk, max(1, chunkBytes/(4*max(handed, 1))))
}

// groupBytes bounds the feature maps that a segment hands from step to step, so
// that they are still in the cache when the next step reads them.
const groupBytes = 1 << 20

// Run is the forward pass; see [Network]. It stops between the steps of some images
// once ctx is done.
func (p *Plan) Run(ctx context.Context, x *Tensor, taps ...string) (*Result, error) {
	kept, err := p.find(taps)
	if err != nil {
		return nil, err
	}
	shapes, err := p.check(x)
	if err != nil {
		return nil, err
	}
	prog, err := p.program(kept, nil)
	if err != nil {
		return nil, err
	}
	last, features := len(shapes)-1, p.features()
	r := &run{Plan: p, program: prog, x: x, shapes: shapes, outputs: map[int]*Tensor{}}
	for _, node := range append([]int{last, features}, kept...) {
		if r.outputs[node] == nil {
			r.outputs[node] = empty(shapes[node]...)
		}
	}
	if err := r.chunks(ctx); err != nil {
		return nil, err
	}
	out := &Result{Logits: flat(r.outputs[last]), Features: flat(r.outputs[features]), Taps: make(map[string]*Tensor, len(taps))}
	for i, name := range taps {
		out.Taps[name] = r.outputs[kept[i]]
	}
	return out, nil
}

// A run is one forward pass.
type run struct {
	*Plan
	*program
	x       *Tensor
	shapes  [][]int
	outputs map[int]*Tensor // of the nodes that must come out
}

// elements returns how many numbers the value of a node ([Input] is the batch) has
// for each image.
func (r *run) elements(node int) int {
	shape := r.x.Shape
	if node != Input {
		shape = r.shapes[node]
	}
	n := 1
	for _, d := range shape[1:] {
		n *= d
	}
	return n
}

// maps returns memory for the value of a node for n images.
func (r *run) maps(node, n int) *conv.Maps {
	s := r.shapes[node]
	switch {
	case len(s) == 2:
		return r.mem.Maps(n, 1, 1, s[1], 0)
	case r.last[node]:
		return r.mem.Maps(n, s[1], s[2], s[3], 0)
	}
	return r.mem.Maps(n, s[2], s[3], s[1], 0)
}

// A segment is steps [from, to) that go through groups of images together.
type segment struct {
	from, to int
	group    int // images
	beside   int // groups side by side, at most
}

// segments joins runs of steps, from one on, between which one value alone is handed on,
// as long as their groups are of one size; handed is the largest such value.
func (r *run) segments(from int, cuts []int) (list []segment, handed int) {
	for _, to := range cuts {
		size := r.elements(r.steps[from].in[0])
		for _, s := range r.steps[from:to] {
			size = max(size, r.elements(s.node))
		}
		group := max(1, groupBytes/(4*size))
		beside := max(1, chunkBytes/(4*size*group))
		if n := len(list) - 1; n >= 0 && list[n].group == group {
			list[n].to, list[n].beside = to, min(list[n].beside, beside)
		} else {
			list = append(list, segment{from, to, group, beside})
		}
		from = to
	}
	for _, s := range list {
		handed = max(handed, r.elements(r.steps[s.to-1].node))
	}
	return list, handed
}

// chunks runs the batch in equal parts.
func (r *run) chunks(ctx context.Context) error {
	segments, handed := r.segments(0, r.cuts)
	n := r.x.Shape[0]
	step := perChunk(handed)
	step = ceil(n, ceil(n, step))
	for lo := 0; lo < n; lo += step {
		in, err := r.chunk(ctx, segments, lo, min(lo+step, n), nil)
		if in != nil {
			r.mem.Free(in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunk runs images [lo, hi), segment by segment, and returns what the last hands on,
// or nil without segments; kept are values that are there already.
func (r *run) chunk(ctx context.Context, segments []segment, lo, hi int, kept map[int]*conv.Maps) (*conv.Maps, error) {
	var in *conv.Maps // what the segment before handed on; nil: the batch
	for _, s := range segments {
		out := r.maps(r.steps[s.to-1].node, hi-lo)
		err := r.segment(ctx, s, in, out, lo, kept)
		if in != nil {
			r.mem.Free(in)
		}
		in = out
		if err != nil {
			return in, err
		}
	}
	return in, nil
}

// segment runs the steps of a segment for the images of a chunk that begins at lo; kept are
// values that are still needed when it is done.
func (r *run) segment(ctx context.Context, s segment, in, out *conv.Maps, lo int, kept map[int]*conv.Maps) error {
	return s.groups(out.N, func(a, b int) error {
		g := r.newGroup(s, in, lo, a, b, kept)
		g.given[r.steps[s.to-1].node] = out.Images(a, b)
		defer func() {
			for _, m := range g.values { // left by an error
				r.mem.Free(m)
			}
		}()
		return g.steps(ctx, r.program.steps[s.from:s.to])
	})
}

// groups calls f for groups of n images, side by side, each on a core whose cache keeps what
// its steps hand on. The error is that of the first group that has one.
func (s segment) groups(n int, f func(a, b int) error) error {
	errs := make([]error, ceil(n, s.group))
	for lo := 0; lo < n; lo += s.group * s.beside {
		parallel.For(min(n-lo, s.group*s.beside), s.group, func(a, b int) {
			errs[(lo+a)/s.group] = f(lo+a, lo+b)
		})
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// newGroup is images [a, b) of a chunk that begins at lo, in a segment.
func (r *run) newGroup(s segment, in *conv.Maps, lo, a, b int, kept map[int]*conv.Maps) *group {
	g := &group{run: r, lo: lo + a, n: b - a, values: map[int]*conv.Maps{}, given: map[int]*conv.Maps{}}
	for node, m := range kept {
		g.given[node] = m.Images(a, b)
	}
	if in != nil {
		g.given[r.steps[s.from].in[0]] = in.Images(a, b)
	}
	return g
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
