package arch

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// listing is a line a tensor, as testdata/export/fresh.py writes them.
func listing(name string, kind checkpoint.DType, shape []int) string {
	return fmt.Sprintf("%s %v %v\n", name, kind, shape)
}

// lay lays out a variant, without drawing its tensors.
func lay(v variant, opt NewOptions) *layout {
	l := &layout{opt: opt, initial: v.initial, settled: map[string]string{}}
	v.lay(l)
	return l
}

func laid(v variant, opt NewOptions) string {
	var text strings.Builder
	for _, d := range lay(v, opt).tensors {
		kind := checkpoint.F32
		if d.counts {
			kind = checkpoint.I64
		}
		text.WriteString(listing(d.name, kind, d.shape))
	}
	return text.String()
}

func listed(sd *checkpoint.StateDict) string {
	var text strings.Builder
	for t := range sd.All() {
		text.WriteString(listing(t.Name, t.DType, t.Shape))
	}
	return text.String()
}

// TestNewNames holds the names, dtypes, shapes and order of all tensors of all networks to
// torchvision's, and the names of the networks.
func TestNewNames(t *testing.T) {
	f := golden.Open(t, "fresh")
	want := strings.Fields(f.Metadata("names"))
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(NewNames())); !slices.Equal(got, want) {
		t.Errorf("networks %v, torchvision has %v", got, want)
	}
	for _, v := range variants {
		text := laid(v, NewOptions{Classes: 10, Channels: 3})
		if again := laid(v, NewOptions{Classes: 10, Channels: 3}); again != text {
			t.Errorf("%s: other tensors the second time", v.name)
		}
		if sum := sha256.Sum256([]byte(text)); !bytes.Equal(sum[:], f.Bytes(v.name+"/digest")) {
			t.Errorf("%s has other tensors than torchvision's:\n%s", v.name, text[:min(len(text), 2000)])
		}
	}
}

// TestNewOptions has networks of another width, head and stem.
func TestNewOptions(t *testing.T) {
	f := golden.Open(t, "fresh")
	for what, c := range map[string]struct {
		name string
		opt  NewOptions
	}{
		"narrow/digest":   {"resnet18", NewOptions{Width: 16, Classes: 10}},
		"thousand/digest": {"resnet50", NewOptions{}},
		"resnet18/digest": {"resnet18", NewOptions{Width: 64, Classes: 10, Stem: "7x7", Channels: 3}},
	} {
		sd := fresh(t, c.name, c.opt)
		if sum := sha256.Sum256([]byte(listed(sd))); !bytes.Equal(sum[:], f.Bytes(what)) {
			t.Errorf("%s of %+v has other tensors than %s:\n%s", c.name, c.opt, what, listed(sd))
		}
	}
	text := string(f.Bytes("resnet18/text"))
	text = strings.Replace(text, "conv1.weight F32 [64 3 7 7]", "conv1.weight F32 [64 1 3 3]", 1)
	sd := fresh(t, "resnet18", NewOptions{Classes: 10, Channels: 1, Stem: "3x3", NoMaxPool: true})
	if got := listed(sd); got != text {
		t.Errorf("with another stem:\n%s", got)
	}
	if g := built(t, sd); !slices.Contains(g.Assumed, "maxpool=no (metadata)") || slices.Contains(g.Modules(), "maxpool") || g.InChannels() != 1 {
		t.Errorf("modules %v, assumed %v", g.Modules(), g.Assumed)
	}
	for _, c := range []struct {
		name string
		opt  NewOptions
		want string
	}{
		{"resnet19", NewOptions{}, `no architecture "resnet19"; there are resnet18, resnet34`},
		{"resnet18", NewOptions{Classes: -1}, "-1 classes"},
		{"resnet18", NewOptions{Classes: 1<<20 + 1}, "classes, want"},
		{"resnet18", NewOptions{Channels: -1}, "-1 channels"},
		{"resnet18", NewOptions{Channels: 1025}, "1025 channels"},
		{"resnet18", NewOptions{Width: -1}, "base width -1"},
		{"resnet18", NewOptions{Width: 4097}, "base width 4097"},
		{"resnet18", NewOptions{Width: 4096}, "more than 1073741824"},
		{"resnet18", NewOptions{Width: 640}, "resnet18: more than 1073741824 weights"},
		{"resnet18", NewOptions{Stem: "5x5"}, `stem "5x5"`},
		{"resnext50_32x4d", NewOptions{Width: 15}, "base width 15 leaves groups without channels, want 16"},
		{"vgg11", NewOptions{Width: 32}, "vgg11: its width, stem and pool"},
		{"vgg11", NewOptions{NoMaxPool: true}, "vgg11: its width, stem and pool"},
		{"alexnet", NewOptions{Stem: "7x7"}, "alexnet: its width, stem and pool"},
		{"vgg11", NewOptions{Classes: 1 << 20}, "classifier.6.weight has shape [1048576 4096], which is more than 1073741824 numbers"},
	} {
		if sd, err := New(c.name, c.opt); err == nil || sd != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %+v: %v, want %q", c.name, c.opt, err, c.want)
		}
	}
	if _, err := New("resnext50_32x4d", NewOptions{Width: 16, Classes: 2}); err != nil {
		t.Error(err)
	}
}

func fresh(t testing.TB, name string, opt NewOptions) *checkpoint.StateDict {
	t.Helper()
	sd, err := New(name, opt)
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func built(t testing.TB, sd *checkpoint.StateDict) *nn.Graph {
	t.Helper()
	g, err := Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// drawnNetworks are those whose constructors the golden file has run.
var drawnNetworks = strings.Fields(`resnet18 resnext50_32x4d alexnet vgg11_bn squeezenet1_1 densenet121 googlenet inception_v3
	shufflenet_v2_x0_5 mobilenet_v2 mobilenet_v3_small mnasnet0_5 efficientnet_b0 regnet_y_400mf convnext_tiny`)

// TestNewNumbers compares mean, deviation and largest magnitude of every tensor with those
// of torchvision's, both drawn: they differ by what chance lets two samples differ.
func TestNewNumbers(t *testing.T) {
	f := golden.Open(t, "fresh")
	for _, name := range drawnNetworks {
		if testing.Short() && (name == "alexnet" || strings.HasPrefix(name, "vgg")) {
			continue // a hundred million weights
		}
		if raceEnabled && !slices.Contains([]string{"squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small"}, name) {
			continue // nothing else runs side by side in others
		}
		sd := fresh(t, name, NewOptions{Classes: 10, Seed: 7})
		checkSaved(t, sd)
		rows := f.Float32(name + "/drawn")
		for tensor := range sd.All() {
			if !tensor.DType.IsFloat() {
				continue
			}
			mean, deviation, largest := float64(rows[0]), float64(rows[1]), float64(rows[2])
			rows = rows[3:]
			data, _ := tensor.Float32()
			if deviation == 0 {
				for _, v := range data {
					if v != float32(mean) {
						t.Fatalf("%s: %s has %v, want %v", name, tensor.Name, v, mean)
					}
				}
				continue
			}
			m, d, l := moments(data)
			n := float64(len(data))
			// A sample's mean deviates by d/sqrt(n), and its deviation by less than
			// d/sqrt(2n); two samples by sqrt(2) more, and five times that is one in millions.
			if off := math.Abs(m - mean); off > 5*deviation*math.Sqrt(2/n) {
				t.Errorf("%s: %s has mean %g, torchvision %g", name, tensor.Name, m, mean)
			}
			if off := math.Abs(d - deviation); n > 30 && off > 5*deviation/math.Sqrt(n) {
				t.Errorf("%s: %s has deviation %g, torchvision %g", name, tensor.Name, d, deviation)
			}
			// Of a uniform distribution the largest is sqrt(3) deviations, of a normal one of
			// so many numbers more than 2.5.
			if n > 2000 && (l/d > 2) != (largest/deviation > 2) {
				t.Errorf("%s: %s goes to %g deviations, torchvision to %g", name, tensor.Name, l/d, largest/deviation)
			}
		}
		if len(rows) != 0 {
			t.Errorf("%s: %d tensors fewer than torchvision's", name, len(rows)/3)
		}
	}
}

func moments(data []float32) (mean, deviation, largest float64) {
	for _, v := range data {
		mean += float64(v)
		largest = max(largest, math.Abs(float64(v)))
	}
	mean /= float64(len(data))
	for _, v := range data {
		deviation += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(data))), largest
}

// TestNewBounds has the definitions themselves: torch.nn.Linear's weights and biases within
// 1/sqrt(inputs), and near it.
func TestNewBounds(t *testing.T) {
	sd := fresh(t, "resnet18", NewOptions{Seed: 1})
	for _, name := range []string{"fc.weight", "fc.bias"} {
		tensor, _ := sd.Get(name)
		data, _ := tensor.Float32()
		_, _, largest := moments(data)
		if bound := 1 / math.Sqrt(512); largest > bound || largest < 0.99*bound {
			t.Errorf("%s goes to %g, want nearly %g", name, largest, bound)
		}
	}
}

// TestNewSeed: the numbers of a tensor depend on the seed, its name and shape, and on nothing
// else; two tensors have different ones.
func TestNewSeed(t *testing.T) {
	data := func(sd *checkpoint.StateDict, name string) []byte {
		tensor, ok := sd.Get(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return tensor.Bytes()
	}
	const some = "layer1.0.conv1.weight"
	one := fresh(t, "resnet18", NewOptions{Seed: 1})
	before := runtime.GOMAXPROCS(1)
	other := fresh(t, "resnet34", NewOptions{Seed: 1, Classes: 3, Stem: "3x3"})
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(data(one, some), data(other, some)) {
		t.Error("a tensor of one name, shape and seed has other numbers in another network")
	}
	if bytes.Equal(data(one, some), data(fresh(t, "resnet18", NewOptions{Seed: 2}), some)) {
		t.Error("two seeds give the same numbers")
	}
	if bytes.Equal(data(one, some), data(one, "layer1.0.conv2.weight")) {
		t.Error("two tensors of one shape have the same numbers")
	}
}

// TestNewBuilds: Build reads what New makes of every name, without options.
func TestNewBuilds(t *testing.T) {
	const most = 1 << 30
	blank := make([]byte, most) // which nobody writes to
	for _, v := range variants {
		sd := &checkpoint.StateDict{}
		for _, d := range lay(v, NewOptions{Classes: 10, Channels: 3}).tensors {
			n, kind := 4, checkpoint.F32
			if d.counts {
				n, kind = 8, checkpoint.I64
			}
			for _, s := range d.shape {
				n *= s
			}
			tensor, err := checkpoint.NewTensor(d.name, kind, d.shape, blank[:n])
			if err == nil {
				err = sd.Add(tensor)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := fitting(sd, nil); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// checkSaved builds a new network, and has StateDict write it again.
func checkSaved(t *testing.T, sd *checkpoint.StateDict) {
	t.Helper()
	saved, err := StateDict(built(t, sd), map[string]string{"size": "32"})
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(saved); got != listed(sd) {
		t.Errorf("saved as\n%s", got)
		return
	}
	for tensor := range sd.All() {
		if again, _ := saved.Get(tensor.Name); !bytes.Equal(again.Bytes(), tensor.Bytes()) {
			t.Errorf("%s has other numbers when saved", tensor.Name)
		}
	}
	want := map[string]string{"size": "32"}
	if transform, has := sd.Metadata["transform"]; has {
		want["transform"] = transform
	}
	if !maps.Equal(saved.Metadata, want) {
		t.Errorf("saved with %v, want %v", saved.Metadata, want)
	}
}

// TestLayoutFans: inputs and outputs are counted as torch.nn.init counts them, over the
// kernel's height and width, and inputs within a group.
func TestLayoutFans(t *testing.T) {
	var got [][2]int
	note := func(fanIn, fanOut int) numbers {
		got = append(got, [2]int{fanIn, fanOut})
		return numbers{}
	}
	l := &layout{initial: initial{note, note, note, note}}
	l.convBias("a", 8, 6, window{oblong: [2]int{1, 7}})
	l.convBias("b", 8, 6, window{kernel: 3, groups: 2})
	l.conv("c", 8, 8, window{kernel: 5, groups: depthwise})
	l.linear("d", 8, 6)
	want := [][2]int{{56, 42}, {56, 42}, {36, 54}, {36, 54}, {25, 200}, {8, 6}, {8, 6}}
	if !slices.Equal(got, want) {
		t.Errorf("fans %v, want %v", got, want)
	}
}
