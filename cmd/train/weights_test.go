package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/render"
)

// pretrained is a network that knows other classes.
func pretrained(t *testing.T) string {
	return golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
}

// tensors are the elements of a file's tensors by name.
func tensors(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	sd, err := checkpoint.Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for x := range sd.All() {
		if x.DType.IsFloat() {
			if all[x.Name], err = x.Float32(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// equal tells whether two tensors have the same elements.
func equal(a, b []float32) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// A network that knows other classes gets a new last layer; what is frozen stays as it is,
// running statistics too. With its own classes it goes on with the layer that it has.
func TestWeights(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 5, 24)}
	dir, out := outputs(t)
	frozen := []string{"-weights", pretrained(t), "-freeze", "conv1, bn1,layer1,layer2", "-batch", "6", "-epochs", "1", "-curves", "", "-csv", ""}
	stdout := must(t, with(out, images, frozen)...)
	for _, want := range []string{"ResNet18, base width 16, 3 classes", "a new last layer for 3 classes", "learning rate 0.0009375 ", "96 x 96 pixels"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	before, after := tensors(t, pretrained(t)), tensors(t, filepath.Join(dir, "n.last.safetensors"))
	for name := range before {
		held := strings.HasPrefix(name, "conv1.") || strings.HasPrefix(name, "bn1.") || strings.HasPrefix(name, "layer1.") || strings.HasPrefix(name, "layer2.")
		if after[name] == nil {
			t.Errorf("%s is missing", name)
		} else if equal(before[name], after[name]) != held {
			t.Errorf("%s: the same as before: %v, want %v", name, !held, held)
		}
	}
	if n := len(after["fc.bias"]); n != 3 {
		t.Errorf("%d outputs", n)
	}
	if got := files(t, dir); len(got) != 3 {
		t.Errorf("%d files, want the networks and the state", len(got))
	}

	_, again := outputs(t)
	stdout = must(t, with(again, images, []string{"-weights", filepath.Join(dir, "n.safetensors"), "-batch", "6", "-epochs", "1", "-size", "24"})...)
	if !strings.Contains(stdout, "the last layer is kept: it knows these classes") || !strings.Contains(stdout, "24 x 24 pixels") {
		t.Error(stdout)
	}
}

// The linear probe: all but the last layer as it was, and that the same for any order.
func TestProbe(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 20, 24), "-size", "48"}
	dir, out := outputs(t)
	out = out[:2] // -curves and -csv are of steps
	stdout := must(t, with(out, images, []string{"-weights", pretrained(t), "-freeze", "all", "-holdout", "0.3", "-half"})...)
	for _, want := range []string{"features  42 x 128", " iterations, converged", "accuracy  ", " of 18 = ", "standing"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	got := files(t, dir)
	if len(got) != 1 {
		t.Errorf("%d files, want the network alone", len(got))
	}
	before, after := tensors(t, pretrained(t)), tensors(t, filepath.Join(dir, "n.safetensors"))
	for name := range before {
		if strings.HasPrefix(name, "fc.") == equal(before[name], after[name]) {
			t.Errorf("%s: the same as before: %v", name, strings.HasPrefix(name, "fc."))
		}
	}
	sd, err := checkpoint.Load(t.Context(), filepath.Join(dir, "n.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if sd.Metadata["classes"] != "both,lying,standing" || sd.Metadata["size"] != "48" {
		t.Errorf("metadata %v", sd.Metadata)
	}
	balanced(t, filepath.Join(dir, "n.safetensors"), images[1])
	dir, out = outputs(t)
	must(t, with(out[:2], images, []string{"-weights", pretrained(t), "-freeze", "all", "-holdout", "0.3", "-half"})...)
	if !bytes.Equal([]byte(files(t, dir)["n.safetensors"]), []byte(got["n.safetensors"])) {
		t.Error("another network the second time")
	}
}

// A last layer that had no bias gets the one that was found.
func TestProbeWithoutBias(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 20, 24), "-size", "48"}
	sd, err := checkpoint.Load(t.Context(), pretrained(t))
	if err != nil {
		t.Fatal(err)
	}
	without := &checkpoint.StateDict{Metadata: sd.Metadata}
	for x := range sd.All() {
		if x.Name != "fc.bias" {
			if err := without.Add(x); err != nil {
				t.Fatal(err)
			}
		}
	}
	weights := filepath.Join(t.TempDir(), "w.safetensors")
	if err := checkpoint.SaveSafetensors(t.Context(), weights, without); err != nil {
		t.Fatal(err)
	}
	dir, out := outputs(t)
	must(t, with(out[:2], images, []string{"-weights", weights, "-freeze", "all", "-holdout", "0.3"})...)
	balanced(t, filepath.Join(dir, "n.safetensors"), images[1])
}

// Flags of steps are refused where none are taken, and so is the name of a run that has not
// ended.
func TestProbeRefuses(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 5, 24), "-weights", pretrained(t), "-freeze", "all"}
	for _, flag := range []string{"-epochs=3", "-lr=0.1", "-batch=8", "-augment=flip", "-ema=0.9", "-csv=c.csv"} {
		_, out := outputs(t)
		name, _, _ := strings.Cut(flag, "=")
		if _, err := program(t, with(out[:2], images, []string{flag})...); err == nil || !strings.Contains(err.Error(), name+": -freeze all takes no steps") {
			t.Errorf("%s: error %v", flag, err)
		}
	}
	dir, out := outputs(t)
	began := with(out, tiny, images[:2], []string{"-epochs", "1", "-schedule", "constant"})
	must(t, began...)
	statePath := filepath.Join(dir, "n.state.safetensors")
	st, err := loadState(t.Context(), statePath)
	if err != nil {
		t.Fatal(err)
	}
	st.Settings["epochs"] = "2"
	if err := st.save(t.Context(), statePath, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := program(t, with(out[:2], images)...); err == nil || !strings.Contains(err.Error(), "holds a run that has 1 of 2 epochs behind it") {
		t.Errorf("error %v", err)
	}
}

// A network trained on images as they are, of no one size, says so.
func TestAnySize(t *testing.T) {
	images := stripes(t, t.TempDir(), 5, 24)
	for class := range 3 {
		folder := filepath.Join(images, []string{"both", "lying", "standing"}[class])
		for i := range 5 {
			im, err := data.NewImage(24, 16)
			if err != nil {
				t.Fatal(err)
			}
			if err := render.SavePNG(t.Context(), filepath.Join(folder, fmt.Sprintf("%03d.png", i)), im); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir, out := outputs(t)
	must(t, with(out, tiny, []string{"-data", images, "-size", "0", "-epochs", "1", "-augment", "none"})...)
	m, err := model.Load(t.Context(), filepath.Join(dir, "n.safetensors"), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tr := m.Transform(); tr.Resize != 0 || tr.CenterCrop != 0 {
		t.Errorf("resize %d, crop %d: want pictures as they are", tr.Resize, tr.CenterCrop)
	}
}

// What does not fit into half precision is an error, and not infinite.
func TestHalved(t *testing.T) {
	for value, want := range map[float32]string{65504: "", 65519: "", 65520: "-half: w has numbers above 65504"} {
		x, err := checkpoint.NewFloat32("w", []int{2}, []float32{1, -value})
		if err != nil {
			t.Fatal(err)
		}
		sd := &checkpoint.StateDict{}
		if err := sd.Add(x); err != nil {
			t.Fatal(err)
		}
		if _, err := halved(sd); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", value, err, want)
		}
	}
}

// balanced fails the test unless the mean probabilities that a last layer gives the images
// that it was found from are the shares of their classes: where the loss is least, its
// derivative by the bias is nothing.
func balanced(t *testing.T, path, folder string) {
	t.Helper()
	m, err := model.Load(t.Context(), path, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ds, err := data.Open(t.Context(), folder, data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := data.Labels(t.Context(), ds)
	if err != nil {
		t.Fatal(err)
	}
	learnt, _, err := data.HoldOut(labels, 0.3, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, want := make([]float64, 3), make([]float64, 3)
	for _, i := range learnt {
		s, err := ds.Sample(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		top, err := m.Classify(t.Context(), s.Image, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range top {
			got[p.Class] += p.Probability
		}
		want[s.Label]++
	}
	for c := range want {
		if math.Abs(got[c]-want[c]) > 0.05 { // images; in half precision
			t.Errorf("class %d: %v images of %v", c, got[c], want[c])
		}
	}
}

// A class whose name could not be kept is refused before the first step.
func TestClassNames(t *testing.T) {
	images := stripes(t, t.TempDir(), 5, 24)
	if err := os.Rename(filepath.Join(images, "both"), filepath.Join(images, "caf\xe9")); err != nil {
		t.Skip("no file system for names that are not UTF-8")
	}
	_, out := outputs(t)
	if _, err := program(t, with(out, tiny, []string{"-data", images})...); err == nil || !strings.Contains(err.Error(), `the class "caf\xe9": give its folder a name in UTF-8`) {
		t.Errorf("error %v", err)
	}
}
