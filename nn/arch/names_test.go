package arch

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// rename copies a state dict under other names; an empty name leaves a tensor out.
func rename(t *testing.T, sd *checkpoint.StateDict, to func(name string) string) *checkpoint.StateDict {
	t.Helper()
	out := &checkpoint.StateDict{}
	for tensor := range sd.All() {
		name := to(tensor.Name)
		if name == "" {
			continue
		}
		other, err := checkpoint.NewTensor(name, tensor.DType, tensor.Shape, tensor.Bytes())
		if err == nil {
			err = out.Add(other)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func dictOf(t *testing.T, name string) *checkpoint.StateDict {
	t.Helper()
	return golden.Open(t, filepath.Join("arch", name)).StateDict()
}

// TestPrefixes builds the same network under the names that wrappers and other people's modules
// give it.
func TestPrefixes(t *testing.T) {
	for _, file := range []string{"resnet_kuangliu", "densenet121", "mobilenet_v3_small"} {
		sd := dictOf(t, file)
		plain, err := Build(sd, nil)
		if err != nil {
			t.Fatal(err)
		}
		x := namedInput(golden.Open(t, filepath.Join("arch", file)))
		want, err := plain.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		head := func(name string) bool {
			return strings.HasPrefix(name, "linear") || strings.HasPrefix(name, "classifier")
		}
		for what, to := range map[string]func(string) string{
			"model.":                  func(n string) string { return "model." + n },
			"net.":                    func(n string) string { return "net." + n },
			"module.model.":           func(n string) string { return "module.model." + n },
			"model.backbone.":         func(n string) string { return "model.backbone." + n },
			"a head of its own":       func(n string) string { return map[bool]string{true: "", false: "backbone."}[head(n)] + n },
			"resnet50.":               func(n string) string { return "resnet50." + n },
			"model.my_trunk.":         func(n string) string { return "model.my_trunk." + n },
			"base., a head beside it": func(n string) string { return map[bool]string{true: "", false: "base."}[head(n)] + n },
			"parts in parallel": func(n string) string {
				part, rest, _ := strings.Cut(n, ".")
				return part + ".module." + rest
			},
			"encoder, head elsewhere": func(n string) string { return map[bool]string{true: "model.", false: "model.encoder."}[head(n)] + n },
		} {
			g, err := Build(rename(t, sd, to), nil)
			if err != nil {
				t.Errorf("%s, %s: %v", file, what, err)
				continue
			}
			r, err := g.Run(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Logits.Data, want.Logits.Data) {
				t.Errorf("%s, %s: other logits", file, what)
			}
		}
	}
	// The count of averaged models beside them.
	sd := rename(t, dictOf(t, "resnet_kuangliu"), func(n string) string { return "module." + n })
	count, err := checkpoint.NewInt64("n_averaged", nil, []int64{3})
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.Add(count); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(sd, nil); err != nil {
		t.Errorf("with n_averaged: %v", err)
	}
}

// TestOldDenseNetNames reads the names of the files that torchvision offers for download.
func TestOldDenseNetNames(t *testing.T) {
	old := strings.NewReplacer("norm1.", "norm.1.", "conv1.", "conv.1.", "norm2.", "norm.2.", "conv2.", "conv.2.")
	sd := rename(t, dictOf(t, "densenet121"), func(n string) string {
		if strings.Contains(n, "denselayer") {
			return old.Replace(n)
		}
		return n
	})
	if !slices.Contains(sd.Names(), "features.denseblock1.denselayer1.norm.1.weight") {
		t.Fatal("not renamed")
	}
	if g, err := Build(sd, nil); err != nil || !slices.Contains(g.Modules(), "features.denseblock1.denselayer1.norm1") {
		t.Errorf("%v", err)
	}
}

// TestHeads builds networks with other last layers than their families have.
func TestHeads(t *testing.T) {
	whole := dictOf(t, "resnet18")
	blank := func(name string, shape ...int) *checkpoint.Tensor {
		tensor, err := checkpoint.NewFloat32(name, shape, golden.Param(name, shape...))
		if err != nil {
			t.Fatal(err)
		}
		return tensor
	}
	for _, c := range []struct {
		what             string
		tensors          []*checkpoint.Tensor
		features, logits int
		pooled           string
		modules          string // the last
	}{
		{"none", nil, 512, 512, "", "flatten"},
		{"dropout and linear", []*checkpoint.Tensor{blank("fc.1.weight", 4, 512), blank("fc.1.bias", 4)}, 512, 4, "layer4", "fc"},
		{"two linear layers", []*checkpoint.Tensor{blank("fc.0.weight", 30, 512), blank("fc.0.bias", 30), blank("fc.2.weight", 4, 30)}, 30, 4, "", "fc"},
		{"under another name", []*checkpoint.Tensor{blank("head.weight", 4, 512)}, 512, 4, "layer4", "head"},
	} {
		sd := rename(t, whole, func(n string) string {
			if strings.HasPrefix(n, "fc.") {
				return ""
			}
			return n
		})
		for _, tensor := range c.tensors {
			if err := sd.Add(tensor); err != nil {
				t.Fatal(err)
			}
		}
		g, err := Build(sd, nil)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		features, logits := g.Widths()
		modules := g.Modules()
		if features != c.features || logits != c.logits || g.Pooled() != c.pooled || modules[len(modules)-1] != c.modules {
			t.Errorf("%s: %d features, %d logits, pooled %q, last %s", c.what, features, logits, g.Pooled(), modules[len(modules)-1])
		}
	}
}

func TestOptions(t *testing.T) {
	for text, want := range map[string]string{
		"maxpool":             "want name=value",
		"maxpool=":            "want name=value",
		"stem=3":              "no option",
		"eps=1e-3,eps=1e-5":   "both",
		"maxpool=no, eps=0.1": "",
		"":                    "",
	} {
		if _, err := ParseOptions(text); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, c := range []struct {
		file, options, want string
	}{
		{"resnet18", "maxpool=perhaps", "maxpool=perhaps: want yes, no"},
		{"resnet18", "transform=yes", "a ResNet has no such option, but for antialias, dilate, eps, maxpool"},
		{"resnet18", "eps=0", "want a number between 0 and 1"},
		{"alexnet", "eps=1e-3", "AlexNet has no such option"},
		{"resnet18", "stride=conv1", "no such option"}, // its blocks have no 1x1 convolution in front
	} {
		opt, err := ParseOptions(c.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Build(dictOf(t, c.file), opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want %q", c.file, c.options, err, c.want)
		}
	}
	// Options come before metadata, and metadata before the default.
	sd := dictOf(t, "resnet18")
	assumed := func(opt Options) []string {
		g, err := Build(sd, opt)
		if err != nil {
			t.Fatal(err)
		}
		return g.Assumed
	}
	if got := assumed(nil); !slices.Contains(got, "maxpool=yes (default)") {
		t.Errorf("assumed %v", got)
	}
	sd.Metadata = map[string]string{"maxpool": "no"}
	if got := assumed(nil); !slices.Contains(got, "maxpool=no (metadata)") {
		t.Errorf("assumed %v", got)
	}
	if got := assumed(Options{"maxpool": "yes"}); !slices.Contains(got, "maxpool=yes") {
		t.Errorf("assumed %v", got)
	}
}

// TestNearest reads the errors for state dicts that are not quite one of the families, or none.
func TestNearest(t *testing.T) {
	without := func(file, tensor string) *checkpoint.StateDict {
		return rename(t, dictOf(t, file), func(n string) string {
			if n == tensor {
				return ""
			}
			return n
		})
	}
	vit := &checkpoint.StateDict{}
	for _, name := range []string{"class_token", "conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight"} {
		tensor, err := checkpoint.NewFloat32(name, []int{1}, []float32{1})
		if err != nil {
			t.Fatal(err)
		}
		if err := vit.Add(tensor); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		sd   *checkpoint.StateDict
		want []string
	}{
		{without("densenet121", "features.denseblock2.denselayer1.norm2.bias"), []string{"not quite a DenseNet", "features.denseblock2.denselayer1.norm2.bias is missing"}},
		{without("mobilenet_v2", "features.3.conv.1.0.weight"), []string{"not quite a MobileNet v2", "features.3.conv"}},
		{without("efficientnet_b0", "features.2.0.block.2.fc1.weight"), []string{"not quite an EfficientNet", "features.2.0.block.2"}},
		{without("convnext_tiny", "features.3.0.layer_scale"), []string{"not quite a ConvNeXt", "features.3.0.layer_scale is missing"}},
		{without("inception_v3", "Mixed_6b.branch7x7_2.conv.weight"), []string{"not quite Inception v3", "Mixed_6b.branch7x7_2.conv.weight is missing"}},
		{vit, []string{"no architecture has these tensors", "class_token"}},
	} {
		_, err := Build(c.sd, nil)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
	}
	many := &checkpoint.StateDict{}
	for i := range mostTensors + 1 {
		tensor, err := checkpoint.NewFloat32(fmt.Sprint("layer1.", i, ".conv1.weight"), []int{1}, []float32{1})
		if err != nil {
			t.Fatal(err)
		}
		if err := many.Add(tensor); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Build(many, nil); err == nil || !strings.Contains(err.Error(), "more than any architecture has") {
		t.Errorf("very many tensors: %v", err)
	}
	// Filters of a blur in place of strides, which no network here has as tensors.
	sd := dictOf(t, "resnet18")
	filter, err := checkpoint.NewFloat32("layer2.0.aa.filt", []int{64, 1, 3, 3}, make([]float32, 576))
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.Add(filter); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(sd, nil); err == nil || !strings.Contains(err.Error(), "unexpected tensor layer2.0.aa.filt") {
		t.Errorf("with blur filters: %v", err)
	}
}

// FuzzBuild builds networks from state dicts with shapes changed at random: an error or a network
// that runs, never a panic.
func FuzzBuild(f *testing.F) {
	for i := range 6 {
		f.Add(uint8(i), uint16(i*7), uint8(3), int8(1))
	}
	files := []string{"resnet_option_a", "squeezenet1_1", "densenet121", "shufflenet_v2_x0_5", "mobilenet_v2", "convnext_tiny"}
	var dicts []*checkpoint.StateDict
	for _, name := range files {
		dicts = append(dicts, golden.Open(f, filepath.Join("arch", name)).StateDict())
	}
	f.Fuzz(func(t *testing.T, file uint8, at uint16, axis uint8, by int8) {
		from := dicts[int(file)%len(dicts)]
		sd := &checkpoint.StateDict{}
		for i, name := range from.Names() {
			tensor, _ := from.Get(name)
			if i == int(at)%from.Len() && tensor.DType.IsFloat() {
				shape := slices.Clone(tensor.Shape)
				if len(shape) > 0 {
					a := int(axis) % len(shape)
					shape[a] = max(0, shape[a]+int(by))
				}
				n := 1
				for _, d := range shape {
					n *= d
				}
				other, err := checkpoint.NewFloat32(name, shape, make([]float32, n))
				if err != nil {
					t.Fatal(err)
				}
				tensor = other
			}
			if err := sd.Add(tensor); err != nil {
				t.Fatal(err)
			}
		}
		g, err := Build(sd, nil)
		if err != nil {
			return
		}
		plan, err := nn.Compile(g)
		if err != nil {
			return
		}
		plan.Run(t.Context(), zeros(1, max(g.InChannels(), 1), 32, 32))
	})
}

// TestEfficientNetEps: the norms' eps follows the last convolution, as torchvision's b4 and b5
// have it.
func TestEfficientNetEps(t *testing.T) {
	for channels, want := range map[int]string{1792: "eps=1e-05 (default)", 2048: "eps=0.001 (default)"} {
		sd := &checkpoint.StateDict{}
		for tensor := range dictOf(t, "efficientnet_b0").All() {
			shape := slices.Clone(tensor.Shape)
			switch {
			case strings.HasPrefix(tensor.Name, "features.8.") && len(shape) > 0:
				shape[0] = channels
			case tensor.Name == "classifier.1.weight":
				shape[1] = channels
			}
			other, err := checkpoint.NewFloat32(tensor.Name, shape, zeros(shape...).Data)
			if err == nil {
				err = sd.Add(other)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		g, err := Build(sd, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(g.Assumed, want) {
			t.Errorf("%d channels: assumed %v, want %s", channels, g.Assumed, want)
		}
	}
}
