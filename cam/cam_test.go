package cam

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
)

// network builds one of the networks of nn's golden files.
func network(t testing.TB, name string) *nn.Graph {
	t.Helper()
	m, err := arch.Build(golden.Open(t, "nn_"+name+".safetensors").StateDict(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func input(t testing.TB, shape ...int) *nn.Tensor {
	t.Helper()
	x, err := nn.NewTensor(shape...)
	if err != nil {
		t.Fatal(err)
	}
	x.Data = golden.Uniform("cam/input", len(x.Data), 1)
	return x
}

func TestMapsAgainstNotebook(t *testing.T) {
	want := golden.Open(t, "cam.safetensors")
	for name, shape := range map[string][]int{"resnet18": {2, 3, 128, 128}, "resnet18_narrow": {3, 3, 224, 160}} {
		m := network(t, name)
		for _, layer := range []string{"layer4", "layer4.1.bn2"} {
			key := name + "/" + layer + "/"
			mapper, err := New(m, layer)
			if err != nil {
				t.Fatal(err)
			}
			r, err := mapper.Maps(t.Context(), input(t, shape...), nil)
			if err != nil {
				t.Fatal(err)
			}
			var raw []float32
			var bytes []byte
			for i, mp := range r.Maps {
				if int64(mp.Class) != want.Int64(key + "predicted")[i] {
					t.Errorf("%simage %d: class %d, want %d", key, i, mp.Class, want.Int64(key + "predicted")[i])
				}
				raw = append(raw, mp.Values...)
				bytes = append(bytes, mp.Bytes()...)
			}
			relative := golden.Relative(t, raw, want.Float32(key+"raw"))
			largest, other := 0, 0
			for i, b := range want.Bytes(key + "bytes") {
				d := int(bytes[i]) - int(b)
				largest = max(largest, d, -d)
				if d != 0 {
					other++
				}
			}
			t.Logf("%s: raw maps differ by %.2g of the largest value; %d of %d bytes differ, by at most %d", key, relative, other, len(bytes), largest)
			if relative > 1e-5 || largest > 1 || len(bytes) != len(want.Bytes(key+"bytes")) {
				t.Errorf("%s: raw maps differ by %g, bytes by %d", key, relative, largest)
			}
		}
	}
}

// Zhou et al., equation 1: over the layer that is pooled, the mean of a
// class's map plus the class's bias is its logit.
func TestMeanOfMapIsLogit(t *testing.T) {
	m := network(t, "resnet18_narrow")
	mapper, err := New(m, "")
	if err != nil {
		t.Fatal(err)
	}
	if mapper.Layer() != "layer4" {
		t.Errorf("default layer %s, want layer4", mapper.Layer())
	}
	x := input(t, 2, 3, 96, 130)
	worst := 0.0
	for class := range 10 {
		r, err := mapper.Maps(t.Context(), x, []int{class, Predicted})
		if err != nil {
			t.Fatal(err)
		}
		for i, mp := range r.Maps {
			sum := 0.0
			for _, v := range mp.Values {
				sum += float64(v)
			}
			got := sum/float64(len(mp.Values)) + float64(m.Head().Bias[mp.Class])
			worst = max(worst, math.Abs(got-float64(r.Logits.Data[i*10+mp.Class])))
		}
		if r.Maps[0].Class != class || r.Maps[1].Class != nn.Argmax(r.Logits.Data[10:]) {
			t.Errorf("maps of classes %d and %d", r.Maps[0].Class, r.Maps[1].Class)
		}
	}
	t.Logf("mean(map) + bias and the logit differ by at most %.2g", worst)
	if worst > 2e-5 { // float32 logits of size 10 to 50
		t.Errorf("mean(map) + bias and the logit differ by %g", worst)
	}
}

func TestMapBytes(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		values []float32
		want   []uint8
	}{
		{[]float32{-1, 0, 1, 3}, []uint8{0, 63, 127, 255}},
		{[]float32{2, 2, 2, 2}, []uint8{0, 0, 0, 0}},
		{[]float32{1, nan, 2, 3}, []uint8{0, 0, 0, 0}},
		{[]float32{nan, 1, 2, 3}, []uint8{0, 0, 0, 0}},
		{[]float32{1, inf, 2, 3}, []uint8{0, 0, 0, 0}},
		{[]float32{1, 2, -inf, 3}, []uint8{0, 0, 0, 0}},
		{[]float32{-3e38, 0, 0, 3e38}, []uint8{0, 0, 0, 0}}, // the span overflows
		{nil, []uint8{}},
	} {
		if got := (&Map{Values: c.values}).Bytes(); !slices.Equal(got, c.want) {
			t.Errorf("%v: bytes %v, want %v", c.values, got, c.want)
		}
	}
}

func TestPeak(t *testing.T) {
	m := &Map{Width: 3, Height: 2, Values: []float32{0, 1, 2, 5, 5, 3}}
	if x, y := m.Peak(96, 96); x != 16 || y != 72 {
		t.Errorf("peak at (%v, %v), want (16, 72)", x, y)
	}
	if x, y := (&Map{}).Peak(10, 10); x != 0 || y != 0 {
		t.Errorf("peak of an empty map at (%v, %v)", x, y)
	}
}

func TestErrors(t *testing.T) {
	m := network(t, "resnet18_narrow")
	for _, layer := range []string{"layer9", "fc", "avgpool"} {
		if _, err := New(m, layer); err == nil || !strings.Contains(err.Error(), "layer4, layer1.0, ") {
			t.Errorf("layer %s: error %v, want the list of layers", layer, err)
		}
	}
	x := input(t, 2, 3, 64, 64)
	if _, err := New(m, "layer3"); err == nil || !strings.Contains(err.Error(), "128 channels") {
		t.Errorf("layer3: error %v, want the channels", err)
	}
	mapper, err := New(m, "layer4")
	if err != nil {
		t.Fatal(err)
	}
	for _, classes := range [][]int{{1}, {1, 10}, {-2, 0}} {
		if _, err := mapper.Maps(t.Context(), x, classes); err == nil {
			t.Errorf("classes %v accepted", classes)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mapper.Maps(ctx, x, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	mapper, err := New(network(t, "resnet18_narrow"), "layer4")
	if err != nil {
		t.Fatal(err)
	}
	x := input(t, 3, 3, 64, 96)
	var first []float32
	for _, procs := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(procs)
		r, err := mapper.Maps(t.Context(), x, nil)
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		var all []float32
		for _, m := range r.Maps {
			all = append(all, m.Values...)
		}
		if first == nil {
			first = all
		} else if !slices.Equal(first, all) {
			t.Errorf("other bits at GOMAXPROCS=%d", procs)
		}
	}
}

func ExampleMap_Bytes() {
	// Four cells of a map, in units of the logit.
	m := Map{Class: 3, Width: 2, Height: 2, Values: []float32{-1, 0, 1, 3}}
	fmt.Println(m.Bytes())
	x, y := m.Peak(128, 128)
	fmt.Println("peak at", x, y)
	// Output:
	// [0 63 127 255]
	// peak at 96 96
}

// A layer is any module from the first to what the pooling sees, and none after.
func TestFirstAndLastLayer(t *testing.T) {
	m := network(t, "resnet18_narrow")
	modules := m.Modules()
	last := slices.Index(modules, "layer4")
	mapped := 0
	for i, name := range modules {
		mapper, err := New(m, name)
		switch fits := i <= last && strings.HasPrefix(name, "layer4"); {
		case fits && (err != nil || mapper.Layer() != name):
			t.Errorf("%s: %v", name, err)
		case !fits && err == nil:
			t.Errorf("%s, with fewer channels or behind the pooling: no error", name)
		case fits:
			mapped++
		}
	}
	if mapped < 10 {
		t.Errorf("%d layers", mapped)
	}
	if modules[0] != "conv1" || last < 10 {
		t.Errorf("modules %v", modules)
	}
}
