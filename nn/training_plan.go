package nn

import (
	"context"

	"github.com/glimpse-go/glimpse/internal/conv"
)

// CompileTraining prepares a graph for training at speed: what [NewTraining] computes, up
// to rounding, with the same rules for what is frozen. Feature maps lie channels last,
// products run on the kernels of the machine, a norm in train mode adds the shortcut and
// rectifies as it stores, and memory is used again from step to step. Weights are packed
// anew at every step. It returns an error when an operation is misshapen, or nothing of
// that name can be frozen.
func CompileTraining(g *Graph, frozen ...string) (Training, error) {
	t, err := newTrainable(g, frozen)
	if err != nil {
		return nil, err
	}
	c := &compiler{Plan: newPlan(t.Graph), way: t.passes, training: t}
	prog, err := c.compile(nil)
	if err != nil {
		return nil, err
	}
	return &trainingPlan{trainable: t, plan: c.Plan, program: prog, norms: c.norms, convs: c.changing}, nil
}

// A trainingPlan is a graph compiled for training.
type trainingPlan struct {
	*trainable
	plan    *Plan
	program *program
	norms   []*trainNorm
	convs   []*conv.Conv // those whose weights change
}

// Learn is a step; see [Training].
func (t *trainingPlan) Learn(ctx context.Context, x *Tensor, loss Loss) (float64, *Tensor, error) {
	shapes, err := t.begin(x, loss)
	if err != nil {
		return 0, nil, err
	}
	for _, c := range t.convs {
		c.Changed()
	}
	last := len(shapes) - 1
	r := &backRun{run: run{Plan: t.plan, program: t.program, x: x, shapes: shapes, outputs: map[int]*Tensor{last: empty(shapes[last]...)}}}
	g := &group{run: &r.run, n: x.Shape[0], values: map[int]*conv.Maps{}, given: map[int]*conv.Maps{}}
	defer func() {
		for _, values := range []map[int]*conv.Maps{g.values, g.given} {
			for _, m := range values {
				r.mem.Free(m)
			}
		}
	}()
	for _, s := range t.program.steps {
		if t.program.needed[s.node] {
			g.given[s.node] = r.maps(s.node, g.n)
		}
	}
	if err := g.steps(ctx, t.program.steps); err != nil {
		return 0, nil, err
	}
	value, logits, d, err := lossOf(loss, r.outputs[last])
	if err != nil {
		return 0, nil, err
	}
	end := t.program.steps[len(t.program.steps)-1].node
	dy := r.maps(end, g.n)
	g.fill(dy, last, d.Data)
	g.spends = true
	err = r.backGroup(ctx, segment{to: len(t.program.steps), group: g.n}, g, dy, nil, 0)
	r.mem.Free(dy)
	if err != nil {
		return 0, nil, err
	}
	for _, n := range t.norms {
		n.track()
	}
	return value, logits, nil
}
