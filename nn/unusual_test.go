package nn

import (
	"math"
	"strings"
	"testing"
)

// unusual are graphs that no architecture is, but which anybody may build: what the plan
// fuses, passes on and lays out in its own way meets what it is not made for.
func unusual(t *testing.T) map[string]*Graph {
	conv := &Conv2d{Weight: named("conv", 3, 3, 3, 3), Bias: named("bias", 3).Data, Padding: [2]int{1, 1}}
	norm := func() *BatchNorm2d {
		return &BatchNorm2d{Weight: named("weight", 3).Data, Bias: named("shift", 3).Data, RunningMean: named("mean", 3).Data, RunningVar: []float32{1, 2, 0.5}}
	}
	pool := &AdaptiveAvgPool2d{Size: 1}
	linear := func(in int) *Linear { return &Linear{Weight: named("linear", 4, in), Bias: named("constant", 4).Data} }
	type n = Node
	all := map[string][]Node{
		"a shortcut of the batch": {n{"conv", conv, []int{Input}}, n{"add", Add{}, []int{0, Input}}, n{"pool", pool, []int{1}}, n{"flatten", Flatten{}, []int{2}}, n{"fc", linear(3), []int{3}}},
		"the same, the batch first, normalised and rectified": {n{"conv", &Conv2d{Weight: conv.Weight, Padding: conv.Padding}, []int{Input}}, n{"norm", norm(), []int{0}}, n{"add", Add{}, []int{Input, 1}}, n{"relu", ReLU, []int{2}},
			n{"pool", pool, []int{3}}, n{"flatten", Flatten{}, []int{4}}, n{"fc", linear(3), []int{5}}},
		"the batch by another name":          {n{"x", Identity{}, []int{Input}}, n{"conv", conv, []int{0}}, n{"add", Add{}, []int{1, 0}}, n{"pool", pool, []int{2}}, n{"flatten", Flatten{}, []int{3}}, n{"fc", linear(3), []int{4}}},
		"a linear layer of the batch":        {n{"flatten", Flatten{}, []int{Input}}, n{"fc", linear(3 * 8 * 6), []int{0}}},
		"the batch with its channels last":   {n{"turn", Permute{[4]int{0, 2, 3, 1}}, []int{Input}}, n{"relu", ReLU, []int{0}}, n{"back", Permute{[4]int{0, 3, 1, 2}}, []int{1}}, n{"pool", pool, []int{2}}, n{"flatten", Flatten{}, []int{3}}, n{"fc", linear(3), []int{4}}},
		"maps flattened, then rectified":     {n{"pool", &MaxPool2d{Kernel: 2, Stride: 2}, []int{Input}}, n{"flatten", Flatten{}, []int{0}}, n{"relu", ReLU, []int{1}}, n{"fc", linear(3 * 4 * 3), []int{2}}},
		"a convolution flattened, then bent": {n{"conv", conv, []int{Input}}, n{"flatten", Flatten{}, []int{0}}, n{"silu", SiLU, []int{1}}, n{"fc", linear(3 * 8 * 6), []int{2}}},
		"two flattened maps added":           {n{"a", conv, []int{Input}}, n{"b", &MaxPool2d{Kernel: 3, Stride: 1, Padding: 1}, []int{Input}}, n{"fa", Flatten{}, []int{0}}, n{"fb", Flatten{}, []int{1}}, n{"add", Add{}, []int{2, 3}}, n{"fc", linear(3 * 8 * 6), []int{4}}},
		"pooled to four pixels":              {n{"conv", conv, []int{Input}}, n{"relu", ReLU, []int{0}}, n{"pool", &AdaptiveAvgPool2d{Size: 2}, []int{1}}, n{"flatten", Flatten{}, []int{2}}, n{"drop", Identity{}, []int{3}}, n{"fc", linear(3 * 4), []int{4}}},
	}
	graphs := map[string]*Graph{}
	for name, nodes := range all {
		g := &Graph{}
		for _, node := range nodes {
			if _, err := g.Add(node.Name, node.Op, node.Inputs...); err != nil {
				t.Fatal(err)
			}
		}
		graphs[name] = g
	}
	return graphs
}

// near fails the test unless two tensors are the same but for rounding.
func near(t *testing.T, what string, got, want *Tensor) {
	t.Helper()
	if got == nil || len(got.Data) != len(want.Data) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	largest, worst := 0.0, 0.0
	for i, w := range want.Data {
		largest, worst = max(largest, math.Abs(float64(w))), max(worst, math.Abs(float64(got.Data[i]-w)))
	}
	if worst > 1e-5*largest || worst != worst {
		t.Errorf("%s differs by %g of %g", what, worst, largest)
	}
}

// The plan gives what the graph does: outputs of all nodes, gradients by them, and what
// follows from any of them.
func TestUnusualGraphs(t *testing.T) {
	x := named("x", 3, 3, 8, 6)
	for name, g := range unusual(t) {
		plan, err := Compile(g)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		modules := g.Modules()
		want, err := g.Run(t.Context(), x, modules...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := plan.Run(t.Context(), x, modules...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		near(t, name+": logits", got.Logits, want.Logits)
		near(t, name+": features", got.Features, want.Features)
		byGraph, err := g.Gradients(t.Context(), x, GradientOptions{}, append([]string{InputName}, modules...)...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		byPlan, err := plan.Gradients(t.Context(), x, GradientOptions{}, append([]string{InputName}, modules...)...)
		if err != nil {
			t.Errorf("%s: gradients: %v", name, err)
			continue
		}
		near(t, name+": gradient by the input", byPlan.Gradients[InputName], byGraph.Gradients[InputName])
		for _, module := range modules {
			near(t, name+": "+module, got.Taps[module], want.Taps[module])
			near(t, name+": gradient by "+module, byPlan.Gradients[module], byGraph.Gradients[module])
			from := map[string]*Tensor{module: want.Taps[module]}
			a, err := g.Resume(t.Context(), from)
			if err != nil {
				continue // what follows takes more than that
			}
			b, err := plan.Resume(t.Context(), from)
			if err != nil {
				t.Errorf("%s: from %s on: %v", name, module, err)
				continue
			}
			near(t, name+": logits from "+module+" on", b.Logits, a.Logits)
		}
	}
}

// So does training: the loss and the gradients by the weights.
func TestUnusualTraining(t *testing.T) {
	x := named("x", 3, 3, 8, 6)
	loss := func(z, d *Tensor) (float64, error) {
		sum := 0.0
		for i, v := range z.Data {
			sum, d.Data[i] = sum+float64(v)*float64(v)/2, v
		}
		return sum, nil
	}
	for name, g := range unusual(t) {
		byGraph, err := NewTraining(g)
		if err != nil {
			t.Fatal(err)
		}
		byPlan, err := CompileTraining(g)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, _, err := byGraph.Learn(t.Context(), x, loss)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _, err := byPlan.Learn(t.Context(), x, loss)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Errorf("%s: loss %v, want %v", name, got, want)
		}
		p, q := byGraph.Parameters(), byPlan.Parameters()
		for i := range p {
			near(t, name+": gradient by "+p[i].Name, &Tensor{Data: q[i].Gradient}, &Tensor{Data: p[i].Gradient})
		}
	}
}

// A node that takes nothing is an error.
func TestNodeOfNothing(t *testing.T) {
	g := &Graph{}
	if _, err := g.Add("alone", ReLU); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(g); err == nil || !strings.Contains(err.Error(), "alone takes nothing") {
		t.Errorf("error %v", err)
	}
}
