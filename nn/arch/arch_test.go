package arch

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

// TestArchitectures holds every architecture to PyTorch: logits, all modules' outputs
// and gradients, by the reference and by the plan.
func TestArchitectures(t *testing.T) {
	files, err := filepath.Glob(golden.Path(t, "arch", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".safetensors")
		t.Run(name, func(t *testing.T) {
			if (raceEnabled || testing.Short()) && !slices.Contains(kinds, name) {
				t.Skip("no other kinds of steps than others have")
			}
			checkArchitecture(t, golden.Open(t, filepath.Join("arch", name)))
		})
	}
}

// TestEveryVariant does the same with all variants of torchvision, where their goldens
// lie beside the repository: testdata/export/arch.py --all.
func TestEveryVariant(t *testing.T) {
	if os.Getenv("GLIMPSE_ALL_VARIANTS") == "" {
		t.Skip("takes minutes: set GLIMPSE_ALL_VARIANTS=1")
	}
	folder := filepath.Join(golden.SharedData(t), "..", "arch")
	files, err := filepath.Glob(filepath.Join(folder, "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Skipf("no goldens in %s", folder)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { checkArchitecture(t, golden.OpenFile(t, file)) })
	}
}

func checkArchitecture(t *testing.T, f *golden.File) {
	opt, err := ParseOptions(f.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(f.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s; assumed %s; pooled %q", g.Architecture, strings.Join(g.Assumed, ", "), g.Pooled())
	plan, err := nn.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	taps := strings.Split(f.Metadata("taps"), "\n")
	known := slices.DeleteFunc(slices.Clone(taps), func(tap string) bool { return !slices.Contains(g.Modules(), tap) })
	if foreign := otherNames(taps); !foreign && len(known) != len(taps) {
		for _, tap := range taps {
			if !slices.Contains(known, tap) {
				t.Errorf("no module %s, PyTorch has one", tap)
			}
		}
	}
	if !otherNames(taps) {
		checkState(t, g, f)
	}
	for _, how := range trainings {
		if _, err := how.make(g); err != nil {
			t.Errorf("%s in train mode: %v", how.name, err)
		}
	}
	checkTaps(t, "reference", g, f, taps, known)
	checkTaps(t, "plan", plan, f, taps, known)
	checkTaps(t, "plan without taps", plan, f, taps, nil)
	checkGradients(t, "reference", g, f)
	checkGradients(t, "plan", plan, f)
}

// otherNames tells whether modules have names other than torchvision's.
func otherNames(taps []string) bool {
	return slices.ContainsFunc(taps, func(tap string) bool { return tap == "act1" || strings.HasPrefix(tap, "resnet.") })
}

// namedInput is the batch that a golden file was made with.
func namedInput(f *golden.File) *nn.Tensor {
	x := zeros(f.Dims("input.shape")...)
	x.Data = golden.Uniform(f.Metadata("input"), len(x.Data), 1)
	return x
}

// within is how far anything may be from PyTorch, relative to its largest value.
const within = 1e-5

func checkTaps(t *testing.T, what string, m nn.Network, f *golden.File, taps, known []string) {
	t.Helper()
	r, err := m.Run(t.Context(), namedInput(f), known...)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if d := golden.Relative(t, r.Logits.Data, f.Float32("logits")); d > within {
		t.Errorf("%s: logits differ by %.2g", what, d)
	}
	want := f.Float32("taps")
	each := len(want) / len(taps)
	worst, where := 0.0, ""
	for i, tap := range taps {
		y := r.Taps[tap]
		if y == nil {
			continue
		}
		w := want[i*each : (i+1)*each]
		few := spread(y.Data, each-2)
		got := append([]float32{0, 0}, few...)
		var sum, squares float64
		for _, v := range y.Data {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		n := float64(len(y.Data))
		got[0], got[1] = float32(sum/n), float32(math.Sqrt(squares/n))
		if d := golden.Relative(t, got, w[:len(got)]); d > worst {
			worst, where = d, tap
		}
	}
	t.Logf("%-18s %d modules, the worst differs by %.2g (%s)", what, len(known), worst, where)
	if worst > within {
		t.Errorf("%s: %s differs by %.2g", what, where, worst)
	}
}

// spread takes some elements, evenly spread.
func spread(x []float32, most int) []float32 {
	step := max(1, len(x)/most)
	var out []float32
	for i := 0; i < len(x) && len(out) < most; i += step {
		out = append(out, x[i])
	}
	return out
}

// checkGradients compares the gradients of three scalars by the input and by layers.
func checkGradients(t *testing.T, what string, m nn.Network, f *golden.File) {
	t.Helper()
	x := namedInput(f)
	classes := f.Shape("logits")[1]
	ones := make([]int, x.Shape[0])
	for i := range ones {
		ones[i] = 1
	}
	weights := make([]float64, classes)
	for k, w := range golden.Uniform("weights", classes, 1) {
		weights[k] = float64(w)
	}
	logits := f.Float32("logits")
	least := make([]int, x.Shape[0])
	for i := range least {
		z := logits[i*classes : (i+1)*classes]
		least[i] = slices.Index(z, slices.Min(z))
	}
	worst, where := 0.0, ""
	for name, target := range map[string]nn.Target{
		"logit": nn.Logit(ones), "logprob": nn.LogProbability(least), "weighted": nn.Weighted(weights),
	} {
		var layers []string
		for _, n := range f.Names() {
			if layer, ok := strings.CutPrefix(n, "grad."+name+"."); ok {
				layers = append(layers, layer)
			}
		}
		if len(layers) == 0 {
			return
		}
		r, err := m.Gradients(t.Context(), x, nn.GradientOptions{Target: target}, layers...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, layer := range layers {
			want := f.Float32("grad." + name + "." + layer)
			y := r.Gradients[layer].Data
			var squares float64
			for _, v := range y {
				squares += float64(v) * float64(v)
			}
			got := append([]float32{float32(math.Sqrt(squares / float64(len(y))))}, spread(y, len(want)-1)...)
			if d := golden.Relative(t, got, want); d > worst {
				worst, where = d, name+" by "+layer
			}
		}
	}
	t.Logf("%-18s gradients differ by %.2g (%s)", what, worst, where)
	if worst > within {
		t.Errorf("%s: gradient of %s differs by %.2g", what, where, worst)
	}
}
