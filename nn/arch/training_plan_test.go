package arch

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

// TestTrainingPlan holds the compiled training pass to the one that runs node by node, for
// an architecture with each kind of steps: logits, all gradients and running statistics. In
// train mode, norms over few values carry rounding ten times as far as in eval mode; the
// batch is one where no ReLU is so near a tie that rounding turns it (Inception v3 has too
// many for that).
func TestTrainingPlan(t *testing.T) {
	for _, name := range kinds {
		t.Run(name, func(t *testing.T) {
			if raceEnabled || testing.Short() || name == "inception_v3" {
				t.Skip("the pass node by node takes long, or has ties")
			}
			compareTraining(t, golden.Open(t, filepath.Join("arch", name)))
		})
	}
	t.Run("frozen", func(t *testing.T) {
		compareTraining(t, golden.Open(t, filepath.Join("arch", "resnet18")), "conv1", "bn1", "layer1", "layer2.0", "layer3.0.bn1", "fc.bias")
	})
}

// squares is the mean over the batch of the squared logits, each with a weight of its own.
func squares(logits, d *nn.Tensor) (float64, error) {
	sum := 0.0
	n, each := float64(logits.Shape[0]), logits.Shape[1]
	for i, z := range logits.Data {
		weight := 1 + float64(i%each)/float64(each)
		sum += weight * float64(z) * float64(z) / n
		d.Data[i] = float32(2 * weight * float64(z) / n)
	}
	return sum, nil
}

type learned struct {
	loss       float64
	logits     []float32
	parameters []nn.Parameter
	state      []nn.Parameter
}

// learn runs one step of a network that is built for it.
func learn(t *testing.T, f *golden.File, x *nn.Tensor, how func(*nn.Graph, ...string) (nn.Training, error), frozen ...string) learned {
	t.Helper()
	opt, err := ParseOptions(f.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(f.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	training, err := how(g, frozen...)
	if err != nil {
		t.Fatal(err)
	}
	loss, logits, err := training.Learn(context.Background(), x, squares)
	if err != nil {
		t.Fatal(err)
	}
	return learned{loss, logits.Data, training.Parameters(), g.State()}
}

func compareTraining(t *testing.T, f *golden.File, frozen ...string) {
	t.Helper()
	shape := f.Dims("input.shape")
	shape[0] = 6
	x := zeros(shape...)
	x.Data = golden.Uniform("training b", len(x.Data), 1)
	want := learn(t, f, x, nn.NewTraining, frozen...)
	got := learn(t, f, x, nn.CompileTraining, frozen...)
	if d := golden.Relative(t, got.logits, want.logits); d > 10*within {
		t.Errorf("logits differ by %.2g", d)
	}
	// The gradient by the bias of a norm in front of another is 0 but for rounding: what is
	// small beside the largest of the module's is as good as that.
	largest := map[string]float64{}
	module := func(p nn.Parameter) string { return p.Name[:strings.LastIndexByte(p.Name, '.')] }
	for _, p := range want.parameters {
		for _, v := range p.Gradient {
			largest[module(p)] = max(largest[module(p)], math.Abs(float64(v)))
		}
	}
	worst, where := 0.0, ""
	for i, p := range want.parameters {
		q := got.parameters[i]
		if q.Name != p.Name || len(q.Gradient) != len(p.Gradient) {
			t.Fatalf("parameter %d is %s with %d gradients, want %s with %d", i, q.Name, len(q.Gradient), p.Name, len(p.Gradient))
		}
		for k, v := range p.Gradient {
			if d := math.Abs(float64(q.Gradient[k])-float64(v)) / largest[module(p)]; !(d <= worst) {
				worst, where = d, p.Name
			}
		}
	}
	t.Logf("%d parameters, the worst gradient differs by %.2g (%s)", len(want.parameters), worst, where)
	if worst > 10*within {
		t.Errorf("the gradient by %s differs by %.2g", where, worst)
	}
	for i, p := range want.state {
		if d := golden.Relative(t, got.state[i].Value.Data, p.Value.Data); d > 10*within {
			t.Errorf("%s differs by %.2g", p.Name, d)
		}
	}
}
