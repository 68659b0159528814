package nn

import (
	"context"
	"math"
	"strings"
	"testing"
)

// TestHessianVector holds second derivatives to differences of the gradients, for every
// kind of operation that bends; cam has goldens of whole networks.
func TestHessianVector(t *testing.T) {
	const c, h, w = 4, 6, 5
	weights := func(name string, shape ...int) *Tensor {
		x := empty(shape...)
		for i := range x.Data {
			x.Data[i] = float32(math.Sin(float64(i*i)+float64(len(name)))) * 0.7
		}
		return x
	}
	ones := weights("norm", c).Data
	for i := range ones {
		ones[i] = 1 + ones[i]/3
	}
	conv := &Conv2d{Weight: weights("conv", c, c, 3, 3), Bias: weights("bias", c).Data, Stride: 1, Padding: [2]int{1, 1}}
	head := &Linear{Weight: weights("head", 3, c), Bias: weights("b", 3).Data}
	for name, ops := range map[string][]Operation{
		"Sigmoid": {Sigmoid}, "SiLU": {SiLU}, "Tanh": {Tanh}, "Hardswish": {Hardswish}, "GELU": {GELU},
		"convolution": {conv, SiLU, conv}, "norm over channels": {&LayerNorm{Weight: ones, Bias: ones, Channels: true}},
		"norm":  {Permute{[4]int{0, 2, 3, 1}}, &LayerNorm{Weight: ones, Bias: ones}, Permute{[4]int{0, 3, 1, 2}}},
		"pools": {SiLU, &MaxPool2d{Kernel: 2, Stride: 2}, GELU, &AvgPool2d{Kernel: 2, Stride: 1}},
		"scale": {&Affine{Scale: ones, Shift: ones}, Sigmoid},
	} {
		for _, squeezed := range []bool{false, true} {
			g := &Graph{}
			add := func(name string, op Operation, inputs ...int) int {
				i, err := g.Add(name, op, inputs...)
				if err != nil {
					t.Fatal(err)
				}
				return i
			}
			at := add("x", Identity{}, Input)
			for i, op := range ops {
				at = add(string(rune('a'+i)), op, at)
			}
			if squeezed { // squeeze and excitation: a product of two that change
				gate := add("sigmoid", Sigmoid, add("squeeze", &AdaptiveAvgPool2d{Size: 1}, at))
				at = add("excite", Mul{}, at, gate)
			}
			add("fc", head, add("flatten", Flatten{}, add("pool", &AdaptiveAvgPool2d{Size: 1}, at)))
			x, v := weights("input", 2, c, h, w), weights("direction", 2, c, h, w)
			target := Probability([]int{1, 2})
			_, product, err := g.HessianVector(t.Context(), map[string]*Tensor{"x": x}, "x", v, target)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			gradient := func(step float64) []float32 {
				moved := empty(x.Shape...)
				for i := range moved.Data {
					moved.Data[i] = x.Data[i] + float32(step)*v.Data[i]
				}
				r, err := g.Gradients(t.Context(), moved, GradientOptions{Target: target}, "x")
				if err != nil {
					t.Fatal(err)
				}
				return r.Gradients["x"].Data
			}
			const step = 1e-2
			up, down := gradient(step), gradient(-step)
			var worst, largest float64
			for i, p := range product.Data {
				want := float64(up[i]-down[i]) / (2 * step)
				worst, largest = max(worst, math.Abs(want-float64(p))), max(largest, math.Abs(want))
			}
			// Where the largest of a window changes on the way, differences are off.
			if limit := 2e-3 * largest; worst > limit || largest == 0 {
				t.Errorf("%s, squeezed %v: differs by %.2g of %.2g", name, squeezed, worst, largest)
			}
		}
	}
}

func TestHessianVectorErrors(t *testing.T) {
	g := &Graph{}
	g.Add("x", Identity{}, Input)
	g.Add("odd", struct{ Operation }{ReLU}, 0)
	x := empty(1, 2)
	if _, _, err := g.HessianVector(t.Context(), map[string]*Tensor{"x": x}, "x", x, Logit(nil)); err == nil || !strings.Contains(err.Error(), "second derivatives") {
		t.Errorf("an operation that is not known: %v", err)
	}
	if _, _, err := g.HessianVector(t.Context(), map[string]*Tensor{"x": x}, "y", x, Logit(nil)); err == nil {
		t.Error("a module that is not given")
	}
	if _, _, err := g.HessianVector(t.Context(), map[string]*Tensor{"x": x}, "x", empty(1, 3), Logit(nil)); err == nil {
		t.Error("a direction of another size")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := g.HessianVector(ctx, map[string]*Tensor{"x": x}, "x", x, Logit(nil)); err == nil {
		t.Error("no error once cancelled")
	}
}
