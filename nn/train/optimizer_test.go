package train_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// An optimizerCase is a row of SGD or ADAMW of testdata/export/train.py.
type optimizerCase struct {
	key   string // with %d for the bits of the type
	scale float32
	make  func() train.Optimizer
}

func optimizerCases() []optimizerCase {
	sgd := func(name string, o train.SGD) optimizerCase {
		return optimizerCase{"SGD%d/" + name, 1, func() train.Optimizer {
			return &train.SGD{Momentum: o.Momentum, Dampening: o.Dampening, WeightDecay: o.WeightDecay, Nesterov: o.Nesterov, DecayAll: o.DecayAll}
		}}
	}
	adamw := func(name string, o train.AdamW) optimizerCase {
		c := optimizerCase{"AdamW%d/" + name, 1, func() train.Optimizer {
			return &train.AdamW{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, WeightDecay: o.WeightDecay, DecayAll: o.DecayAll}
		}}
		if name == "small" {
			c.scale = 1e-8
		}
		return c
	}
	return []optimizerCase{
		sgd("plain", train.SGD{}),
		sgd("decay", train.SGD{WeightDecay: 0.05}),
		sgd("decay all", train.SGD{WeightDecay: 0.05, DecayAll: true}),
		sgd("momentum", train.SGD{Momentum: 0.9}),
		sgd("dampening", train.SGD{Momentum: 0.8, Dampening: 0.3, WeightDecay: 0.01}),
		sgd("nesterov", train.SGD{Momentum: 0.9, Nesterov: true}),
		sgd("nesterov decay", train.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 0.05}),
		adamw("default", train.AdamW{}),
		adamw("all", train.AdamW{DecayAll: true}),
		adamw("decay", train.AdamW{WeightDecay: 0.3}),
		adamw("no decay", train.AdamW{WeightDecay: -1}),
		adamw("betas", train.AdamW{Beta1: 0.7, Beta2: 0.95}),
		adamw("no betas", train.AdamW{Beta1: -1, Beta2: -1}),
		adamw("epsilon", train.AdamW{Epsilon: 1e-2}),
		adamw("small", train.AdamW{}),
	}
}

// parameters are those of the export script. With times above 1 their numbers are
// repeated, so that a tensor is many spans.
func parameters(times int) []nn.Parameter {
	var list []nn.Parameter
	for _, p := range []struct {
		name  string
		shape []int
	}{{"weight", []int{6, 5}}, {"bias", []int{7}}, {"late", []int{2, 3, 2}}} {
		x := uniform(p.name, 1, p.shape...)
		x.Data = slices.Repeat(x.Data, times)
		x.Shape[0] *= times
		list = append(list, nn.Parameter{Name: p.name, Value: x})
	}
	return list
}

// gradients gives the parameters those of a step.
func gradients(list []nn.Parameter, step, times int, scale float32) {
	for i, p := range list {
		if list[i].Gradient = nil; p.Name == "late" && (step < 3 || step == 6) {
			continue
		}
		g := uniform(fmt.Sprintf("%s/%d", p.Name, step), 1, len(p.Value.Data)/times).Data
		for i := range g {
			g[i] *= scale
		}
		list[i].Gradient = slices.Repeat(g, times)
	}
}

func rateOf(step int) float64 { return 0.1 * (1 - float64(step)/20) }

// TestOptimizers holds ten steps to PyTorch: in float32 to two roundings, in float64 to
// what ten steps round.
func TestOptimizers(t *testing.T) {
	f := golden.Open(t, "train")
	const times = 3000
	for _, c := range optimizerCases() {
		t.Run(fmt.Sprintf(c.key, 0), func(t *testing.T) {
			o, many := c.make(), c.make()
			list, repeated := parameters(1), parameters(times)
			for step := range 10 {
				gradients(list, step, 1, c.scale)
				gradients(repeated, step, times, c.scale)
				if err := o.Step(list, rateOf(step)); err != nil {
					t.Fatal(err)
				}
				if err := many.Step(repeated, rateOf(step)); err != nil {
					t.Fatal(err)
				}
				if step != 0 && step != 9 {
					continue
				}
				for i, p := range list {
					name := fmt.Sprintf("%d/%s", step, p.Name)
					near.AtMost(t, name, golden.Relative(t, wide(p.Value.Data), f.Float64(fmt.Sprintf(c.key, 64)+"/"+name)), 5e-7)
					near.AtMost(t, name+" float32", golden.Relative(t, p.Value.Data, f.Float32(fmt.Sprintf(c.key, 32)+"/"+name)), 2.5e-7)
					if !slices.Equal(repeated[i].Value.Data, slices.Repeat(p.Value.Data, times)) {
						t.Errorf("%s: other numbers in a large tensor", name)
					}
				}
			}
			prefix := fmt.Sprintf(c.key, 64) + "/state/"
			states := 0
			for _, p := range o.State() {
				near.AtMost(t, p.Name, golden.Relative(t, wide(p.Value.Data), f.Float64(prefix+p.Name)), 5e-7)
				states++
			}
			for _, name := range f.Names() {
				if strings.HasPrefix(name, prefix) {
					states--
				}
			}
			if states != 0 {
				t.Errorf("%d tensors of state more than PyTorch", states)
			}
		})
	}
}

// Another optimiser that takes over the state, in another order, goes on to the same bits,
// and so does one that ran something else before.
func TestOptimizersRestore(t *testing.T) {
	for _, c := range optimizerCases() {
		for _, at := range []int{1, 2, 5} {
			whole, list := c.make(), parameters(1)
			var state []nn.Parameter
			var values [][]float32
			for step := range 10 {
				if step == at {
					for _, p := range whole.State() {
						p.Value = &nn.Tensor{Shape: p.Value.Shape, Data: slices.Clone(p.Value.Data)}
						state = append([]nn.Parameter{p}, state...)
					}
					for _, p := range list {
						values = append(values, slices.Clone(p.Value.Data))
					}
				}
				gradients(list, step, 1, c.scale)
				if err := whole.Step(list, rateOf(step)); err != nil {
					t.Fatal(err)
				}
			}
			resumed, again := c.make(), parameters(1)
			gradients(again, 3, 1, 1)
			if err := resumed.Step(again, 0.3); err != nil {
				t.Fatal(err)
			}
			if err := resumed.Restore(state); err != nil {
				t.Fatal(err)
			}
			if len(resumed.State()) != len(state) {
				t.Errorf("%s: %d tensors restored, want %d", c.key, len(resumed.State()), len(state))
			}
			for _, p := range state {
				clear(p.Value.Data) // a copy was taken
			}
			for i, p := range again {
				copy(p.Value.Data, values[i])
			}
			for step := at; step < 10; step++ {
				gradients(again, step, 1, c.scale)
				if err := resumed.Step(again, rateOf(step)); err != nil {
					t.Fatal(err)
				}
			}
			for i, p := range list {
				if !slices.Equal(p.Value.Data, again[i].Value.Data) {
					t.Errorf("%s: %s differs after a restart at step %d", c.key, p.Name, at)
				}
			}
		}
	}
}

// A step changes nothing when it returns an error.
func TestOptimizersErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tensor := func(n int, shape ...int) *nn.Tensor { return &nn.Tensor{Shape: shape, Data: make([]float32, n)} }
	good := func() []nn.Parameter {
		list := parameters(1)
		gradients(list, 9, 1, 1)
		return list
	}
	with := func(change func(list []nn.Parameter) []nn.Parameter) []nn.Parameter { return change(good()) }
	refused := func(name string, o train.Optimizer, list []nn.Parameter, rate float64) {
		t.Helper()
		before := []nn.Parameter{}
		for _, p := range list {
			if p.Value != nil {
				p.Value = &nn.Tensor{Data: slices.Clone(p.Value.Data)}
			}
			before = append(before, p)
		}
		if err := o.Step(list, rate); err == nil {
			t.Errorf("%s: no error", name)
		}
		for i, p := range list {
			if p.Value != nil && !slices.Equal(p.Value.Data, before[i].Value.Data) {
				t.Errorf("%s: %s has changed", name, p.Name)
			}
		}
	}
	for name, o := range map[string]train.Optimizer{
		"momentum -1":            &train.SGD{Momentum: -1},
		"momentum NaN":           &train.SGD{Momentum: nan},
		"dampening NaN":          &train.SGD{Momentum: 0.9, Dampening: nan},
		"weight decay -1":        &train.SGD{WeightDecay: -1},
		"weight decay inf":       &train.SGD{WeightDecay: inf},
		"nesterov alone":         &train.SGD{Nesterov: true},
		"nesterov dampened":      &train.SGD{Nesterov: true, Momentum: 0.9, Dampening: 0.1},
		"beta1 of 1":             &train.AdamW{Beta1: 1},
		"beta2 of 1":             &train.AdamW{Beta2: 1},
		"beta2 NaN":              &train.AdamW{Beta2: nan},
		"epsilon -1":             &train.AdamW{Epsilon: -1},
		"epsilon NaN":            &train.AdamW{Epsilon: nan},
		"AdamW weight decay NaN": &train.AdamW{WeightDecay: nan},
	} {
		refused(name, o, good(), 0.1)
	}
	for _, c := range optimizerCases() {
		o := c.make()
		if err := o.Step(good(), 0.1); err != nil {
			t.Fatal(err)
		}
		for _, rate := range []float64{-0.1, nan, inf, 1e39} {
			refused(fmt.Sprint(c.key, " rate ", rate), o, good(), rate)
		}
		for name, change := range map[string]func(list []nn.Parameter) []nn.Parameter{
			"no tensor":      func(l []nn.Parameter) []nn.Parameter { l[2].Value = nil; return l },
			"not full":       func(l []nn.Parameter) []nn.Parameter { l[2].Value = tensor(4, 2, 3); return l },
			"too full":       func(l []nn.Parameter) []nn.Parameter { l[2].Value = tensor(13, 2, 3, 2); l[2].Gradient = nil; return l },
			"negative shape": func(l []nn.Parameter) []nn.Parameter { l[2].Value = tensor(6, -2, -3); return l },
			"large shape": func(l []nn.Parameter) []nn.Parameter {
				l[2].Value = tensor(6, 1<<(strconv.IntSize-24), 1<<(strconv.IntSize-24))
				return l
			},
			"gradient":    func(l []nn.Parameter) []nn.Parameter { l[2].Gradient = make([]float32, 3); return l },
			"twice":       func(l []nn.Parameter) []nn.Parameter { return append(l, l[0]) },
			"other shape": func(l []nn.Parameter) []nn.Parameter { l[2].Value.Shape = []int{3, 4}; return l },
		} {
			refused(c.key+" "+name, o, with(change), 0.1)
		}
		// After so many errors the optimiser goes on as one that saw none.
		other := c.make()
		a, b := good(), good()
		if err := o.Step(a, 0.1); err != nil {
			t.Fatal(err)
		}
		if err := other.Step(good(), 0.1); err != nil {
			t.Fatal(err)
		}
		if err := other.Step(b, 0.1); err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if !slices.Equal(a[i].Value.Data, b[i].Value.Data) {
				t.Errorf("%s: errors left something behind", c.key)
			}
		}
	}
}

func TestOptimizersRestoreErrors(t *testing.T) {
	tensor := func(name string, n int, shape ...int) nn.Parameter {
		x := &nn.Tensor{Shape: shape, Data: make([]float32, n)}
		for i := range x.Data {
			x.Data[i] = 3
		}
		return nn.Parameter{Name: name, Value: x}
	}
	step := func(v float64) nn.Parameter {
		return nn.Parameter{Name: "step.w", Value: &nn.Tensor{Shape: []int{1}, Data: []float32{float32(v)}}}
	}
	m, v := tensor("exp_avg.w", 6, 2, 3), tensor("exp_avg_sq.w", 6, 2, 3)
	for name, c := range map[string]struct {
		o     train.Optimizer
		state []nn.Parameter
	}{
		"unknown":        {&train.SGD{}, []nn.Parameter{tensor("exp_avg.w", 6, 2, 3)}},
		"a step":         {&train.SGD{}, []nn.Parameter{step(1)}},
		"no name":        {&train.SGD{}, []nn.Parameter{tensor("momentum_buffer", 6, 2, 3)}},
		"an empty name":  {&train.SGD{}, []nn.Parameter{tensor("momentum_buffer.", 6, 2, 3)}},
		"no tensor":      {&train.SGD{}, []nn.Parameter{{Name: "momentum_buffer.w"}}},
		"not full":       {&train.SGD{}, []nn.Parameter{tensor("momentum_buffer.w", 5, 2, 3)}},
		"twice":          {&train.SGD{}, []nn.Parameter{tensor("momentum_buffer.w", 6, 2, 3), tensor("momentum_buffer.w", 6, 2, 3)}},
		"no step":        {&train.AdamW{}, []nn.Parameter{m, v}},
		"no exp_avg":     {&train.AdamW{}, []nn.Parameter{step(1), v}},
		"no exp_avg_sq":  {&train.AdamW{}, []nn.Parameter{m, step(1)}},
		"a step alone":   {&train.AdamW{}, []nn.Parameter{step(1)}},
		"two steps":      {&train.AdamW{}, []nn.Parameter{m, v, step(1), step(1)}},
		"step 0":         {&train.AdamW{}, []nn.Parameter{m, v, step(0)}},
		"step NaN":       {&train.AdamW{}, []nn.Parameter{m, v, step(math.NaN())}},
		"step 1e30":      {&train.AdamW{}, []nn.Parameter{m, v, step(1e30)}},
		"a long step":    {&train.AdamW{}, []nn.Parameter{m, v, tensor("step.w", 2, 2)}},
		"shapes":         {&train.AdamW{}, []nn.Parameter{m, tensor("exp_avg_sq.w", 6, 3, 2), step(1)}},
		"an SGD's state": {&train.AdamW{}, []nn.Parameter{tensor("momentum_buffer.w", 6, 2, 3)}},
	} {
		p := []nn.Parameter{{Name: "w", Value: uniform("w", 1, 2, 3), Gradient: uniform("g", 1, 6).Data}}
		if err := c.o.Step(p, 0.1); err != nil {
			t.Fatal(err)
		}
		before := c.o.State()
		if err := c.o.Restore(c.state); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after := c.o.State(); len(after) != len(before) {
			t.Errorf("%s: the state has changed", name)
		}
	}
	// A state of another network is found out at the step.
	o := &train.AdamW{}
	if err := o.Restore([]nn.Parameter{m, v, step(1)}); err != nil {
		t.Fatal(err)
	}
	if err := o.Step([]nn.Parameter{{Name: "w", Value: uniform("w", 1, 3, 2), Gradient: uniform("g", 1, 6).Data}}, 0.1); err == nil {
		t.Error("a parameter of another shape: no error")
	}
	// None is a beginning.
	if err := o.Restore(nil); err != nil || len(o.State()) != 0 {
		t.Errorf("no state: error %v", err)
	}
}

// After the first, a step on one core takes no memory.
func TestOptimizersAllocate(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, c := range optimizerCases() {
		o, list := c.make(), parameters(3000)
		gradients(list, 9, 3000, 1)
		if n := testing.AllocsPerRun(5, func() {
			if err := o.Step(list, 0.1); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %g allocations", c.key, n)
		}
	}
	var a train.Average
	list := parameters(3000)
	if err := a.Update(list); err != nil { // which copies
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() {
		if err := a.Update(list); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Average: %g allocations", n)
	}
}

// BenchmarkOptimizers takes a step over as many weights as ResNet18 has.
func BenchmarkOptimizers(b *testing.B) {
	const n = 11_000_000
	list := []nn.Parameter{{Name: "w", Value: uniform("w", 1, n/10, 10), Gradient: uniform("g", 1, n).Data}}
	var a train.Average
	for name, f := range map[string]func() error{
		"SGD":      func() error { return (&train.SGD{}).Step(list, 1e-9) },
		"momentum": stepper(&train.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4}, list),
		"AdamW":    stepper(&train.AdamW{}, list),
		"Average":  func() error { return a.Update(list) },
		"ClipNorm": func() error { train.ClipNorm(list, 1e30); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func stepper(o train.Optimizer, list []nn.Parameter) func() error {
	return func() error { return o.Step(list, 1e-9) }
}
