package cam

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// architecture compiles a network of nn/arch's golden files.
func architecture(t testing.TB, name string) (net nn.Network, shape []int) {
	return calm(t, name, 1), golden.Open(t, filepath.Join("arch", name)).Dims("input.shape")
}

// calm does so with a head times scale, so that probabilities are not 0 and 1.
func calm(t testing.TB, name string, scale float64) nn.Network {
	t.Helper()
	f := golden.Open(t, filepath.Join("arch", name))
	opt, err := arch.ParseOptions(f.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := arch.Build(f.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if head := g.Head(); head != nil {
		for i := range head.Weight.Data {
			head.Weight.Data[i] *= float32(scale)
		}
		for i := range head.Bias {
			head.Bias[i] *= float32(scale)
		}
	}
	plan, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// images is a batch of images that have names.
func images(t testing.TB, shape []int, names ...string) *nn.Tensor {
	t.Helper()
	x, err := nn.NewTensor(append([]int{len(names)}, shape...)...)
	if err != nil {
		t.Fatal(err)
	}
	per := len(x.Data) / len(names)
	for i, name := range names {
		copy(x.Data[i*per:], golden.Uniform(name, per, 1))
	}
	return x
}

// passEachChannel are the methods that take a pass or more of the network for each channel:
// minutes of the test.
var passEachChannel = map[string]bool{"scorecam": true, "scorecam/areas": true, "sscam": true, "iscam": true, "ablationcam": true}

// TestMethodsAgainstPeers holds every method to pytorch-grad-cam, captum or the formula in
// PyTorch (see testdata/export/methods.py): raw maps and attributions within 1e-5 of their
// largest value, scaled maps within 1e-5.
func TestMethodsAgainstPeers(t *testing.T) {
	f := golden.Open(t, "methods.safetensors")
	worst := map[string]float64{}
	nets := map[string]nn.Network{}
	for _, name := range f.Names() {
		part := strings.Split(name, "/")
		network, layer, target := part[0], part[1], part[2]
		method, how, _ := strings.Cut(strings.Join(part[3:], "/"), "+")
		if testing.Short() && (network != "resnet18" || passEachChannel[method] && (layer != "layer2.1" || target != "probability")) {
			continue
		}
		if strings.HasPrefix(how, "+") { // gradcam++
			method, how = method+"++", strings.TrimPrefix(how[1:], "+")
		}
		if nets[network] == nil {
			nets[network] = calm(t, network, atof(t, f.Metadata(network+" head")))
		}
		shape := []int{3}
		for _, d := range strings.Fields(f.Metadata(network + " shape"))[1:] {
			shape = append(shape, atoi(t, d))
		}
		named := func(what string) []string { return strings.Split(f.Metadata(network+" "+what), "\n") }
		noise := func(s int, out []float32) { copy(out, golden.Uniform(named("noise")[s], len(out), 1)) }
		// "mask" noise is as large as a plane, of as many names as there are masks.
		masks := func(s int, out []float32) { copy(out, golden.Uniform("mask "+strconv.Itoa(s), len(out), 1)) }
		q := Question{Net: nets[network], Layer: layer, Classes: []int{1, 3}, Eigen: how == "eigen"}
		if target == "probability" {
			q.Target = nn.Probability
		}
		x := named("plain")
		var m Method
		switch method {
		case "scorecam":
			m = ScoreCAM{AlignCorners: true}
		case "scorecam/areas":
			m, x = ScoreCAM{}, x[:1]
		case "sscam":
			m, x = SSCAM{Samples: 2, Noise: masks}, x[:1]
		case "iscam":
			m, x = ISCAM{Steps: 3}, x[:1]
		case "smoothgradcam++":
			m, x = SmoothGradCAMPlusPlus{Noise: noise, Samples: atoi(t, f.Metadata("noisy"))}, x[:1]
		case "smoothgrad":
			m, x = SmoothGrad{Noise: noise, Samples: atoi(t, f.Metadata("noisy"))}, x[:1]
		case "occlusion":
			m, x = Occlusion{Window: 15, Stride: 8}, x[:1]
		case "integratedgradients":
			m, x = IntegratedGradients{Steps: atoi(t, f.Metadata("steps"))}, named("path")
		case "kpcacam":
			m = KPCACAM{}
			if layer == named("layers")[0] {
				m = KPCACAM{Gamma: 1e-4}
			}
		case "finercam":
			m, q.Classes = FinerCAM{Alpha: 0.7}, nil
		case "refinecam":
			m = RefineCAM{Names: named("layers")}
		default:
			var err error
			if m, err = MethodByName(method); err != nil {
				t.Fatal(err)
			}
		}
		switch {
		case layer == "both" && method != "refinecam":
			m = Layers{Base: m, Names: named("layers")}
		case layer == "pixels":
			q.Layer = named("layers")[0] // of Guided Grad-CAM
		case how == "smooth":
			m, x = Smoothed{m}, named("around")
		}
		q.Input = images(t, shape, x...)
		if q.Classes != nil {
			q.Classes = q.Classes[:len(x)]
		}
		r, err := m.Explain(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []float32
		for _, one := range r.Maps {
			if how == "scaled" {
				one = one.Scaled(shape[2], shape[1])
			}
			got = append(got, one.Values...)
		}
		if r.Attributions != nil {
			got = r.Attributions.Data
		}
		if len(got) > 2000 {
			got = every(got, atoi(t, f.Metadata("sample")))
		}
		d := golden.Relative(t, got, f.Float32(name))
		key := method
		if how != "" {
			key += "+" + how
		}
		worst[key] = max(worst[key], d)
		// Where scores are subtracted, PyTorch's own float32 is further from the truth: a
		// second program that rounds elsewhere is as far from it on the other side.
		limit := max(1e-5, 2*atof(t, f.MetadataOr("float32 "+name, "0")))
		if d > limit {
			t.Errorf("%s: differs by %.2g of the largest value, want %.2g", name, d, limit)
		}
	}
	var keys []string
	for name := range worst {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	for _, name := range keys {
		t.Logf("%-20s %.2g", name, worst[name])
	}
	for _, m := range Methods() {
		if _, ok := worst[m.Name()]; !ok && m.Name() != "cam" { // which has goldens of its own
			t.Errorf("%s is compared with nothing", m.Name())
		}
	}
}

// every returns each n'th element.
func every(x []float32, n int) []float32 {
	var out []float32
	for i := 0; i < len(x); i += n {
		out = append(out, x[i])
	}
	return out
}

func atof(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
