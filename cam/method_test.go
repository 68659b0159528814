package cam

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// architecture compiles a network of nn/arch's golden files.
func architecture(t testing.TB, name string) (net nn.Network, shape []int) {
	t.Helper()
	f := golden.Open(t, filepath.Join("arch", name))
	g, err := arch.Build(f.StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return plan, f.Dims("input.shape")
}

func named(t testing.TB, name string, shape ...int) *nn.Tensor {
	x, err := nn.NewTensor(shape...)
	if err != nil {
		t.Fatal(err)
	}
	x.Data = golden.Uniform(name, len(x.Data), 1)
	return x
}

// TestMethodsAgainstGradCAM holds every method to pytorch-grad-cam's, before ReLU and scaling.
func TestMethodsAgainstGradCAM(t *testing.T) {
	f := golden.Open(t, "methods.safetensors")
	worst := map[string]float64{}
	nets, shapes := map[string]nn.Network{}, map[string][]int{}
	for _, name := range f.Names() {
		part := strings.Split(name, "/")
		if nets[part[0]] == nil {
			nets[part[0]], shapes[part[0]] = architecture(t, part[0])
		}
		net, shape := nets[part[0]], shapes[part[0]]
		m, err := MethodByName(part[3])
		if err != nil {
			t.Fatal(err)
		}
		classes := []int{1, 3, 4}[:shape[0]]
		q := Question{Net: net, Input: named(t, f.Metadata("input "+part[0]), shape...), Layer: part[1], Classes: classes}
		if part[2] == "probability" {
			q.Target = nn.Probability(classes)
		}
		r, err := m.Explain(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var raw []float32
		for _, one := range r.Maps {
			raw = append(raw, one.Values...)
		}
		d := golden.Relative(t, raw, f.Float32(name))
		worst[part[3]] = max(worst[part[3]], d)
		if d > 1e-5 {
			t.Errorf("%s: the maps differ by %.2g of the largest value", name, d)
		}
	}
	for name, d := range worst {
		t.Logf("%-13s %.2g", name, d)
	}
	if want := len(Methods()) - 1; len(worst) != want { // CAM has a golden of its own
		t.Errorf("%d methods compared, want %d", len(worst), want)
	}
}

// TestIdentities: where only global average pooling and the head follow a layer, d logit / d A_k
// is w_k over the number of pixels, so that Grad-CAM and HiResCAM are CAM over that number, and
// HiResCAM sums up to the logit but for the bias; minus a target gives minus the map.
func TestIdentities(t *testing.T) {
	net, shape := architecture(t, "resnet18")
	x := named(t, "identities", shape...)
	classes := []int{2, 7}
	maps := map[string][]*Map{}
	for _, m := range []Method{CAM{}, GradCAM{}, HiResCAM{}, XGradCAM{}, LayerCAM{}} {
		r, err := m.Explain(t.Context(), Question{Net: net, Input: x, Classes: classes})
		if err != nil {
			t.Fatal(err)
		}
		maps[m.Name()] = r.Maps
		if m.Name() != "hirescam" {
			continue
		}
		for i, one := range r.Maps {
			sum := float64(net.Head().Bias[classes[i]])
			size := math.Abs(sum)
			for _, v := range one.Values {
				sum += float64(v)
				size += math.Abs(float64(v))
			}
			if logit := float64(r.Logits.Data[i*10+classes[i]]); math.Abs(sum-logit) > 3e-6*size {
				t.Errorf("image %d: the map and the bias sum up to %v, the logit is %v", i, sum, logit)
			}
		}
	}
	for i, exact := range maps["cam"] {
		area := float32(exact.Width * exact.Height)
		scaled := make([]float32, len(exact.Values))
		for p, v := range exact.Values {
			scaled[p] = v / area
		}
		for _, name := range []string{"gradcam", "hirescam", "xgradcam"} {
			if d := golden.Relative(t, maps[name][i].Values, scaled); d > 3e-6 {
				t.Errorf("%s differs from CAM by %g", name, d)
			}
		}
	}
	minus, err := HiResCAM{}.Explain(t.Context(), Question{Net: net, Input: x, Classes: classes, Target: nn.Minus(nn.Logit(classes))})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range minus.Maps {
		for p, v := range m.Values {
			if v != -maps["hirescam"][i].Values[p] {
				t.Fatalf("image %d, pixel %d: %v under minus the target, %v under it", i, p, v, maps["hirescam"][i].Values[p])
			}
		}
	}
}

// TestDefinedCases: a constant map, one channel, a network without pooling, and what cannot be.
func TestDefinedCases(t *testing.T) {
	flat := &Evidence{Channels: 3, Height: 2, Width: 2, Output: make([]float32, 12), Gradient: make([]float32, 12)}
	for i := range flat.Output {
		flat.Output[i] = 5
	}
	values, err := flat.principal(t.Context(), func(i int) float64 { return float64(flat.Output[i]) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if v != 0 {
			t.Errorf("a constant output gives %v", values)
		}
	}
	vgg, shape := architecture(t, "vgg11_bn")
	if got := LastMaps(vgg); got != "features" {
		t.Errorf("the last maps of a VGG are %q", got)
	}
	x := named(t, "defined", shape...)
	for _, m := range Methods() {
		r, err := m.Explain(t.Context(), Question{Net: vgg, Input: x})
		if m.Name() == "cam" {
			if err == nil {
				t.Error("CAM of a network without pooling")
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", m.Name(), err)
			continue
		}
		if one := r.Maps[0]; one.Class != nn.Argmax(r.Logits.Data) || len(one.Values) != one.Width*one.Height {
			t.Errorf("%s: class %d, %d values", m.Name(), one.Class, len(one.Values))
		}
		for what, q := range map[string]Question{
			"no layer":     {Net: vgg, Input: x, Layer: "layer4"},
			"not a map":    {Net: vgg, Input: x, Layer: "classifier"},
			"no class":     {Net: vgg, Input: x, Classes: []int{10}},
			"two classes":  {Net: vgg, Input: x, Classes: []int{1, 2}},
			"no input":     {Net: vgg},
			"wrong target": {Net: vgg, Input: x, Target: nn.Weighted([]float64{1})},
		} {
			if _, err := m.Explain(t.Context(), q); err == nil && !(what == "wrong target" && (m.Name() == "fem" || m.Name() == "eigencam")) {
				t.Errorf("%s, %s: no error", m.Name(), what)
			}
		}
	}
	nan := x.Data[0]
	x.Data[0] = float32(math.NaN())
	if _, err := (GradCAM{}).Explain(t.Context(), Question{Net: vgg, Input: x}); err == nil || !strings.Contains(err.Error(), "image 0") {
		t.Errorf("an input with NaN: %v", err)
	}
	x.Data[0] = nan
	if _, err := MethodByName("camera"); err == nil || !strings.Contains(err.Error(), "gradcam++") {
		t.Errorf("an unknown method: %v", err)
	}
	m := &Map{Values: []float32{-1, 2, float32(math.NaN())}}
	if r := m.Rectified(); r.Values[0] != 0 || r.Values[1] != 2 || r.Values[2] == r.Values[2] || m.Values[0] != -1 {
		t.Errorf("rectified %v", r.Values)
	}
}
