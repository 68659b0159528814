package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// What comes before a module stays; what comes after has He's weights, and norms that do
// nothing.
func TestRedrawn(t *testing.T) {
	g, err := arch.Build(golden.Open(t, "arch/resnet18").StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := g.Redrawn("conv1", 5)
	if err != nil {
		t.Fatal(err)
	}
	same, err := g.Redrawn("conv1", 5)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, n := range again.Nodes() {
		old := g.Nodes()[i].Op
		switch op := n.Op.(type) {
		case *nn.Conv2d:
			if n.Name == "conv1" {
				if op != old {
					t.Error("conv1 is another one")
				}
				continue
			}
			if !slices.Equal(op.Weight.Data, same.Nodes()[i].Op.(*nn.Conv2d).Weight.Data) {
				t.Errorf("%s: other weights for the same seed", n.Name)
			}
			squares := 0.0
			for _, v := range op.Weight.Data {
				squares += float64(v) * float64(v)
			}
			count := float64(len(op.Weight.Data))
			fanIn := count / float64(op.Weight.Shape[0])
			if got := squares / count * fanIn / 2; math.Abs(got-1) > 6*math.Sqrt(2/count) {
				t.Errorf("%s: variance %v of He's", n.Name, got)
			}
			seen["conv"] = true
		case *nn.BatchNorm2d:
			for c := range op.Weight {
				if op.Weight[c] != 1 || op.Bias[c] != 0 || op.RunningMean[c] != 0 || op.RunningVar[c] != 1 {
					t.Fatalf("%s: channel %d is not that of a new norm", n.Name, c)
				}
			}
			seen[n.Name] = true
		case *nn.Linear:
			if slices.Equal(op.Weight.Data, old.(*nn.Linear).Weight.Data) || slices.ContainsFunc(op.Bias, func(v float32) bool { return v != 0 }) {
				t.Error("fc is the old one, or has a bias")
			}
			seen["fc"] = true
		}
	}
	if !seen["conv"] || !seen["bn1"] || !seen["fc"] {
		t.Errorf("seen %v", seen)
	}
	if _, err := g.Redrawn("conv9", 1); err == nil {
		t.Error("no such module: no error")
	}
}
