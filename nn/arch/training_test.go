package arch

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// trainings are what trains a network; all are held to the same.
var trainings = []struct {
	name string
	make func(g *nn.Graph, frozen ...string) (nn.Training, error)
}{
	{"reference", nn.NewTraining},
	{"compiled", nn.CompileTraining},
}

// smoothed is PyTorch's cross_entropy with label_smoothing, the mean over the batch.
func smoothed(labels []int64, smoothing float64) nn.Loss {
	return func(logits, d *nn.Tensor) (float64, error) {
		n, classes := logits.Shape[0], logits.Shape[1]
		loss := 0.0
		for i := range n {
			z, p := make([]float64, classes), make([]float64, classes)
			for k := range z {
				z[k] = float64(logits.Data[i*classes+k])
			}
			total := nn.Softmax(p, z)
			for k := range z {
				target := smoothing / float64(classes)
				if int64(k) == labels[i] {
					target += 1 - smoothing
				}
				loss += target * (total - z[k]) / float64(n)
				d.Data[i*classes+k] = float32((p[k] - target) / float64(n))
			}
		}
		return loss, nil
	}
}

// TestTrainingAgainstPyTorch holds the first step of small networks to PyTorch's: loss,
// logits, gradients of all parameters and running statistics, also with frozen modules.
func TestTrainingAgainstPyTorch(t *testing.T) {
	for _, network := range []string{"resnet18", "convnext", "mobilenet_v2"} {
		f := golden.Open(t, filepath.Join("learn", network))
		for _, how := range trainings {
			t.Run(how.name+" "+network, func(t *testing.T) {
				checkTraining(t, how.make, f, "")
			})
			if frozen := strings.Fields(f.Metadata("frozen")); len(frozen) > 0 {
				t.Run(how.name+" "+network+" frozen", func(t *testing.T) {
					checkTraining(t, how.make, f, "frozen.", frozen...)
				})
			}
		}
	}
}

func checkTraining(t *testing.T, make func(*nn.Graph, ...string) (nn.Training, error), f *golden.File, prefix string, frozen ...string) {
	opt, err := ParseOptions(f.Metadata("options"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Build(f.StateDict(), opt)
	if err != nil {
		t.Fatal(err)
	}
	checkState(t, g, f)
	training, err := make(g, frozen...)
	if err != nil {
		t.Fatal(err)
	}
	value, logits, err := training.Learn(t.Context(), namedInput(f), smoothed(f.Int64("labels"), 0.1))
	if err != nil {
		t.Fatal(err)
	}
	// Norms magnify rounding, the more the deeper the network: where PyTorch's own float32 is
	// far from the float64 of the golden file, twice as far is near.
	allowed := func(part string, least float64) float64 {
		single, err := strconv.ParseFloat(f.Metadata(prefix+"float32."+part), 64)
		if err != nil {
			t.Fatal(err)
		}
		return max(least, 2*single)
	}
	if d := math.Abs(value/float64(f.Float32(prefix + "loss")[0]) - 1); d > allowed("loss", 1e-6) {
		t.Errorf("loss %v differs by %.2g", value, d)
	}
	if d := golden.Relative(t, logits.Data, f.Float32(prefix+"logits")); d > allowed("logits", within) {
		t.Errorf("logits differ by %.2g", d)
	}
	largest := 0.0 // of all gradients
	for _, name := range f.Names() {
		if strings.HasPrefix(name, prefix+"gradient.") {
			for _, v := range f.Float32(name) {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
	}
	compared := 0
	worst, where := 0.0, ""
	for _, p := range training.Parameters() {
		key := prefix + "gradient." + p.Name
		if !slices.Contains(f.Names(), key) {
			if p.Gradient != nil {
				t.Errorf("%s has a gradient", p.Name)
			}
			continue
		}
		compared++
		if len(p.Gradient) != len(p.Value.Data) {
			t.Errorf("%s: a gradient of %d numbers for %d", p.Name, len(p.Gradient), len(p.Value.Data))
			continue
		}
		got, want := golden.Sketch("gradient."+p.Name, p.Gradient), f.Float32(key)
		d := golden.Relative(t, got, want)
		if slices.Max(want) < float32(1e-9*largest) && slices.Min(want) > -float32(1e-9*largest) {
			// 0 but for rounding: the bias of a norm that the next norm takes away.
			d = golden.MaxAbsDiff(t, got, want) / largest
		}
		if d > worst {
			worst, where = d, p.Name
		}
		if d > allowed("gradient", within) {
			t.Errorf("gradient by %s differs by %.2g", p.Name, d)
		}
	}
	running, furthest := 0, 0.0
	for _, p := range g.State() {
		if strings.Contains(p.Name, ".running_") || strings.HasPrefix(p.Name, "running_") {
			d := golden.Relative(t, p.Value.Data, f.Float32(prefix+"running."+p.Name))
			if running, furthest = running+1, max(furthest, d); d > allowed("running", 1e-6) {
				t.Errorf("%s differs by %.2g", p.Name, d)
			}
		}
	}
	t.Logf("%d gradients, the worst differs by %.2g (%s); %d running statistics, by %.2g", compared, worst, where, running, furthest)
	for _, name := range f.Names() {
		switch {
		case strings.HasPrefix(name, prefix+"gradient."):
			compared--
		case strings.HasPrefix(name, prefix+"running."):
			running--
		}
	}
	if compared != 0 || running != 0 {
		t.Errorf("%d gradients and %d running statistics more than in the golden file", compared, running)
	}
}

// checkState compares the names and shapes of a network's state with those that PyTorch's
// state_dict has, but for auxiliary heads.
func checkState(t *testing.T, g *nn.Graph, f *golden.File) {
	t.Helper()
	var got, want []string
	for _, p := range g.State() {
		words := []string{p.Name}
		for _, d := range p.Value.Shape {
			words = append(words, strconv.Itoa(d))
		}
		got = append(got, strings.Join(words, " "))
	}
	for line := range strings.Lines(f.Metadata("params")) {
		if !strings.Contains(line, "num_batches_tracked") && !strings.HasPrefix(strings.ToLower(line), "aux") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("state %v, want %v", got, want)
	}
}

// TestMomentum holds the momentum of the norms to that of torchvision.models.
func TestMomentum(t *testing.T) {
	b0 := golden.Open(t, filepath.Join("arch", "efficientnet_b0")).StateDict()
	b5 := &checkpoint.StateDict{} // as many channels at the end
	for _, name := range b0.Names() {
		tensor, _ := b0.Get(name)
		shape := slices.Clone(tensor.Shape)
		if len(shape) > 0 && strings.HasPrefix(name, "features.8.") {
			shape[0] = 2048
		}
		if name == "classifier.1.weight" {
			shape[1] = 2048
		}
		size := 1
		for _, d := range shape {
			size *= d
		}
		other, err := checkpoint.NewFloat32(name, shape, make([]float32, size))
		if err == nil {
			err = b5.Add(other)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		sd   *checkpoint.StateDict
		want float64 // 0 is PyTorch's own
	}{
		{"resnet18", nil, 0},
		{"mobilenet_v2", nil, 0},
		{"mobilenet_v3_small", nil, 0.01},
		{"mnasnet0_5", nil, 1 - 0.9997},
		{"efficientnet_b0", b0, 0},
		{"efficientnet_b5", b5, 0.01},
		{"efficientnet_v2_s", nil, 0},
	} {
		if c.sd == nil {
			c.sd = golden.Open(t, filepath.Join("arch", c.name)).StateDict()
		}
		g, err := Build(c.sd, nil)
		if err != nil {
			t.Fatal(err)
		}
		norms := 0
		for _, n := range g.Nodes() {
			if l, ok := n.Op.(*nn.BatchNorm2d); ok {
				norms++
				if l.Momentum != c.want {
					t.Errorf("%s: %s has momentum %v, want %v", c.name, n.Name, l.Momentum, c.want)
				}
			}
		}
		if norms == 0 {
			t.Errorf("%s has no norms", c.name)
		}
	}
}
