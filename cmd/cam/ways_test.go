package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// Methods and layers side by side, and one file an image.
func TestSideBySide(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "cam.png")
	stdout, err := cam1(t, "-method", "gradcam,eigencam,fullgrad", "-layer", "layer3,layer3*layer4", "-count", "2", "-acc", "0",
		"-target", "probability", "-out", out, "-json", filepath.Join(dir, "cam.json"), "-maps", filepath.Join(dir, "maps"), "-each", filepath.Join(dir, "each"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout, "maps in 5 ways") {
		t.Errorf("stdout: %s", stdout)
	}
	var r report
	text, err := os.ReadFile(filepath.Join(dir, "cam.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range r.Images[0].Maps {
		got = append(got, m.Method+" "+m.Layer)
	}
	if want := "gradcam layer3,gradcam layer3*layer4,eigencam layer3,eigencam layer3*layer4,fullgrad "; strings.Join(got, ",") != want {
		t.Errorf("maps %q, want %q", strings.Join(got, ","), want)
	}
	for pattern, want := range map[string]int{"maps/cam_00010_*.npy": 5, "maps/cam_00011_gradcam_layer3xlayer4.npy": 1, "each/cam_0001*.png": 2} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) != want {
			t.Errorf("%s: %d files, want %d", pattern, len(found), want)
		}
	}
}

// What cam cannot map is left to the others, unless it was asked for; a method that is named
// twice is drawn once; blanks do not matter.
func TestVariants(t *testing.T) {
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	net, err := arch.Build(sd, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    options
		want string // the first and the number of all
	}{
		{options{target: "logit"}, "cam of 1"},
		{options{target: "logit", layer: "layer3"}, "gradcam of 1"},
		{options{target: "logit", evaluate: true}, "cam of 14"},
		{options{target: "logit", evaluate: true, layer: "layer3"}, "gradcam of 13"},
		{options{target: "logit", evaluate: true, layer: "layer4, layer3"}, "cam layer4 of 23"},
		{options{target: "logit", method: "all", layer: "layer3"}, "gradcam of 26"},
		{options{target: "logit", method: "occlusion,occlusion,smoothgrad, smoothgrad"}, "occlusion of 2"},
	} {
		ways, err := c.o.variants(net)
		if err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		if got := fmt.Sprintf("%s of %d", ways[0].name, len(ways)); got != c.want {
			t.Errorf("-method %q -layer %q: %s, want %s", c.o.method, c.o.layer, got, c.want)
		}
	}
}

// The likeliest classes, with a colour image under the maps; what is explained can be
// anything of the logits.
func TestTopAndTargets(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "cam.json")
	for _, args := range [][]string{
		{"-top", "3", "-overlay", "color"},
		{"-top", "2", "-method", "layercam,fem", "-smooth"},
		{"-target", "over:moon"},
		{"-target", "against", "-eigen"},
		{"-target", "finer"},
		{"-method", "scorecam", "-layer", "layer4", "-target", "logprobability", "-class", "star"},
	} {
		if _, err := cam1(t, append(args, "-count", "2", "-acc", "0", "-out", filepath.Join(dir, "x.png"), "-json", name)...); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		var r report
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		if args[0] != "-top" {
			continue
		}
		im := r.Images[0]
		last := math.Inf(1)
		for _, m := range im.Maps[:2] {
			for _, p := range im.Probabilities {
				if p.Name == m.Class {
					if p.Probability > last {
						t.Errorf("%v: class %s is likelier than the one before", args, m.Class)
					}
					last = p.Probability
				}
			}
		}
		if im.Maps[0].Class != im.Predicted || im.Maps[1].Class == im.Predicted {
			t.Errorf("%v: classes %s, %s; predicted %s", args, im.Maps[0].Class, im.Maps[1].Class, im.Predicted)
		}
	}
}

// Names that two classes share keep both probabilities.
func TestNamesakes(t *testing.T) {
	dir := t.TempDir()
	out, err := cam1(t, "-classes", "a,a,a,b,b,c,c,c,d,d", "-data", photos(t, 4), "-weights", golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors"),
		"-json", "-", "-acc", "0", "-out", filepath.Join(dir, "x.png"))
	if err == nil {
		t.Fatalf("ten names for four folders: %s", out)
	}
	files, _ := filepath.Glob(filepath.Join(photos(t, 4), "*", "*.png"))
	out, err = cam1(t, append([]string{"-classes", "a,a,a,b,b,c,c,c,d,d", "-weights", golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors"),
		"-json", "-", "-out", filepath.Join(dir, "x.png"), "-image"}, files...)...)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, p := range r.Images[0].Probabilities {
		sum += p.Probability
	}
	if len(r.Images[0].Probabilities) != 10 || math.Abs(sum-1) > 1e-6 {
		t.Errorf("%d probabilities that sum to %v", len(r.Images[0].Probabilities), sum)
	}
}

func TestEvaluate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := t.TempDir()
	stdout, err := cam1(t, "-evaluate", "-count", "6", "-method", "cam,eigencam", "-layer", "layer4,layer3",
		"-out", filepath.Join(dir, "e.png"), "-csv", filepath.Join(dir, "e.csv"), "-json", filepath.Join(dir, "e.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout, "eigencam layer3") || !strings.Contains(stdout, "pointing ↑") {
		t.Errorf("stdout: %s", stdout)
	}
	file, err := os.Open(filepath.Join(dir, "e.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(table) != 6 || len(table[0]) != len(columns)+2 { // two baselines, cam layer4, two of eigencam
		t.Fatalf("%d rows of %d columns: %v", len(table), len(table[0]), table)
	}
	var r report
	text, err := os.ReadFile(filepath.Join(dir, "e.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	rows := map[string]score{}
	for _, row := range r.Evaluation.Rows {
		rows[row.Way] = row
		for name, v := range row.Scores {
			if math.IsNaN(v) || v < -1 || v > 1 {
				t.Errorf("%s: %s is %v", row.Way, name, v)
			}
		}
	}
	// What looks at the image is better than what does not.
	for _, c := range columns {
		random, cam := rows["(random)"].Scores[c.name], rows["cam layer4"].Scores[c.name]
		switch c.name {
		case "complexity", "coherency": // of which a constant map has the best
		default:
			if float64(c.better)*(cam-random) <= 0 {
				t.Errorf("%s: %v of cam, %v of random numbers", c.name, cam, random)
			}
		}
	}
}

// An evaluation that is stopped tells the scores of the images before.
func TestEvaluateStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	evaluate := func(ctx context.Context, count int) (table [][]string, stdout string, err error) {
		dir := t.TempDir()
		path := filepath.Join(dir, "e.csv")
		var out, progress bytes.Buffer
		err = run(ctx, []string{"-evaluate", "-count", fmt.Sprint(count), "-batch", "1", "-size", "32", "-method", "cam", "-out", filepath.Join(dir, "e.png"), "-csv", path}, &out, &progress)
		if file, failed := os.Open(path); failed == nil {
			defer file.Close()
			if table, failed = csv.NewReader(file).ReadAll(); failed != nil {
				t.Fatal(failed)
			}
		}
		for _, row := range table { // the time it took is another one
			row[len(row)-1] = ""
		}
		return table, out.String(), err
	}
	whole := countdown.New(t.Context(), math.MaxInt)
	if _, _, err := evaluate(whole, 3); err != nil {
		t.Fatal(err)
	}
	table, stdout, err := evaluate(countdown.New(t.Context(), whole.Looks()*2/3), 3)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	_, after, _ := strings.Cut(stdout, "stopped   these are the scores of the first ")
	var images int
	if _, err := fmt.Sscanf(after, "%d images", &images); err != nil || images < 1 || images > 2 {
		t.Fatalf("stdout: %s", stdout)
	}
	if want, _, err := evaluate(t.Context(), images); err != nil || !reflect.DeepEqual(table, want) {
		t.Errorf("the first %d images: %v, want %v (%v)", images, table, want, err)
	}
	// Stopped at once, it leaves nothing.
	if table, stdout, err := evaluate(countdown.New(t.Context(), whole.Looks()/10), 3); table != nil || strings.Contains(stdout, "stopped") || !errors.Is(err, context.Canceled) {
		t.Errorf("stopped at once: %v, %s (%v)", table, stdout, err)
	}
}

// The object of an image from a mask, or from boxes, scores as it does in the data set.
func TestMasks(t *testing.T) {
	dir, masks := t.TempDir(), t.TempDir()
	var files []string
	for i := range 12 {
		s := scenes.Draw(uint64(i))
		name := filepath.Join(dir, fmt.Sprintf("scene%02d.png", i))
		if err := render.SavePNG(t.Context(), name, s.Image); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
		mask := image.NewGray(image.Rect(0, 0, s.Image.Width, s.Image.Height))
		box := image.Rectangle{}
		for p, in := range scenes.New(0, 12).Mask(i) {
			if in {
				x, y := p%s.Image.Width, p/s.Image.Width
				mask.SetGray(x, y, color.Gray{255})
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
		if i%2 == 0 {
			f, err := os.Create(filepath.Join(masks, fmt.Sprintf("scene%02d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, mask); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text := fmt.Sprintf("%d %d %d %d\n", box.Min.X, box.Min.Y, box.Max.X, box.Max.Y)
		if err := os.WriteFile(filepath.Join(masks, fmt.Sprintf("scene%02d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	weights := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	run := func(more ...string) report {
		out, err := cam1(t, append([]string{"-weights", weights, "-masks", masks, "-json", "-", "-out", filepath.Join(dir, "x.png"), "-image"}, append(files, more...)...)...)
		if err != nil {
			t.Fatal(err)
		}
		var r report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run()
	if r.Pointing == nil || r.Pointing.Maps < 0.5 || r.Pointing.Random > 0.5 || r.Accuracy != nil {
		t.Errorf("pointing %+v, accuracy %+v", r.Pointing, r.Accuracy)
	}
	for name, text := range map[string]string{"numbers": "1 2 three 4", "order": "5 5 2 9", "outside": "0 0 5 1000", "empty": "\n", "many": strings.Repeat("1 1 2 2\n", 1001)} {
		if err := os.WriteFile(filepath.Join(masks, "scene01.txt"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := cam1(t, append([]string{"-weights", weights, "-masks", masks, "-out", filepath.Join(dir, "x.png"), "-image"}, files...)...); err == nil || !strings.Contains(err.Error(), "scene01.txt") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
