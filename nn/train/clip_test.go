package train_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/near"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// clippable are the parameters of the export script, with their gradients, and one that
// has none.
func clippable() []nn.Parameter {
	list := append(parameters(1), nn.Parameter{Name: "frozen", Value: uniform("frozen", 1, 3)})
	for i, p := range list[:3] {
		list[i].Gradient = uniform("clip/"+p.Name, 1, len(p.Value.Data)).Data
	}
	return list
}

func TestClipNorm(t *testing.T) {
	f := golden.Open(t, "train")
	for _, limit := range []float64{1e-3, 0.5, 1, 100} {
		list, key := clippable(), fmt.Sprintf("clip/%g/", limit)
		norm := train.ClipNorm(list, limit)
		near.AtMost(t, key+"norm", near.Elementwise(t, []float64{norm}, f.Float64(key+"norm")), 1e-14)
		for _, p := range list[:3] {
			near.AtMost(t, key+p.Name, near.Elementwise(t, wide(p.Gradient), f.Float64(key+p.Name)), 6e-8)
		}
		if list[3].Gradient != nil {
			t.Error("a gradient for what has none")
		}
	}
}

// What is not above 0 is no limit, and what is not finite shows.
func TestClipNormEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	want := clippable()
	for _, limit := range []float64{0, -1, nan, inf} {
		got := clippable()
		if norm, whole := train.ClipNorm(got, limit), train.ClipNorm(want, 100); norm != whole {
			t.Errorf("norm %g, want %g", norm, whole)
		}
		for i := range want {
			if !slices.Equal(got[i].Gradient, want[i].Gradient) {
				t.Errorf("limit %g: a gradient has changed", limit)
			}
		}
	}
	if norm := train.ClipNorm(nil, 1); norm != 0 {
		t.Errorf("the norm of nothing is %g", norm)
	}
	for _, c := range []struct{ element, norm, other float64 }{{inf, inf, 0}, {nan, nan, nan}} {
		p := []nn.Parameter{{Name: "w", Value: zeros(2), Gradient: []float32{1, float32(c.element)}}}
		norm := train.ClipNorm(p, 1)
		if fmt.Sprint(norm) != fmt.Sprint(c.norm) || fmt.Sprint(p[0].Gradient) != fmt.Sprint([]float32{float32(c.other), float32(nan)}) {
			t.Errorf("element %g: norm %g, gradient %v", c.element, norm, p[0].Gradient)
		}
	}
	// Squares of float32 that float32 does not hold.
	for _, v := range []float32{1e30, 1e-30} {
		p := []nn.Parameter{{Name: "w", Value: zeros(2), Gradient: []float32{3 * v, 4 * v}}}
		near.AtMost(t, "norm", math.Abs(train.ClipNorm(p, 0)/float64(v)/5-1), 1e-6)
	}
}

// The norm of many elements is that of a compensated sum.
func TestClipNormLarge(t *testing.T) {
	g := uniform("clip/large", 1, 100_003).Data
	p := []nn.Parameter{{Name: "a", Value: zeros(40_001), Gradient: g[:40_001]}, {Name: "b", Value: zeros(60_002), Gradient: g[40_001:]}}
	sum, lost := 0.0, 0.0
	for _, v := range wide(g) {
		v = v*v - lost
		lost = (sum + v) - sum - v
		sum += v
	}
	before := slices.Clone(g)
	near.AtMost(t, "norm", math.Abs(train.ClipNorm(p, 10)/math.Sqrt(sum)-1), 1e-14)
	factor := 10 / (math.Sqrt(sum) + 1e-6)
	for i, v := range before {
		if want := factor * float64(v); !(math.Abs(float64(g[i])-want) <= 6e-8*math.Abs(want)) {
			t.Fatalf("element %d is %g, want %g", i, g[i], want)
		}
	}
}
