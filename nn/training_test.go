package nn

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// trainings are what trains a network; all are held to the same.
var trainings = []struct {
	name string
	make func(g *Graph, frozen ...string) (Training, error)
}{
	{"reference", NewTraining},
	{"compiled", CompileTraining},
}

// learnerCases are the operations with weights: those of operationCases, and the factors
// of ConvNeXt.
func learnerCases() []opCase {
	list := []opCase{{"layer scale", [][]int{{2, 5, 3, 4}}, func(n string) Operation {
		return &Affine{Scale: param(n+"/layer_scale", 5, 1, 1).Data, Learned: "layer_scale"}
	}}}
	for _, c := range operationCases() {
		if c.name == "affine" {
			c.make = func(n string) Operation {
				return &Affine{Scale: param(n+"/weight", 3).Data, Shift: param(n+"/bias", 3).Data, Learned: "weight"}
			}
		}
		if _, ok := c.make(c.name).(Learner); ok {
			list = append(list, c)
		}
	}
	return list
}

// A normCase is a batch norm in train mode.
type normCase struct {
	name   string
	shape  []int
	offset float32 // of the batches' numbers
	set    func(*BatchNorm2d)
}

// normCases holds the table norms of testdata/export/learn.py.
func normCases() []normCase {
	plain := func(*BatchNorm2d) {}
	return []normCase{
		{"batchnorm train", []int{3, 5, 4, 7}, 0, plain},
		{"batchnorm train vectors", []int{4, 6, 1, 1}, 0, plain},
		{"batchnorm train one image", []int{1, 3, 5, 3}, 0, func(l *BatchNorm2d) { l.Eps, l.Momentum = 0.1, 0.3 }},
		{"batchnorm train two values", []int{2, 4, 1, 1}, 0, plain},
		{"batchnorm train far from zero", []int{2, 3, 9, 8}, 50, plain},
	}
}

func (c normCase) norm() *BatchNorm2d {
	l := batchNormOf(c.name+"/", c.shape[1])
	l.Train = true
	c.set(l)
	return l
}

func (c normCase) input(batch string) *Tensor {
	x := empty(c.shape...)
	x.Data = golden.Uniform(c.name+"/"+batch+"/input", len(x.Data), 1)
	for i := range x.Data {
		x.Data[i] += c.offset
	}
	return x
}

func named(name string, shape ...int) *Tensor {
	x := empty(shape...)
	x.Data = golden.Uniform(name, len(x.Data), 1)
	return x
}

// TestLearnersAgainstPyTorch holds the gradients by the weights of every operation to
// PyTorch's.
func TestLearnersAgainstPyTorch(t *testing.T) {
	want := golden.Open(t, "learn/layers.safetensors")
	compared, worst := 0, 0.0
	for _, c := range learnerCases() {
		op, x := c.make(c.name).(Learner), c.inputs()
		y, err := op.Forward(t.Context(), x...)
		if err != nil {
			t.Fatal(err)
		}
		dy := c.gradient(y.Shape)
		dw, err := op.BackwardParameters(t.Context(), dy, y, x...)
		if err != nil {
			t.Fatal(err)
		}
		parameters := op.Parameters()
		if len(dw) != len(parameters) {
			t.Fatalf("%s: %d gradients of %d parameters", c.name, len(dw), len(parameters))
		}
		for i, p := range parameters {
			compared++
			key := c.name + "/" + p.Name
			if !slices.Equal(dw[i].Shape, p.Value.Shape) {
				t.Errorf("%s: shape %v, want %v", key, dw[i].Shape, p.Value.Shape)
			}
			d := golden.Relative(t, golden.Sketch(key, dw[i].Data), want.Float32(key))
			worst = max(worst, d)
			if d > 1e-6 {
				t.Errorf("%s: relative difference %g", key, d)
			}
		}
	}
	stored := 0
	for _, name := range want.Names() {
		if !strings.HasPrefix(name, "batchnorm train") && name != "affine/bias" { // a constant in Go
			stored++
		}
	}
	if compared != stored {
		t.Errorf("compared %d, the golden file has %d", compared, stored)
	}
	t.Logf("%d gradients, the worst differs by %.2g", compared, worst)
}

// TestBatchNormTrainMode holds outputs, gradients and running statistics of two batches to
// PyTorch's.
func TestBatchNormTrainMode(t *testing.T) {
	want := golden.Open(t, "learn/layers.safetensors")
	worst := 0.0
	for _, c := range normCases() {
		l := c.norm()
		compare := func(key string, got []float32) {
			t.Helper()
			d := golden.Relative(t, got, want.Float32(key))
			worst = max(worst, d)
			if d > 1e-6 {
				t.Errorf("%s: relative difference %g", key, d)
			}
		}
		for _, batch := range []string{"first", "second"} {
			key := c.name + "/" + batch
			x, dy := c.input(batch), named(key+"/dy", c.shape...)
			before := slices.Concat(l.RunningMean, l.RunningVar, l.Weight, l.Bias, x.Data)
			y, err := l.Forward(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			dx, err := l.Backward(t.Context(), dy, y, x)
			if err != nil {
				t.Fatal(err)
			}
			dw, err := l.BackwardParameters(t.Context(), dy, y, x)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before, slices.Concat(l.RunningMean, l.RunningVar, l.Weight, l.Bias, x.Data)) {
				t.Errorf("%s: forward or backward changed what they were given", key)
			}
			compare(key+"/y", y.Data)
			compare(key+"/dx", dx[0].Data)
			compare(key+"/weight", dw[0].Data)
			compare(key+"/bias", dw[1].Data)
			mean, variance, err := moments(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			l.Track(mean, variance, len(x.Data)/c.shape[1])
		}
		compare(c.name+"/running_mean", l.RunningMean)
		compare(c.name+"/running_var", l.RunningVar)
		if _, err := l.Forward(t.Context(), empty(1, c.shape[1], 1, 1)); err == nil {
			t.Errorf("%s: a single value a channel was taken", c.name)
		}
	}
	t.Logf("the worst differs by %.2g", worst)
}

// small is a network with every operation that learns, a branch, a norm that two nodes
// share, and a layer that runs twice; images are of 2 x 6 x 5.
func small(t testing.TB) *Graph {
	t.Helper()
	g := &Graph{}
	add := func(name string, op Operation, inputs ...int) int {
		t.Helper()
		node, err := g.Add(name, op, inputs...)
		if err != nil {
			t.Fatal(err)
		}
		return node
	}
	again := &Conv2d{Weight: param("again.weight", 4, 4, 1, 1), Bias: param("again.bias", 4).Data}
	x := add("stem", &Conv2d{Weight: param("stem.weight", 4, 2, 3, 3), Padding: Square(1)}, Input)
	x = add("bn", batchNormOf("bn.", 4), x)
	x = add("act", SiLU, x)
	y := add("block.0", &Conv2d{Weight: param("block.0.weight", 4, 1, 3, 3), Padding: Square(1), Groups: 4}, x)
	y = add("block.1", batchNormOf("block.1.", 4), y)
	y = add("block.2", layerNormOf("block.2", 4, true), y)
	y = add("block.mul", &Affine{Scale: param("block.layer_scale", 4, 1, 1).Data, Learned: "layer_scale"}, y)
	x = add("block.add", Add{}, x, y)
	if err := g.Contain("block", x); err != nil {
		t.Fatal(err)
	}
	x = add("again#1", again, x)
	x = add("tanh", Tanh, x)
	x = add("again", again, x)
	x = add("constant", &Affine{Scale: []float32{1, 2, 3, 4}}, x)
	x = add("pool", &AdaptiveAvgPool2d{}, x)
	x = add("flatten", Flatten{}, x)
	add("fc", &Linear{Weight: param("fc.weight", 3, 4), Bias: param("fc.bias", 3).Data}, x)
	return g
}

// weighted is a loss that is not linear: the sum of w z^2 over all logits z.
func weighted(logits, d *Tensor) (float64, error) {
	loss := 0.0
	for i, w := range golden.Uniform("loss", len(logits.Data), 1) {
		z := float64(logits.Data[i])
		loss += float64(w) * z * z
		d.Data[i] = float32(2 * float64(w) * z)
	}
	return loss, nil
}

func names(list []Parameter) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return out
}

// numbers are all numbers of a network that training can change.
func numbers(g *Graph) []float32 {
	var all []float32
	for _, p := range g.State() {
		all = append(all, p.Value.Data...)
	}
	return all
}

func TestState(t *testing.T) {
	want := []string{
		"stem.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "block.0.weight",
		"block.1.weight", "block.1.bias", "block.1.running_mean", "block.1.running_var",
		"block.2.weight", "block.2.bias", "block.layer_scale", "again.weight", "again.bias", "fc.weight", "fc.bias",
	}
	g := small(t)
	if got := names(g.State()); !slices.Equal(got, want) {
		t.Errorf("state %v, want %v", got, want)
	}
	learned := slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, "running") })
	for _, how := range trainings {
		training, err := how.make(g)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(training.Parameters()); !slices.Equal(got, learned) {
			t.Errorf("%s: parameters %v, want %v", how.name, got, learned)
		}
	}
	for _, p := range g.State() {
		if p.Gradient != nil {
			t.Errorf("%s has a gradient", p.Name)
		}
		p.Value.Data[0] = 42
	}
	for _, p := range g.State() {
		if p.Value.Data[0] != 42 {
			t.Errorf("%s: the numbers are not the network's own", p.Name)
		}
	}
}

// TestTrainingDifferences holds the gradients of a whole network to differences of the loss.
func TestTrainingDifferences(t *testing.T) {
	for _, how := range trainings {
		training, err := how.make(small(t))
		if err != nil {
			t.Fatal(err)
		}
		x := named("images", 3, 2, 6, 5)
		loss := func() float64 {
			v, _, err := training.Learn(t.Context(), x, weighted)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		for _, p := range training.Parameters() {
			loss() // gradients are written and not added to: those of the last differences are gone
			checkDifferences(t, how.name+" "+p.Name, p.Value.Data, slices.Clone(p.Gradient), loss)
		}
	}
}

// TestFrozen freezes modules and parameters.
func TestFrozen(t *testing.T) {
	for _, how := range trainings {
		for _, c := range []struct {
			frozen, held, still []string // names; parameters without gradient; norms in eval mode
		}{
			{nil, nil, nil},
			{[]string{"bn"}, []string{"bn.weight", "bn.bias"}, []string{"bn"}},
			{[]string{"bn.weight", "fc.bias"}, []string{"bn.weight", "fc.bias"}, nil},
			{[]string{"block"}, []string{"block.0.weight", "block.1.weight", "block.1.bias", "block.2.weight", "block.2.bias", "block.layer_scale"}, []string{"block.1"}},
			{[]string{"stem", "bn", "block.layer_scale"}, []string{"stem.weight", "bn.weight", "bn.bias", "block.layer_scale"}, []string{"bn"}},
			{[]string{"again"}, []string{"again.weight", "again.bias"}, nil},
			{[]string{"stem", "bn", "block", "again", "fc"}, []string{"stem.weight", "bn.weight", "bn.bias", "block.0.weight", "block.1.weight", "block.1.bias",
				"block.2.weight", "block.2.bias", "block.layer_scale", "again.weight", "again.bias", "fc.weight", "fc.bias"}, []string{"bn", "block.1"}},
		} {
			g := small(t)
			training, err := how.make(g, c.frozen...)
			if err != nil {
				t.Fatal(err)
			}
			before := map[string][]float32{}
			for _, p := range g.State() {
				before[p.Name] = slices.Clone(p.Value.Data)
			}
			x := named("images", 3, 2, 6, 5)
			learn := func() float64 {
				v, _, err := training.Learn(t.Context(), x, weighted)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			learn()
			for _, p := range g.State() {
				module, buffer, ok := strings.Cut(p.Name, ".running_")
				changed, want := !slices.Equal(p.Value.Data, before[p.Name]), ok && !slices.Contains(c.still, module)
				if changed != want {
					t.Errorf("%s, frozen %v: %s changed: %v, want %v", how.name, c.frozen, p.Name, changed, want)
				}
				if ok && slices.Contains(c.still, module) && buffer == "var" { // what the norm divides by
					for i := range p.Value.Data {
						p.Value.Data[i] = 4
					}
				}
			}
			for _, p := range training.Parameters() {
				if held := p.Gradient == nil; held != slices.Contains(c.held, p.Name) {
					t.Errorf("%s, frozen %v: %s has no gradient: %v", how.name, c.frozen, p.Name, held)
				}
			}
			for _, p := range training.Parameters() {
				learn()
				if p.Gradient != nil {
					checkDifferences(t, fmt.Sprint(how.name, " frozen ", c.frozen, " ", p.Name), p.Value.Data, slices.Clone(p.Gradient), learn)
				}
			}
		}
		for _, name := range []string{"", "bloc", "layer1", "act", "block.mul", "bn.running_mean", "constant", "fc.weight.x"} {
			if _, err := how.make(small(t), "bn", name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) || !strings.Contains(err.Error(), "again") {
				t.Errorf("%s: frozen %q: error %v", how.name, name, err)
			}
		}
	}
}

// TestLearnFails leaves all weights and running statistics as they were where a batch, the
// loss or the context ends it.
func TestLearnFails(t *testing.T) {
	boom := errors.New("boom")
	for _, how := range trainings {
		g := small(t)
		training, err := how.make(g)
		if err != nil {
			t.Fatal(err)
		}
		x := named("images", 3, 2, 6, 5)
		before := numbers(g)
		for name, c := range map[string]struct {
			x    *Tensor
			loss Loss
		}{
			"nil":           {nil, weighted},
			"three numbers": {&Tensor{[]int{3, 2, 6, 5}, make([]float32, 3)}, weighted},
			"channels":      {named("images", 3, 3, 6, 5), weighted},
			"one value":     {named("images", 1, 2, 1, 1), weighted},
			"no loss":       {x, nil},
			"loss":          {x, func(*Tensor, *Tensor) (float64, error) { return 1, boom }},
			"short":         {x, func(_, d *Tensor) (float64, error) { d.Data = d.Data[1:]; return 1, nil }},
		} {
			v, logits, err := training.Learn(t.Context(), c.x, c.loss)
			if err == nil || v != 0 || logits != nil || name == "loss" && !errors.Is(err, boom) {
				t.Errorf("%s: %s: %v, %v and error %v", how.name, name, v, logits, err)
			}
		}
		if !slices.Equal(before, numbers(g)) {
			t.Fatalf("%s: an error changed the network", how.name)
		}
		vectors := &Graph{}
		if _, err := vectors.Add("fc", &Linear{Weight: param("fc.weight", 3, 4)}, Input); err != nil {
			t.Fatal(err)
		}
		if of, err := how.make(vectors); err != nil {
			t.Error(err)
		} else if _, _, err := of.Learn(t.Context(), named("vectors", 2, 4), weighted); err == nil {
			t.Errorf("%s: vectors were taken for images", how.name)
		}
		looks := countdown.Stops(t, how.name, 200, 2, func(ctx context.Context) error {
			before := numbers(g)
			_, _, err := training.Learn(ctx, x, weighted)
			if changed := !slices.Equal(before, numbers(g)); changed != (err == nil) {
				t.Errorf("%s: error %v, the network changed: %v", how.name, err, changed)
			}
			return err
		})
		if looks < 30 {
			t.Errorf("%s: %d looks at the context", how.name, looks)
		}
	}
}

// opaque has no weights that anybody knows of, and may not be run backward.
type opaque struct{ Identity }

func (opaque) Backward(context.Context, *Tensor, *Tensor, ...*Tensor) ([]*Tensor, error) {
	return nil, errors.New("a gradient that nobody needs")
}

func (opaque) move([]int, [][]int, func(i, from, to, n, inStep int)) {}

// secret hides that its operation is known.
type secret struct{ Operation }

// told has parameters of its own choice.
type told struct {
	opaque
	list []Parameter
}

func (l told) Parameters() []Parameter { return l.list }

func (l told) BackwardParameters(context.Context, *Tensor, *Tensor, ...*Tensor) ([]*Tensor, error) {
	return []*Tensor{{[]int{1}, []float32{1}}}, nil
}

// TestTrainingTakesOperations tells which operations training takes, and how far back it
// goes.
func TestTrainingTakesOperations(t *testing.T) {
	for _, how := range trainings {
		if _, err := how.make(&Graph{}); err == nil {
			t.Errorf("%s: a graph without nodes was taken", how.name)
		}
		deep := func(first Operation, frozen ...string) error {
			g := &Graph{}
			for i, op := range []Operation{
				&Conv2d{Weight: param("conv.weight", 2, 2, 1, 1)}, first, &Conv2d{Weight: param("last.weight", 3, 2, 1, 1)},
			} {
				if _, err := g.Add([]string{"conv", "first", "last"}[i], op, i-1); err != nil {
					t.Fatal(err)
				}
			}
			training, err := how.make(g, frozen...)
			if err != nil {
				return err
			}
			_, _, err = training.Learn(t.Context(), named("images", 2, 2, 3, 3), weighted)
			return err
		}
		one := []Parameter{{Name: "one", Value: &Tensor{[]int{1}, []float32{1}}}}
		for _, c := range []struct {
			name   string
			first  Operation
			frozen []string
			err    string
		}{
			{"known", ReLU, nil, ""},
			{"unknown", secret{ReLU}, nil, "first: how the weights of secret learn"},
			{"backward is needed", opaque{}, nil, "first: backward: a gradient that nobody needs"},
			{"backward is not needed", opaque{}, []string{"conv"}, ""},
			{"a learner alone", told{list: one}, []string{"conv"}, ""},
			{"a learner behind another", told{list: one}, nil, "first: backward"},
			{"without numbers", told{list: []Parameter{{Name: "w", Value: &Tensor{Shape: []int{0}}}}}, nil, "first.w has shape [0]"},
			{"too few", told{list: []Parameter{{Name: "w", Value: &Tensor{Shape: []int{2}}}}}, nil, "first.w: nn: 0 elements"},
			{"nil", told{list: []Parameter{{Name: "w"}}}, nil, "first.w: nn: a nil tensor"},
		} {
			if err := deep(c.first, c.frozen...); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %s: error %v, want %q", how.name, c.name, err, c.err)
			}
		}
	}
}

// TestTrainingBits holds what is learnt to the same bits for any number of cores.
func TestTrainingBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, how := range trainings {
		var want []float32
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			g := small(t)
			training, err := how.make(g)
			if err != nil {
				t.Fatal(err)
			}
			_, logits, err := training.Learn(t.Context(), named("images", 5, 2, 26, 25), weighted)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(logits.Data, numbers(g))
			for _, p := range training.Parameters() {
				got = append(got, p.Gradient...)
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: other bits with %d cores", how.name, procs)
			}
		}
	}
}

// TestEvalModeAfterTraining tells that a network which is trained is in eval mode itself,
// with the statistics that followed, and that a plan refuses a norm in train mode.
func TestEvalModeAfterTraining(t *testing.T) {
	for _, how := range trainings {
		g := small(t)
		training, err := how.make(g)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := training.Learn(t.Context(), named("images", 3, 2, 6, 5), weighted); err != nil {
			t.Fatal(err)
		}
		images := named("others", 2, 2, 6, 5)
		both, err := g.Run(t.Context(), images)
		if err != nil {
			t.Fatal(err)
		}
		first, err := g.Run(t.Context(), &Tensor{[]int{1, 2, 6, 5}, images.Data[:60]})
		if err != nil {
			t.Fatal(err)
		}
		if d := golden.Relative(t, first.Logits.Data, both.Logits.Data[:3]); d > 1e-6 {
			t.Errorf("%s: the other images of a batch matter, by %g", how.name, d)
		}
		plan, err := Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		planned, err := plan.Run(t.Context(), images)
		if err != nil {
			t.Fatal(err)
		}
		if d := golden.Relative(t, planned.Logits.Data, both.Logits.Data); d > 1e-5 {
			t.Errorf("%s: the plan of what was trained differs by %g", how.name, d)
		}
	}
	for _, op := range []Operation{&Conv2d{Weight: param("conv.weight", 2, 2, 1, 1)}, ReLU} {
		g := &Graph{}
		norm := batchNormOf("bn.", 2)
		norm.Train = true
		if _, err := g.Add("first", op, Input); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Add("bn", norm, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(g); err == nil || !strings.Contains(err.Error(), "fixed factors") {
			t.Errorf("a plan of a norm in train mode behind %s: error %v", kind(op), err)
		}
		if _, _, err := g.HessianVector(t.Context(), map[string]*Tensor{"first": named("x", 1, 2, 2, 2)}, "first", named("v", 1, 2, 2, 2), nil); err == nil || !strings.Contains(err.Error(), "train mode") {
			t.Errorf("second derivatives of a norm in train mode: error %v", err)
		}
	}
}

// TestTrack follows a batch of one value, which has no unbiased variance.
func TestTrack(t *testing.T) {
	l := &BatchNorm2d{RunningMean: []float32{1, 2}, RunningVar: []float32{3, 4}, Momentum: 0.5}
	l.Track([]float64{3, 4}, []float64{5, 6}, 1)
	if !slices.Equal(l.RunningMean, []float32{2, 3}) || !slices.Equal(l.RunningVar, []float32{4, 5}) {
		t.Errorf("running mean %v and variance %v", l.RunningMean, l.RunningVar)
	}
	l.Track([]float64{0, 0, 0}, nil, 3) // more or fewer than channels
	if !slices.Equal(l.RunningMean, []float32{1, 1.5}) {
		t.Errorf("running mean %v", l.RunningMean)
	}
}

// TestBackwardParametersRefuse gives them what does not fit.
func TestBackwardParametersRefuse(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range learnerCases() {
		op, x := c.make(c.name).(Learner), c.inputs()
		y, err := op.Forward(t.Context(), x...)
		if err != nil {
			t.Fatal(err)
		}
		for what, f := range map[string]func() ([]*Tensor, error){
			"dy":   func() ([]*Tensor, error) { return op.BackwardParameters(t.Context(), empty(1, 2), y, x...) },
			"y":    func() ([]*Tensor, error) { return op.BackwardParameters(t.Context(), y, nil, x...) },
			"x":    func() ([]*Tensor, error) { return op.BackwardParameters(t.Context(), y, y) },
			"done": func() ([]*Tensor, error) { return op.BackwardParameters(done, y, y, x...) },
		} {
			if _, err := f(); err == nil || what == "done" && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: no error for %s: %v", c.name, what, err)
			}
		}
	}
	x := named("x", 1, 2, 3, 3)
	if dw, err := (&Affine{Scale: []float32{1, 2}}).BackwardParameters(t.Context(), x, x, x); err != nil || len(dw) != 0 {
		t.Errorf("constants have the gradients %v, error %v", dw, err)
	}
	for _, op := range []Learner{&Conv2d{}, &Linear{}, &BatchNorm2d{}, &LayerNorm{}, &Affine{Learned: "x"}} {
		if p := op.Parameters(); len(p) != 0 {
			t.Errorf("%s without weights has the parameters %v", kind(op), p)
		}
	}
}
