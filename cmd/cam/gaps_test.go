package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/render"
)

// both runs the program, which must succeed, and returns its report and what it says.
func both(t *testing.T, args ...string) (r report, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "r.json")
	weights := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	var out, err bytes.Buffer
	args = append([]string{"-weights", weights, "-out", filepath.Join(dir, "x.png"), "-json", file}, args...)
	if e := run(t.Context(), args, &out, &err); e != nil {
		t.Fatalf("%v: %v", args, e)
	}
	text, e := os.ReadFile(file)
	if e == nil {
		e = json.Unmarshal(text, &r)
	}
	if e != nil {
		t.Fatal(e)
	}
	return r, out.String(), err.String()
}

// classFolders writes two scenes of each class as PNG files in class folders.
func classFolders(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	written := map[int]int{}
	for i := uint64(0); len(written) < 10 || i < 16; i++ {
		s := scenes.Draw(i)
		if written[s.Label] == 2 {
			continue
		}
		written[s.Label]++
		class := filepath.Join(dir, scenes.Classes()[s.Label])
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := render.SavePNG(t.Context(), filepath.Join(class, fmt.Sprintf("%02d.png", i)), s.Image); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// With bad files among them, images have the labels and predictions that they have
// without, and the accuracy is that of those which can be read.
func TestSkipBad(t *testing.T) {
	dir := classFolders(t)
	weights := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	want, _, stderr := both(t, "-data", dir, "-count", "40", "-batch", "3")
	if stderr != "" || want.Skipped != nil {
		t.Errorf("of good files: %q, %v", stderr, want.Skipped)
	}
	bad := map[string]string{"arrow/00.png": "", "fish/z.jpg": "<html>", "tree/zz\x1b[31m.png": "\x89PNG\r\n\x1a\n", "house/._1.png": "x", "house/Thumbs.db": "x"}
	for name, content := range bad {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content), 0o644); err != nil {
			t.Skip(err)
		}
	}
	got, stdout, stderr := both(t, "-data", dir, "-count", "40", "-batch", "3", "-skip-bad")
	if *got.Accuracy != *want.Accuracy || len(got.Images) != len(want.Images) {
		t.Fatalf("accuracy %+v of %d images, want %+v of %d", got.Accuracy, len(got.Images), want.Accuracy, len(want.Images))
	}
	ds, err := data.Open(t.Context(), dir, data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	skipped := map[int]bool{}
	for _, s := range got.Skipped {
		skipped[s.Index] = true
		if content, ok := bad[s.Name]; !ok || content == "x" || !strings.Contains(s.Error, s.Name+": ") {
			t.Errorf("skipped %+v", s)
		}
	}
	if len(got.Skipped) != 3 || ds.Len() != len(want.Images)+3 {
		t.Errorf("skipped %+v of %d", got.Skipped, ds.Len())
	}
	for i, im := range got.Images {
		if s, err := ds.Sample(t.Context(), im.Index); err != nil || s.Name != im.Name || skipped[im.Index] {
			t.Errorf("index %d is %s (%v), not %s", im.Index, s.Name, err, im.Name)
		}
		im.Index = want.Images[i].Index
		if !reflect.DeepEqual(im, want.Images[i]) {
			t.Errorf("image %d: %+v, want %+v", i, im, want.Images[i])
		}
	}
	for _, line := range []string{
		"note      passed over 2 leftovers of other programs: ", "skipped   3 images that cannot be read:\n", "          0: images: arrow/00.png: the file is empty\n",
		`images: tree/zz\x1b[31m.png: png: `,
	} {
		if strings.Count(stderr, line) != 1 {
			t.Errorf("stderr lacks %q, or has it twice:\n%s", line, stderr)
		}
	}
	if !strings.Contains(stdout, ", less 3 that cannot be read") || strings.Contains(stderr, "\x1b") {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
	evaluated, _, _ := both(t, "-data", dir, "-count", "2", "-start", "0", "-skip-bad", "-evaluate", "-method", "cam", "-size", "48")
	if evaluated.Evaluation.Images != 1 || len(evaluated.Skipped) != 1 {
		t.Errorf("evaluated %d images, skipped %+v", evaluated.Evaluation.Images, evaluated.Skipped)
	}
	_, err = cam1(t, "-data", dir, "-weights", weights, "-out", filepath.Join(t.TempDir(), "x.png"))
	if err == nil || !strings.Contains(err.Error(), "arrow/00.png: the file is empty (-skip-bad goes on without it)") {
		t.Errorf("without the flag: %v", err)
	}
	_, err = cam1(t, "-out", filepath.Join(t.TempDir(), "x.png"), "-image", filepath.Join(dir, "arrow", "00.png"), filepath.Join(dir, "fish", "z.jpg"))
	if err == nil || !strings.Contains(err.Error(), "-skip-bad") {
		t.Errorf("without the flag: %v", err)
	}
	_, err = cam1(t, "-skip-bad", "-out", filepath.Join(t.TempDir(), "x.png"), "-image", filepath.Join(dir, "arrow", "00.png"), filepath.Join(dir, "fish", "z.jpg"))
	if err == nil || !strings.Contains(err.Error(), "none of 2 samples can be read; the first: ") || strings.Contains(err.Error(), "-skip-bad") {
		t.Errorf("of bad files alone: %v", err)
	}
}

// Images of several sizes are drawn as they are, each as it is alone.
func TestSizesAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	for i, side := range [][2]int{{96, 96}, {96, 96}, {64, 90}, {120, 50}, {96, 96}} {
		im, err := data.Resize(scenes.Draw(uint64(i)).Image, side[0], side[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := render.SavePNG(t.Context(), filepath.Join(dir, fmt.Sprint(i, ".png")), im); err != nil {
			t.Fatal(err)
		}
	}
	for _, flags := range [][]string{{"-size", "0"}, {"-resize", "60"}, {"-resize", "0", "-crop", "0"}} {
		all, _, _ := both(t, append(flags, "-data", dir)...)
		if len(all.Images) != 5 {
			t.Fatalf("%v: %d images", flags, len(all.Images))
		}
		for i, im := range all.Images {
			one, _, _ := both(t, append(flags, "-image", filepath.Join(dir, fmt.Sprint(i, ".png")))...)
			one.Images[0].Index, one.Images[0].Name = im.Index, im.Name
			if !reflect.DeepEqual(one.Images[0], im) {
				t.Errorf("%v: image %d alone is %+v, among others %+v", flags, i, one.Images[0], im)
			}
		}
	}
}

// -resize and -crop are the two steps that -size joins.
func TestResizeAndCrop(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := classFolders(t)
	for _, c := range [][2][]string{
		{{"-size", "80"}, {"-resize", "80", "-crop", "80"}},
		{{"-size", "80"}, {"-size", "40", "-resize", "80", "-crop", "80"}},
		{{"-resize", "100", "-crop", "96"}, {"-resize", "100"}}, // the network says 96
		{{"-size", "80", "-crop", "64"}, {"-resize", "80", "-crop", "64"}},
		{{"-size", "0", "-crop", "64"}, {"-resize", "0", "-crop", "64"}},
	} {
		a, _, _ := both(t, append(c[0], "-data", dir, "-count", "3")...)
		b, _, _ := both(t, append(c[1], "-data", dir, "-count", "3")...)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%v is not %v", c[0], c[1])
		}
		if other, _, _ := both(t, "-data", dir, "-count", "3"); reflect.DeepEqual(a.Images, other.Images) {
			t.Errorf("%v is what the network says", c[0])
		}
	}
}

// A zip archive of a folder is that folder, also to -masks.
func TestArchive(t *testing.T) {
	dir, archive := classFolders(t), filepath.Join(t.TempDir(), "x.zip")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want, _, _ := both(t, "-data", dir, "-count", "4", "-masks", dir)
	got, _, _ := both(t, "-data", archive, "-count", "4", "-masks", dir)
	if got.Data != archive {
		t.Errorf("data %q", got.Data)
	}
	if want.Data = archive; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// However few images there are, the figure has as many as it can.
func TestStart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := classFolders(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.png"))
	if err != nil || len(files) < 12 {
		t.Fatal(len(files), err)
	}
	few := t.TempDir()
	for n, file := range files[:12] {
		content, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(few, fmt.Sprintf("%02d.png", n)), content, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		for _, c := range []struct {
			args        []string
			first, last int
		}{
			{nil, 0, n - 1},
			{[]string{"-count", "1"}, map[bool]int{false: 0, true: 10}[n > 10], map[bool]int{false: 0, true: 10}[n > 10]},
			{[]string{"-start", "0", "-count", "2"}, 0, min(n, 2) - 1},
		} {
			if n > 2 && n < 10 {
				continue
			}
			r, stdout, _ := both(t, append(c.args, "-data", few)...)
			if want := fmt.Sprintf("images %d to %d of", c.first, c.last); !strings.Contains(stdout, want) || r.Images[0].Index != c.first || len(r.Images) != c.last-c.first+1 {
				t.Errorf("%d images, %v: %s", n, c.args, stdout)
			}
		}
	}
}

// A name of several classes is asked for by number, and told by number.
func TestClassesOfOneName(t *testing.T) {
	names := "crane,boat,cross,fish,Crane,house,key,crane,star,7"
	for text, want := range map[string]int{"": -1, "boat": 1, "BOAT": 1, "Crane": 4, "0": 0, "4": 4, "7": 9, "9": 9} {
		if got, err := classIndex("-class ", text, strings.Split(names, ",")); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"crane": "-class crane: 2 classes have that name, want the number of one: 0 or 7",
		"CRANE": "3 classes have that name, want the number of one: 0, 4 or 7",
		"10":    "want a number from 0 to 9",
		"-1":    "want a number from 0 to 9",
		"crab":  "want a number from 0 to 9",
	} {
		if _, err := classIndex("-class ", text, strings.Split(names, ",")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	dir := classFolders(t)
	r, _, _ := both(t, "-data", dir, "-classes", names, "-count", "2", "-class", "7", "-method", "cam,gradcam")
	if *r.Images[0].MappedIndex != 9 || r.Images[0].Mapped != "7" || *r.Images[0].Maps[1].Index != 9 {
		t.Errorf("%+v", r.Images[0])
	}
	r, _, _ = both(t, "-data", dir, "-classes", names, "-count", "20", "-class", "0")
	for _, im := range r.Images {
		p := im.Probabilities
		if len(p) != 10 || p[0].Name != "crane" || p[7].Name != "crane" || p[7].Class != 7 || im.Mapped != "crane" || *im.MappedIndex != 0 {
			t.Errorf("%+v", im)
		}
		if p[*im.PredictedIndex].Name != im.Predicted || *im.Correct != (*im.PredictedIndex == *im.LabelIndex) {
			t.Errorf("%+v", im)
		}
		for _, other := range p {
			if other.Probability > p[*im.PredictedIndex].Probability {
				t.Errorf("%s is likelier than %s", other.Name, im.Predicted)
			}
		}
	}
}
