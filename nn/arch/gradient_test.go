package arch

import (
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

// planned is the network of a golden file, its plan, and the batch.
func planned(t testing.TB, name string) (*nn.Graph, *nn.Plan, *nn.Tensor) {
	t.Helper()
	f := golden.Open(t, filepath.Join("arch", name))
	opt, err := ParseOptions(f.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(f.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return g, plan, namedInput(f)
}

// kinds have, between them, every kind of step.
var kinds = []string{"resnet18", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "convnext_tiny", "inception_v3", "resnet_timm_26d", "squeezenet1_0"}

// TestGradientBits holds outputs and gradients of the plan to the same bits for any batch and
// any number of cores.
func TestGradientBits(t *testing.T) {
	for _, name := range kinds {
		t.Run(name, func(t *testing.T) {
			g, plan, x := planned(t, name)
			layer := g.Modules()[len(g.Modules())/2]
			// Three images: the golden file's, and others.
			shape := slices.Clone(x.Shape)
			shape[0] = 3
			batch := zeros(shape...)
			batch.Data = golden.Uniform("batch", len(batch.Data), 1)
			classes := []int{1, 3, 5}
			run := func(lo, hi int) *nn.Result {
				t.Helper()
				per := len(batch.Data) / 3
				part := &nn.Tensor{Shape: append([]int{hi - lo}, shape[1:]...), Data: batch.Data[lo*per : hi*per]}
				r, err := plan.Gradients(t.Context(), part, nn.GradientOptions{Target: nn.LogProbability(classes[lo:hi])}, layer, nn.InputName)
				if err != nil {
					t.Fatal(err)
				}
				alone, err := plan.Run(t.Context(), part)
				if err != nil {
					t.Fatal(err)
				}
				if d := golden.Relative(t, r.Logits.Data, alone.Logits.Data); d > 3e-6 {
					t.Errorf("logits with gradients differ by %g from those without", d)
				}
				return r
			}
			whole := run(0, 3)
			for _, procs := range []int{1, 2, 5} {
				old := runtime.GOMAXPROCS(procs)
				for i := range 3 {
					one := run(i, i+1)
					for what, pair := range map[string][2]*nn.Tensor{
						"logits": {whole.Logits, one.Logits}, layer: {whole.Gradients[layer], one.Gradients[layer]},
						nn.InputName: {whole.Gradients[nn.InputName], one.Gradients[nn.InputName]}, "tap": {whole.Taps[layer], one.Taps[layer]},
					} {
						per := len(pair[1].Data)
						if !slices.Equal(pair[0].Data[i*per:(i+1)*per], pair[1].Data) {
							t.Errorf("%d cores: %s of image %d alone has other bits", procs, what, i)
						}
					}
				}
				runtime.GOMAXPROCS(old)
			}
		})
	}
}

// TestGuided compares guided backpropagation of the plan with the reference's.
func TestGuided(t *testing.T) {
	for _, name := range []string{"resnet18", "densenet121", "resnet_option_a"} {
		g, plan, x := planned(t, name)
		opt := nn.GradientOptions{Guided: true}
		want, err := g.Gradients(t.Context(), x, opt, nn.InputName)
		if err != nil {
			t.Fatal(err)
		}
		got, err := plan.Gradients(t.Context(), x, opt, nn.InputName)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := plan.Gradients(t.Context(), x, nn.GradientOptions{}, nn.InputName)
		if err != nil {
			t.Fatal(err)
		}
		d := golden.Relative(t, got.Gradients[nn.InputName].Data, want.Gradients[nn.InputName].Data)
		t.Logf("%s: %.2g", name, d)
		if d > 1e-5 {
			t.Errorf("%s: guided gradients differ by %g", name, d)
		}
		if golden.Relative(t, plain.Gradients[nn.InputName].Data, want.Gradients[nn.InputName].Data) < 0.1 {
			t.Errorf("%s: guided or not, the gradients are the same", name)
		}
	}
}

// TestGradientOfOutput takes gradients where there is hardly a way back: of the logits
// themselves and of what the head takes.
func TestGradientOfOutput(t *testing.T) {
	g, plan, x := planned(t, "resnet18")
	for _, m := range []nn.Network{g, plan} {
		r, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: nn.Logit([]int{2, 2})}, "fc", "flatten", "avgpool")
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range r.Gradients["fc"].Data {
			if want := float32(0); i%10 == 2 {
				want = 1
				if v != want {
					t.Errorf("d logit 2 / d logit 2 is %v", v)
				}
			} else if v != want {
				t.Errorf("d logit 2 / d logit %d is %v", i%10, v)
			}
		}
		row := m.Head().Weight.Data[2*512 : 3*512]
		for _, name := range []string{"flatten", "avgpool"} {
			for i, v := range r.Gradients[name].Data {
				if math.Abs(float64(v-row[i%512])) > 1e-7 {
					t.Fatalf("%s: d logit / d feature %d is %v, want the weight %v", name, i%512, v, row[i%512])
				}
			}
		}
	}
}

func TestGradientErrors(t *testing.T) {
	g, plan, x := planned(t, "resnet18")
	boom := errors.New("boom")
	for _, m := range []nn.Network{g, plan} {
		if _, err := m.Gradients(t.Context(), x, nn.GradientOptions{}, "layer9"); err == nil {
			t.Error("no error for an unknown layer")
		}
		if _, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: nn.Logit([]int{0, 10})}, "layer4"); err == nil {
			t.Error("no error for class 10 of 10")
		}
		if _, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: nn.Logit([]int{0})}, "layer4"); err == nil {
			t.Error("no error for one class and two images")
		}
		if _, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: nn.Weighted([]float64{1})}, "layer4"); err == nil {
			t.Error("no error for one weight and ten logits")
		}
		failing := func(int, []float64, []float64) (float64, error) { return 0, boom }
		if _, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: failing}, "layer4"); !errors.Is(err, boom) {
			t.Errorf("a target that fails: %v", err)
		}
		if _, err := m.Gradients(t.Context(), zeros(1, 1, 32, 32), nn.GradientOptions{}, "layer4"); err == nil {
			t.Error("no error for one channel")
		}
	}
}
