package arch

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

// TestResume: from the output of any module, with those that run past it, the logits and
// features are those of the whole pass, to the bit, in the reference and in the plan; where
// the head alone is left, the plan runs it as the reference does, up to rounding.
func TestResume(t *testing.T) {
	for _, name := range []string{"resnet18", "resnet_option_a", "densenet121", "efficientnet_b0", "convnext_tiny", "squeezenet1_1", "mobilenet_v2", "shufflenet_v2_x0_5", "googlenet"} {
		t.Run(name, func(t *testing.T) {
			c := openNetwork(t, name)
			shape := slices.Clone(c.shape)
			shape[0] = 3
			x := zeros(shape...)
			x.Data = golden.Uniform("resume", len(x.Data), 1)
			modules := c.plan.Modules()
			for i, module := range modules {
				if i%max(1, len(modules)/12) != 0 && i < len(modules)-4 && !strings.HasSuffix(module, "bn2") {
					continue
				}
				if last := c.plan.Nodes()[len(c.plan.Nodes())-1].Name; module == last || strings.HasPrefix(last, module+".") {
					continue // the head, which features do not follow from
				}
				beside, err := c.plan.Beside(module)
				if err != nil {
					t.Fatal(err)
				}
				for _, net := range []nn.Network{c.plan, c.graph} {
					if net == nn.Network(c.graph) && i%3 != 0 {
						continue
					}
					taps := slices.DeleteFunc(append([]string{module}, beside...), func(n string) bool { return n == nn.InputName })
					whole, err := net.Run(t.Context(), x, taps...)
					if err != nil {
						t.Fatal(err)
					}
					given := map[string]*nn.Tensor{}
					for _, n := range taps {
						given[n] = whole.Taps[n]
					}
					if slices.Contains(beside, nn.InputName) {
						given[nn.InputName] = x
					}
					r, err := net.Resume(t.Context(), given)
					if err != nil {
						t.Fatalf("%s with %v: %v", module, beside, err)
					}
					if slices.Equal(whole.Taps[module].Data, whole.Features.Data) {
						if d := golden.Relative(t, r.Logits.Data, whole.Logits.Data); d > 1e-6 {
							t.Errorf("%T, from %s on: logits differ by %.2g", net, module, d)
						}
					} else if !slices.Equal(r.Logits.Data, whole.Logits.Data) || !slices.Equal(r.Logits.Shape, whole.Logits.Shape) {
						t.Errorf("%T, from %s and %v on: other logits", net, module, beside)
					}
					if !slices.Equal(r.Features.Data, whole.Features.Data) {
						t.Errorf("%T, from %s and %v on: other features", net, module, beside)
					}
				}
			}
		})
	}
}

// resumed is a network of the golden files, compiled and not, and the shape of its input.
type resumed struct {
	graph *nn.Graph
	plan  *nn.Plan
	shape []int
}

func openNetwork(t *testing.T, name string) *resumed {
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
	return &resumed{g, plan, f.Dims("input.shape")}
}

// TestResumeErrors: what is given must be there, fit and suffice.
func TestResumeErrors(t *testing.T) {
	c := openNetwork(t, "resnet18")
	x := zeros(c.shape...)
	x.Data = golden.Uniform("resume", len(x.Data), 1)
	r, err := c.plan.Run(t.Context(), x, "layer4.0.bn2", "layer4.0.downsample.1", "layer3")
	if err != nil {
		t.Fatal(err)
	}
	if beside, err := c.plan.Beside("layer4.0.bn2"); err != nil || !slices.Equal(beside, []string{"layer4.0.downsample.1"}) {
		t.Errorf("beside layer4.0.bn2 runs %v, %v", beside, err)
	}
	if _, err := c.plan.Beside("layer5"); err == nil {
		t.Error("beside a module that is not there")
	}
	one := &nn.Tensor{Shape: append([]int{1}, r.Taps["layer3"].Shape[1:]...), Data: r.Taps["layer3"].Data}
	one.Data = one.Data[:len(one.Data)/c.shape[0]]
	for what, given := range map[string]map[string]*nn.Tensor{
		"do not suffice": {"layer4.0.bn2": r.Taps["layer4.0.bn2"]},
		"not there":      {"layer5": r.Taps["layer3"]},
		"do not fit":     {"layer2": r.Taps["layer3"]},
		"nothing":        {},
		"a nil tensor":   {"layer3": nil},
		"two batches":    {"layer3": one, "layer4.0.bn2": r.Taps["layer4.0.bn2"]},
	} {
		for _, net := range []nn.Network{c.plan, c.graph} {
			if _, err := net.Resume(t.Context(), given); err == nil {
				t.Errorf("%T: outputs that are %s: no error", net, what)
			}
		}
	}
}
