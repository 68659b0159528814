package arch

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/train"
)

// TestTenStepsAgainstPyTorch trains a small ResNet18 for ten steps, each on a batch of its
// own, as PyTorch does in float64: all losses, and all weights and running statistics at the
// end, within 1e-4.
func TestTenStepsAgainstPyTorch(t *testing.T) {
	f := golden.Open(t, "learn/steps")
	number := func(name string) (v float64) {
		if _, err := fmt.Sscan(f.Metadata(name), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	var betas [2]float64
	if _, err := fmt.Sscanf(f.Metadata("adamw.betas"), "(%g, %g)", &betas[0], &betas[1]); err != nil {
		t.Fatal(err)
	}
	optimisers := map[string]func() train.Optimizer{
		"sgd": func() train.Optimizer {
			return &train.SGD{Momentum: number("sgd.momentum"), Nesterov: f.Metadata("sgd.nesterov") == "True", WeightDecay: number("sgd.weight_decay")}
		},
		"adamw": func() train.Optimizer {
			return &train.AdamW{Beta1: betas[0], Beta2: betas[1], Epsilon: number("adamw.eps"), WeightDecay: number("adamw.weight_decay")}
		},
	}
	for _, how := range trainings {
		for name, optimiser := range optimisers {
			t.Run(how.name+" "+name, func(t *testing.T) {
				opt, err := ParseOptions(f.Metadata("options"))
				if err != nil {
					t.Fatal(err)
				}
				g, err := Build(f.StateDict(), opt)
				if err != nil {
					t.Fatal(err)
				}
				training, err := how.make(g)
				if err != nil {
					t.Fatal(err)
				}
				want, labels := f.Float64(name+".loss"), f.Int64("labels")
				x, steps := zeros(f.Dims("input.shape")...), optimiser()
				furthest := 0.0
				for i, loss := range want {
					x.Data = golden.Uniform(fmt.Sprintf("%s, step %d", f.Metadata(name+".input"), i), len(x.Data), 1)
					n := x.Shape[0]
					classes := make([]int, n)
					for k, label := range labels[i*n : (i+1)*n] {
						classes[k] = int(label)
					}
					got, _, err := training.Learn(t.Context(), x, train.CrossEntropy(classes, number("label_smoothing")))
					if err == nil {
						err = steps.Step(training.Parameters(), number(name+".lr"))
					}
					if err != nil {
						t.Fatal(err)
					}
					furthest = max(furthest, math.Abs(got/loss-1))
				}
				state := g.State()
				worst, where, compared := 0.0, "", 0
				for _, p := range state {
					compared++
					if d := golden.Relative(t, golden.Sketch(p.Name, p.Value.Data), f.Float32(name+".state."+p.Name)); !(d <= worst) {
						worst, where = d, p.Name
					}
				}
				t.Logf("losses differ by %.2g, the worst of %d tensors by %.2g (%s)", furthest, compared, worst, where)
				if furthest > 1e-4 || !(worst <= 1e-4) {
					t.Errorf("losses differ by %.2g, %s by %.2g", furthest, where, worst)
				}
				for _, key := range f.Names() {
					if strings.HasPrefix(key, name+".state.") {
						compared--
					}
				}
				if compared != 0 {
					t.Errorf("%d tensors more than in the golden file", compared)
				}
			})
		}
	}
}
