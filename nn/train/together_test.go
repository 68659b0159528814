package train_test

import (
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// small is the network of together in the export script.
func small(t testing.TB) *nn.Graph {
	vector := func(name string, offset float32, n int) []float32 {
		x := uniform("together/"+name, 1, n).Data
		for i := range x {
			x[i] += offset
		}
		return x
	}
	g := &nn.Graph{}
	for i, op := range []nn.Operation{
		&nn.Conv2d{Weight: uniform("together/0.weight", 1, 4, 3, 3, 3), Padding: nn.Square(1)},
		&nn.BatchNorm2d{Weight: vector("1.weight", 1, 4), Bias: vector("1.bias", 0, 4),
			RunningMean: vector("1.running_mean", 0, 4), RunningVar: vector("1.running_var", 1, 4)},
		nn.ReLU,
		&nn.AdaptiveAvgPool2d{Size: 1},
		nn.Flatten{},
		&nn.Linear{Weight: uniform("together/5.weight", 1, 3, 4), Bias: vector("5.bias", 0, 3)},
	} {
		if _, err := g.Add(string(rune('0'+i)), op, i-1); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// TestTogether trains a small network for 24 steps, with all that a step has, beside
// PyTorch in float64: the loss and the norm of each step, and the weights and averages at
// the end.
func TestTogether(t *testing.T) {
	t.Run("reference", func(t *testing.T) { together(t, nn.NewTraining) })
	t.Run("compiled", func(t *testing.T) { together(t, nn.CompileTraining) })
}

func together(t *testing.T, newTraining func(g *nn.Graph, frozen ...string) (nn.Training, error)) {
	f := golden.Open(t, "train")
	g := small(t)
	training, err := newTraining(g)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := train.OneCycle(0.2, 24, train.OneCycleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sgd := &train.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-3}
	average := &train.Average{Decay: 0.8}
	images := uniform("together/images", 1, 12, 3, 6, 6)
	var losses, norms []float64
	for step := range 24 {
		first, n := step%3*4, len(images.Data)/12
		batch := &nn.Tensor{Shape: []int{4, 3, 6, 6}, Data: images.Data[first*n : (first+4)*n]}
		labels := []int{first % 3, (first + 1) % 3, (first + 2) % 3, first % 3}
		loss, _, err := training.Learn(t.Context(), batch, train.CrossEntropy(labels, 0.1))
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
		norms = append(norms, train.ClipNorm(training.Parameters(), 0.5))
		if err := sgd.Step(training.Parameters(), schedule(step)); err != nil {
			t.Fatal(err)
		}
		if err := average.Update(g.State()); err != nil {
			t.Fatal(err)
		}
	}
	near.AtMost(t, "losses", near.Elementwise(t, losses, f.Float64("together64/losses")), 1e-6)
	near.AtMost(t, "norms", near.Elementwise(t, norms, f.Float64("together64/norms")), 1e-6)
	for _, p := range append(g.State(), average.State()...) {
		near.AtMost(t, p.Name, golden.Relative(t, wide(p.Value.Data), f.Float64("together64/"+p.Name)), 1e-6)
	}
}
