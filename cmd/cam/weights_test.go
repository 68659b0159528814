package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/explored"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// bent writes the scenes network with each tensor as change gives it (nil leaves it out),
// and adds others.
func bent(t *testing.T, change func(x *checkpoint.Tensor, v []float32) []float32, more ...string) string {
	t.Helper()
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	out := &checkpoint.StateDict{}
	for x := range sd.All() {
		if !x.DType.IsFloat() {
			continue // counts, which nothing needs
		}
		v, err := x.Float32()
		if err != nil {
			t.Fatal(err)
		}
		if v = change(x, slices.Clone(v)); v == nil {
			continue
		}
		y, err := checkpoint.NewFloat32(x.Name, x.Shape, v)
		if err == nil {
			err = out.Add(y)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range more {
		y, err := checkpoint.NewFloat32(name, []int{1}, []float32{1})
		if err == nil {
			err = out.Add(y)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.SaveSafetensors(t.Context(), path, out); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(_ *checkpoint.Tensor, v []float32) []float32 { return v }

// Weights that are not finite are named, and so are images whose output is not.
func TestNotFinite(t *testing.T) {
	dir := photos(t, 4)
	scene := filepath.Join(dir, scenes.Classes()[scenes.Draw(0).Label], "scene.png")
	nan := bent(t, func(x *checkpoint.Tensor, v []float32) []float32 {
		if x.Name == "layer1.0.conv1.weight" {
			v[3] = float32(math.NaN())
		}
		return v
	})
	large := bent(t, func(x *checkpoint.Tensor, v []float32) []float32 {
		if x.Name == "fc.weight" {
			for i := range v {
				v[i] = math.MaxFloat32
			}
		}
		return v
	})
	out := filepath.Join(t.TempDir(), "out.png")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-weights", nan, "-image", scene}, "net.safetensors: arch: tensor layer1.0.conv1.weight: element 3 is NaN"},
		{[]string{"-weights", nan, "-data", dir, "-classes", strings.Join(scenes.Classes(), ",")}, "element 3 is NaN"},
		{[]string{"-weights", large, "-image", scene}, `scene.png": output 0 is `},
		{[]string{"-weights", large, "-image", scene, "-method", "gradcam,scorecam"}, `scene.png": output 0 is `},
		{[]string{"-weights", large, "-image", scene, "-evaluate", "-method", "gradcam"}, `scene.png": output 0 is `},
		{[]string{"-weights", large, "-image", scene, "-top", "2"}, `scene.png": output 0 is `},
	} {
		_, err := cam1(t, append([]string{"-out", out}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.args, err, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%v: left a figure", c.args)
		}
	}
}

// A checkpoint without a last layer is mapped by the methods that need no class; others
// say which do.
func TestHeadless(t *testing.T) {
	weights := bent(t, func(x *checkpoint.Tensor, v []float32) []float32 {
		if strings.HasPrefix(x.Name, "fc.") {
			return nil
		}
		return v
	})
	dir := photos(t, 4)
	out := filepath.Join(t.TempDir(), "out.png")
	for method, maps := range map[string]int{"": 0, "fem": 0, "eigencam,kpcacam": 2, "all": 3} {
		args := []string{"-weights", weights, "-data", dir, "-json", "-", "-out", out}
		if method != "" {
			args = append(args, "-method", method)
		}
		stdout, err := cam1(t, args...)
		if err != nil {
			t.Errorf("%q: %v", method, err)
			continue
		}
		var r report
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Images) == 0 || r.Accuracy != nil || method == "" && r.Method != "eigencam" {
			t.Errorf("%q: %+v", method, r)
		}
		for _, im := range r.Images {
			if im.Predicted != "" || im.Mapped != "" || len(im.Probabilities) != 0 || len(im.Maps) != maps {
				t.Errorf("%q: %+v", method, im)
			}
		}
		os.Remove(out)
	}
	// A page has the classes of the folders, and maps of none.
	file := filepath.Join(t.TempDir(), "cam.html")
	if _, err := cam1(t, "-weights", weights, "-data", dir, "-out", out, "-html", file); err != nil {
		t.Error(err)
	} else {
		var m pageMeta
		blocks := explored.ReadFile(t, file, &m)
		if len(m.Classes) == 0 || m.Points == 0 || len(m.Maps) != 1 {
			t.Errorf("%+v", m)
		}
		for raw := blocks[m.Maps[0].Classes]; len(raw) > 0; raw = raw[4:] {
			if class := int32(binary.LittleEndian.Uint32(raw)); class != -1 {
				t.Errorf("a map of class %d", class)
			}
		}
	}
	stdout, err := cam1(t, "-weights", weights, "-data", dir, "-out", out)
	if err != nil || !strings.Contains(stdout, "no last layer, 128 features") || !strings.Contains(stdout, "eigencam: the checkpoint has no last layer") || strings.Contains(stdout, "accuracy") {
		t.Errorf("%v\n%s", err, stdout)
	}
	for _, args := range [][]string{{"-method", "gradcam"}, {"-method", "fem,scorecam"}, {"-class", "1"}, {"-top", "2"}, {"-target", "probability"}, {"-evaluate"}} {
		_, err := cam1(t, append([]string{"-weights", weights, "-data", dir, "-out", out}, args...)...)
		if err == nil || !strings.Contains(err.Error(), "has no last layer: use -method eigencam or kpcacam or fem; tsne and pca draw its features") {
			t.Errorf("%v: error %v", args, err)
		}
	}
}

// What was chosen among the tensors is said.
func TestChoices(t *testing.T) {
	scene := filepath.Join(photos(t, 1), scenes.Classes()[scenes.Draw(0).Label], "scene.png")
	out := filepath.Join(t.TempDir(), "out.png")
	weights := bent(t, same, "criterion.weight")
	stdout, err := cam1(t, "-weights", weights, "-image", scene, "-out", out)
	if err != nil || !strings.Contains(stdout, `weights   "criterion.weight" left out`) {
		t.Errorf("%v\n%s", err, stdout)
	}
	weights = bent(t, same, "extra.weight")
	if _, err := cam1(t, "-weights", weights, "-image", scene, "-out", out); err == nil || !strings.Contains(err.Error(), "unexpected tensor extra.weight") {
		t.Errorf("error %v", err)
	}
	if _, err := cam1(t, "-weights", weights, "-image", scene, "-out", out, "-network", "ignore=extra"); err != nil {
		t.Error(err)
	}
	if _, err := cam1(t, "-weights", weights, "-image", scene, "-out", out, "-key", "model"); err == nil || !strings.Contains(err.Error(), `no entry "model"`) {
		t.Errorf("error %v", err)
	}
	if _, err := cam1(t, "-key", "model"); err == nil || !strings.Contains(err.Error(), "-key needs -weights") {
		t.Errorf("error %v", err)
	}
	if _, err := cam1(t, "-weights", weights, "-image", scene, "-out", out, "-max-memory", "1"); err == nil || !strings.Contains(err.Error(), "(-max-memory allows more)") {
		t.Errorf("error %v", err)
	}
	// Two state dicts in a pickle.
	two := golden.Path(t, "checkpoint", "average-beside.legacy.pth")
	for key, want := range map[string]string{"": `weights   "model" of the file, which also holds "model_ema"; -key takes another`, "model_ema": ""} {
		args := []string{"-weights", two, "-image", scene, "-out", out}
		if key != "" {
			args = append(args, "-key", key)
		}
		stdout, err := cam1(t, args...)
		if err != nil || want != "" && !strings.Contains(stdout, want) || want == "" && strings.Contains(stdout, "weights ") {
			t.Errorf("%q: %v\n%s", key, err, stdout)
		}
	}
	if _, err := cam1(t, "-weights", two, "-image", scene, "-out", out, "-key", "ema"); err == nil || !strings.Contains(err.Error(), `no dict "ema" among its 3 entries: "model", "model_ema", and numbers`) {
		t.Errorf("error %v", err)
	}
}
