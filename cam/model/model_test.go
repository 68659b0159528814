package model_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// scenesModel is the embedded network.
func scenesModel(t testing.TB, opt model.Options) *model.Model {
	t.Helper()
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(sd, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The heat maps of pictures given one by one are those of the notebook's code, as
// cmd/cam's are.
func TestExplainIsTheNotebooks(t *testing.T) {
	want := golden.Open(t, "notebook.safetensors")
	for _, layer := range []string{"layer4", ""} {
		m := scenesModel(t, model.Options{Size: 128, Layer: layer})
		key := layer
		if layer == "" {
			key = "layer4.1.bn2"
		}
		bytes, differ := want.Bytes(key), 0
		for i := range 12 {
			e, err := m.Explain(t.Context(), scenes.Draw(uint64(i)).Image, cam.Predicted)
			if err != nil {
				t.Fatal(err)
			}
			if int64(e.Map.Class) != want.Int64("predicted")[i] || e.Predictions[0].Class != e.Map.Class {
				t.Errorf("image %d: class %d and %d, PyTorch says %d", i, e.Map.Class, e.Predictions[0].Class, want.Int64("predicted")[i])
			}
			heat, err := model.Heat(e.Map, 128, 128)
			if err != nil {
				t.Fatal(err)
			}
			for p, v := range heat {
				if v != bytes[i*128*128+p] {
					differ++
				}
			}
			checkOverlay(t, e, heat)
		}
		if share := float64(differ) / float64(len(bytes)); share > 0.001 {
			t.Errorf("%s: %d of %d bytes differ", key, differ, len(bytes))
		}
	}
}

// checkOverlay compares the overlay with what matplotlib would show: alpha times
// the colour and 1-alpha times the gray, within the rounding to bytes.
func checkOverlay(t *testing.T, e *model.Explanation, heat []uint8) {
	t.Helper()
	over, err := e.Overlay(model.OverlayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	gray, err := render.GrayOf(e.Input)
	if err != nil {
		t.Fatal(err)
	}
	if over.Rect != image.Rect(0, 0, 128, 128) {
		t.Fatalf("an overlay of %v", over.Rect)
	}
	for p, v := range heat {
		for c := range 3 {
			want := 0.4*float64(render.Jet[v][c]) + 0.6*float64(gray.Pix[p])
			if got := float64(over.Pix[4*p+c]); math.Abs(got-want) > 1.5 {
				t.Fatalf("pixel %d, channel %d is %v, want about %v", p, c, got, want)
			}
		}
	}
}

func TestExplainAnyClass(t *testing.T) {
	m := scenesModel(t, model.Options{})
	scene := scenes.Draw(3)
	opaque := 1.0
	for class := range m.Classes() {
		e, err := m.Explain(t.Context(), scene.Image, class)
		if err != nil {
			t.Fatal(err)
		}
		if e.Map.Class != class {
			t.Errorf("mapped class %d, want %d", e.Map.Class, class)
		}
		over, err := e.Overlay(model.OverlayOptions{Alpha: &opaque, Colormap: &render.Viridis})
		if err != nil {
			t.Fatal(err)
		}
		heat, err := model.Heat(e.Map, e.Input.Width, e.Input.Height)
		if err != nil {
			t.Fatal(err)
		}
		for p, v := range heat {
			if got := [3]uint8(over.Pix[4*p:]); got != render.Viridis[v] {
				t.Fatalf("an opaque map is %v at pixel %d, want %v", got, p, render.Viridis[v])
			}
		}
	}
	for _, class := range []int{-2, 10} {
		if _, err := m.Explain(t.Context(), scene.Image, class); err == nil {
			t.Errorf("class %d accepted", class)
		}
	}
	e, err := m.Explain(t.Context(), scene.Image, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	beyond := 1.1
	if _, err := e.Overlay(model.OverlayOptions{Alpha: &beyond}); err == nil {
		t.Error("an opacity of 1.1 accepted")
	}
}

// Probabilities add up to 1, fall, and have the logits' differences as the
// differences of their logarithms.
func TestProbabilities(t *testing.T) {
	z := []float32{1.5, -3, 800, 799, -120}
	p, err := model.Probabilities(z)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, v := range p {
		sum += v
	}
	if math.Abs(sum-1) > 1e-15 {
		t.Errorf("the sum is 1%+g", sum-1)
	}
	if d := math.Log(p[2]/p[3]) - 1; math.Abs(d) > 1e-14 {
		t.Errorf("a logit larger by 1 has %g times the probability", p[2]/p[3])
	}
	for _, bad := range [][]float32{nil, {0, float32(math.NaN())}, {float32(math.Inf(1)), 0}} {
		if p, err := model.Probabilities(bad); err == nil {
			t.Errorf("%v gives %v", bad, p)
		}
	}
}

func TestClassify(t *testing.T) {
	m := scenesModel(t, model.Options{})
	scene := scenes.Draw(0)
	all, err := m.Classify(t.Context(), scene.Image, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 10 || all[0].Name != scenes.Classes()[scene.Label] || all[0].Probability < 0.5 {
		t.Errorf("a %s is %+v", scenes.Classes()[scene.Label], all)
	}
	if !slices.IsSortedFunc(all, func(a, b model.Prediction) int {
		if a.Probability < b.Probability {
			return 1
		}
		return -1
	}) {
		t.Errorf("not by falling probability: %+v", all)
	}
	for k, want := range map[int]int{1: 1, 3: 3, 10: 10, 99: 10} {
		if top, err := m.Classify(t.Context(), scene.Image, k); err != nil || !slices.Equal(top, all[:want]) {
			t.Errorf("the top %d are %+v (%v)", k, top, err)
		}
	}
	if _, err := m.Classify(t.Context(), scene.Image, -1); err == nil {
		t.Error("-1 classes accepted")
	}
	var nothing image.Image
	if _, err := m.Classify(t.Context(), nothing, 1); err == nil {
		t.Error("no picture accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Classify(ctx, scene.Image, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
}

// Features are those of single pictures, whatever is beside them.
func TestFeatures(t *testing.T) {
	m := scenesModel(t, model.Options{})
	var pictures []image.Image
	for i := range 5 {
		pictures = append(pictures, scenes.Draw(uint64(i)).Image)
	}
	x, err := m.Features(t.Context(), pictures...)
	if err != nil {
		t.Fatal(err)
	}
	if n, d := x.Dims(); n != 5 || d != 128 {
		t.Fatalf("%d x %d features", n, d)
	}
	for i, p := range pictures {
		one, err := m.Features(t.Context(), p)
		if err != nil || !slices.Equal(one.RawRowView(0), x.RawRowView(i)) {
			t.Errorf("picture %d alone has other features (%v)", i, err)
		}
	}
	if _, err := m.Features(t.Context()); err == nil {
		t.Error("no pictures accepted")
	}
	asIs := scenesModel(t, model.Options{Size: model.AsIs})
	if _, err := asIs.Features(t.Context(), pictures[0], image.NewGray(image.Rect(0, 0, 40, 50))); err == nil || !strings.Contains(err.Error(), "picture 1 comes to 40 x 50 pixels") {
		t.Errorf("pictures of two sizes: %v", err)
	}
}

func TestOptions(t *testing.T) {
	own := data.Transform{Resize: 96, CenterCrop: 96, Mean: []float32{0.5}, Std: []float32{0.5}}
	names := strings.Fields("a b c d e f g h i j")
	with := func(change func(*data.Transform)) data.Transform {
		out := own
		change(&out)
		return out
	}
	for _, c := range []struct {
		opt     model.Options
		want    data.Transform
		classes []string
	}{
		{model.Options{}, own, scenes.Classes()},
		{model.Options{Size: 64}, with(func(t *data.Transform) { t.Resize, t.CenterCrop = 64, 64 }), scenes.Classes()},
		{model.Options{Size: model.AsIs, Classes: names}, with(func(t *data.Transform) { t.Resize, t.CenterCrop = 0, 0 }), names},
		{model.Options{Mean: []float32{0}, Std: []float32{1, 2, 3}}, with(func(t *data.Transform) { t.Mean, t.Std = []float32{0}, []float32{1, 2, 3} }), scenes.Classes()},
	} {
		m := scenesModel(t, c.opt)
		got := m.Transform()
		if got.Resize != c.want.Resize || got.CenterCrop != c.want.CenterCrop || !slices.Equal(got.Mean, c.want.Mean) || !slices.Equal(got.Std, c.want.Std) {
			t.Errorf("%+v: transform %+v, want %+v", c.opt, got, c.want)
		}
		if !slices.Equal(m.Classes(), c.classes) {
			t.Errorf("%+v: classes %v, want %v", c.opt, m.Classes(), c.classes)
		}
	}
	m := scenesModel(t, model.Options{})
	if mapper, err := m.Mapper(); err != nil || mapper.Layer() != "layer4.1.bn2" || m.String() != "ResNet18, base width 16, 10 classes" {
		t.Errorf("%v, mapper %v, %v", m, mapper, err)
	}
	if want := "maxpool=yes (metadata)"; !slices.Contains(m.Assumed(), want) {
		t.Errorf("assumed %v, want %s among them", m.Assumed(), want)
	}
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	for want, opt := range map[string]model.Options{
		"2 class names for the 10 outputs": {Classes: []string{"a", "b"}},
		"Size is -2":                       {Size: -2},
		"Std is [0]":                       {Std: []float32{0}},
		"maxpool=perhaps: want yes, no":    {Network: arch.Options{"maxpool": "perhaps"}},
		"transform=yes: a ResNet has no":   {Network: arch.Options{"transform": "yes"}},
		"Mean has 2 numbers":               {Mean: []float32{1, 2}},
		`no layer "layer9"`:                {Layer: "layer9"},
		"layer layer3 has 64 channels":     {Layer: "layer3", Method: cam.CAM{}},
	} {
		if _, err := model.New(sd, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", opt, err, want)
		}
	}
}

// Without metadata, and with some that is not ours.
func TestRecommend(t *testing.T) {
	r, err := model.Recommend(map[string]string{"size": "224", "mean": "imagenet", "std": "0.5", "classes": "cat,dog"})
	if err != nil || r.Size != 224 || !slices.Equal(r.Mean, []float32{0.485, 0.456, 0.406}) || !slices.Equal(r.Std, []float32{0.5}) || !slices.Equal(r.Classes, []string{"cat", "dog"}) {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := model.Recommend(map[string]string{"size": "base", "format": "pt"}); err != nil || r.Size != 0 || r.Mean != nil || r.Std != nil || r.Classes != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := model.Recommend(map[string]string{"size": "0"}); err != nil || r.Size != model.AsIs {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []map[string]string{{"mean": "half"}, {"std": "1,,2"}} {
		if _, err := model.Recommend(bad); err == nil {
			t.Errorf("%v accepted", bad)
		}
	}
	whole, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	bare := &checkpoint.StateDict{}
	for tensor := range whole.All() {
		if err := bare.Add(tensor); err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.New(bare, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Transform().Resize != model.DefaultSize || m.Transform().Mean != nil || m.Classes()[9] != "class 9" {
		t.Errorf("without metadata: %+v, %v", m.Transform(), m.Classes())
	}
}

func TestLoad(t *testing.T) {
	path := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := model.Load(t.Context(), path, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := model.Parse(t.Context(), content, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	im := scenes.Draw(1).Image
	want, err := scenesModel(t, model.Options{}).Classify(t.Context(), im, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*model.Model{loaded, parsed} {
		if got, err := m.Classify(t.Context(), im, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v (%v), want %+v", got, err, want)
		}
	}
	cut := filepath.Join(t.TempDir(), "cut.safetensors")
	if err := os.WriteFile(cut, content[:1000], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := model.Load(t.Context(), cut, model.Options{}); err == nil || !strings.Contains(err.Error(), cut) {
		t.Errorf("a cut file: %v", err)
	}
	if _, err := model.Load(t.Context(), path, model.Options{Size: -7}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("an option that does not fit: %v", err)
	}
}

// One model for many goroutines.
func TestConcurrentUse(t *testing.T) {
	m := scenesModel(t, model.Options{Size: 48})
	im := scenes.Draw(2).Image
	want, err := m.Explain(t.Context(), im, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			e, err := m.Explain(t.Context(), im, cam.Predicted)
			if err != nil || !slices.Equal(e.Map.Values, want.Map.Values) || !slices.Equal(e.Predictions, want.Predictions) {
				t.Errorf("another explanation beside others (%v)", err)
				return
			}
			if _, err := e.Overlay(model.OverlayOptions{}); err != nil {
				t.Error(err)
			}
			if x, err := m.Features(t.Context(), im, im); err != nil || !slices.Equal(x.RawRowView(0), x.RawRowView(1)) {
				t.Errorf("features of one picture differ (%v)", err)
			}
		})
	}
	wg.Wait()
	if !bytes.Equal(im.Pix, scenes.Draw(2).Image.Pix) {
		t.Error("the picture was changed")
	}
}

// Weights that are not finite are an error, not a picture.
func TestNaN(t *testing.T) {
	whole, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	sd := &checkpoint.StateDict{}
	for tensor := range whole.All() {
		if tensor.Name == "fc.bias" {
			if tensor, err = checkpoint.NewFloat32("fc.bias", []int{10}, slices.Repeat([]float32{float32(math.NaN())}, 10)); err != nil {
				t.Fatal(err)
			}
		}
		if err := sd.Add(tensor); err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		return // refused at once: better still
	}
	im := scenes.Draw(0).Image
	if p, err := m.Classify(t.Context(), im, 1); err == nil {
		t.Errorf("classified as %+v", p)
	}
	if _, err := m.Explain(t.Context(), im, cam.Predicted); err == nil {
		t.Error("explained")
	}
}

// A network without a class activation map is explained by Grad-CAM, and any by the method
// that is asked for; the overlay may keep the colours.
func TestExplainByOtherMethods(t *testing.T) {
	picture := scenes.Draw(3).Image
	for _, c := range []struct {
		opt  model.Options
		want cam.Method
		over string
	}{
		{model.Options{Method: cam.LayerCAM{}, Layer: "layer3"}, cam.LayerCAM{}, "layer3"},
		{model.Options{Method: cam.EigenCAM{}}, cam.EigenCAM{}, "layer4"},
		{model.Options{Layer: "layer3"}, cam.GradCAM{}, "layer3"}, // which the last layer does not weigh
		{model.Options{}, cam.CAM{}, "layer4.1.bn2"},
	} {
		m := scenesModel(t, c.opt)
		e, err := m.Explain(t.Context(), picture, cam.Predicted)
		if err != nil {
			t.Fatal(err)
		}
		x, err := nn.NewTensor(1, 3, e.Input.Height, e.Input.Width)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Transform().Apply(picture, x.Data); err != nil {
			t.Fatal(err)
		}
		want, err := c.want.Explain(t.Context(), cam.Question{Net: m.Network(), Input: x, Layer: c.over})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(e.Map.Values, want.Maps[0].Values) {
			t.Errorf("%s: another map", c.want.Name())
		}
		gray, err := e.Overlay(model.OverlayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// Of all methods but CAM what is above 0 is drawn.
		shown := want.Maps[0]
		if c.want != cam.Method(cam.CAM{}) {
			shown = shown.Rectified()
		}
		byHand, err := (&model.Explanation{Map: shown, Input: e.Input}).Overlay(model.OverlayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(gray.Pix, byHand.Pix) {
			t.Errorf("%s: another overlay", c.want.Name())
		}
		colour, err := e.Overlay(model.OverlayOptions{Color: true})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(gray.Pix, colour.Pix) {
			t.Errorf("%s: in colour as in gray", c.want.Name())
		}
	}
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.New(sd, model.Options{Layer: "fc"}); err == nil {
		t.Error("a layer without maps: no error")
	}
}
