package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/render"
)

// program runs cmd/train in this process.
func program(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	err = run(t.Context(), args, &out, &progress)
	return out.String(), err
}

// must is program for a run that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, err := program(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stdout)
	}
	return stdout
}

// stripes writes n images of each of three classes, in folders of theirs: stripes that
// stand, lie, or both, of any width, place and colours, with noise.
func stripes(t testing.TB, dir string, n, side int) string {
	t.Helper()
	for class, name := range []string{"both", "lying", "standing"} {
		folder := filepath.Join(dir, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			r := golden.Uniform(fmt.Sprint("stripes", class, i), 16+3*side*side, 1)
			im, err := data.NewImage(side, side)
			if err != nil {
				t.Fatal(err)
			}
			width := 2 + int(1+r[0])
			at := int(4 + 4*r[1])
			for p := range side * side {
				x, y := (p%side+at)/width%2, (p/side+at)/width%2
				on := []int{x ^ y, y, x}[class]
				for c := range 3 {
					im.Pix[3*p+c] = uint8(128 + 60*r[2+c]*float32(2*on-1) + 20*r[16+3*p+c])
				}
			}
			if err := render.SavePNG(t.Context(), filepath.Join(folder, fmt.Sprintf("%03d.png", i)), im); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// outputs are flags that send every file to a new folder.
func outputs(t testing.TB) (dir string, flags []string) {
	dir = t.TempDir()
	return dir, []string{"-out", filepath.Join(dir, "n.safetensors"), "-curves", filepath.Join(dir, "c.png"), "-csv", filepath.Join(dir, "c.csv")}
}

// tiny are flags of a run that takes no time.
var tiny = []string{"-width", "4", "-batch", "12", "-lr", "0.05", "-epochs", "2"}

// with joins lists of flags.
func with(lists ...[]string) []string { return slices.Concat(lists...) }

// files reads what lies in a folder.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// curve reads a CSV file of -csv.
func curve(t testing.TB, path string) (rows []map[string]float64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]float64{}
		for i, name := range lines[0] {
			if row[name], err = strconv.ParseFloat(line[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// From images in folders to a network that knows them, which says of itself all that the
// other programs need.
func TestLearns(t *testing.T) {
	images := stripes(t, t.TempDir(), 32, 32)
	dir, out := outputs(t)
	stdout := must(t, with(out, []string{"-data", images, "-width", "8", "-batch", "16", "-epochs", "5", "-lr", "0.08", "-augment", "crop=2", "-holdout", "0.25", "-ema", "0.5"})...)
	for _, want := range []string{": 72 to learn from, 24 held out to validate", "ResNet18, base width 8, 3 classes", "32 x 32 pixels", "RandomCrop(size=(32, 32), padding=2",
		"epoch 5 ", "best ", "standing", "cam -weights "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	rows := curve(t, filepath.Join(dir, "c.csv"))
	if len(rows) != 5 || rows[4]["epoch"] != 5 || rows[4]["step"] != 20 {
		t.Fatalf("curve %v", rows)
	}
	if rows[4]["loss"] > 0.8*rows[0]["loss"] {
		t.Errorf("the loss went from %v to %v", rows[0]["loss"], rows[4]["loss"])
	}
	for _, row := range rows {
		if right := 64 * row["accuracy"]; right != math.Round(right) || right > 64 {
			t.Errorf("%v of 64 images right", right)
		}
	}
	bestRow := slices.MaxFunc(rows, func(a, b map[string]float64) int {
		return int(1e6 * (a["validation_accuracy"] - b["validation_accuracy"]))
	})
	if bestRow["validation_accuracy"] < 0.75 { // by chance 0.33
		t.Errorf("accuracy %v", bestRow["validation_accuracy"])
	}
	f, err := os.Open(filepath.Join(dir, "c.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if im, err := png.Decode(f); err != nil || im.Bounds().Dx() < 400 {
		t.Errorf("curves: %v", err)
	}
	for name, want := range map[string]map[string]string{
		"n.safetensors": {"epoch": fmt.Sprint(bestRow["epoch"]), "accuracy": decimal(bestRow["validation_accuracy"])}, "n.last.safetensors": {"epoch": "5", "step": "20"},
	} {
		maps.Copy(want, map[string]string{"classes": "both,lying,standing", "size": "32", "mean": "0.5", "std": "0.5", "maxpool": "no", "stem": "3x3", "architecture": "resnet18"})
		sd, err := checkpoint.Load(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if sd.Metadata[key] != value {
				t.Errorf("%s: metadata %s is %q, want %q", name, key, sd.Metadata[key], value)
			}
		}
	}
	// Without a flag, and with the accuracy that was said.
	m, err := model.Load(t.Context(), filepath.Join(dir, "n.safetensors"), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ds, err := data.Open(t.Context(), images, data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := data.Labels(t.Context(), ds)
	if err != nil {
		t.Fatal(err)
	}
	_, held, err := data.HoldOut(labels, 0.25, 0)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, i := range held {
		s, err := ds.Sample(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		top, err := m.Classify(t.Context(), s.Image, 1)
		if err != nil {
			t.Fatal(err)
		}
		if top[0].Name == ds.Classes()[s.Label] {
			right++
		}
	}
	if want := bestRow["validation_accuracy"] * float64(len(held)); float64(right) != want {
		t.Errorf("%d of %d right, want %v", right, len(held), want)
	}
}

// The learning rate goes by the steps of all epochs.
func TestRateOfTheRun(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16), "-schedule", "step=1:1e-30", "-weight-decay", "0", "-momentum", "0"}
	var after [2][]float32
	for i := range after {
		dir, out := outputs(t)
		must(t, with(out, tiny, images, []string{"-epochs", fmt.Sprint(1 + i)})...)
		after[i] = tensors(t, filepath.Join(dir, "n.last.safetensors"))["layer2.0.conv1.weight"]
	}
	if !equal(after[0], after[1]) {
		t.Error("the weights move on at a rate of nothing")
	}
}

// A running average is validated and kept, and does not touch what is learnt.
func TestAverage(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	var rows [2][]map[string]float64
	for i, ema := range []string{"0", "0.5"} {
		dir, out := outputs(t)
		must(t, with(out, tiny, images, []string{"-batch", "8", "-ema", ema})...)
		rows[i] = curve(t, filepath.Join(dir, "c.csv"))
	}
	for i, row := range rows[0] {
		if row["loss"] != rows[1][i]["loss"] || row["validation_loss"] == rows[1][i]["validation_loss"] {
			t.Errorf("with an average %v, without %v", rows[1][i], row)
		}
	}
}

// The embedded scenes need no files.
func TestScenes(t *testing.T) {
	dir, out := outputs(t)
	out[3] = filepath.Join(dir, "c.svg")
	stdout := must(t, with(out, tiny, []string{"-scenes", "24", "-size", "24", "-epochs", "1", "-half"})...)
	if !strings.Contains(stdout, "embedded scenes: 24 to learn from, 20 others to validate") {
		t.Error(stdout)
	}
	sd, err := checkpoint.Load(t.Context(), filepath.Join(dir, "n.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if w, _ := sd.Get("conv1.weight"); w.DType != checkpoint.F16 || w.Shape[0] != 4 {
		t.Errorf("conv1.weight: %v %v", w.DType, w.Shape)
	}
	if text, err := os.ReadFile(out[3]); err != nil || !bytes.Contains(text, []byte("<svg")) {
		t.Errorf("SVG: %v", err)
	}
}

// A split to validate on is taken where there is one, val before test, and other images
// where -val says.
func TestValidation(t *testing.T) {
	dir := t.TempDir()
	for split, n := range map[string]int{"train": 8, "val": 2, "test": 3} {
		stripes(t, filepath.Join(dir, "three", split), n, 16)
		if split != "val" {
			stripes(t, filepath.Join(dir, "two", split), n, 16)
		}
	}
	other := stripes(t, filepath.Join(dir, "other"), 4, 16)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-data", filepath.Join(dir, "three")}, ": 24 to learn from, 6 of split val to validate"},
		{[]string{"-data", filepath.Join(dir, "two")}, ": 24 to learn from, 9 of split test to validate"},
		{[]string{"-data", filepath.Join(dir, "three"), "-val-split", "test"}, ": 24 to learn from; "},
		{[]string{"-data", filepath.Join(dir, "two"), "-val", other}, ": 12 to validate"},
		{[]string{"-data", filepath.Join(dir, "two"), "-holdout", "0.5"}, ": 12 to learn from, 12 held out to validate"},
		{[]string{"-data", filepath.Join(dir, "two"), "-split", "train+test"}, ": 30 to learn from, 3 held out"},
		{[]string{"-data", filepath.Join(dir, "three"), "-split", "train+test"}, ": 30 to learn from, 3 held out"},
		{[]string{"-data", filepath.Join(dir, "three"), "-split", "train+val"}, ": 30 to learn from, 9 of split test to validate"},
	} {
		_, out := outputs(t)
		stdout := must(t, with(out, tiny, []string{"-epochs", "1"}, c.args)...)
		if !strings.Contains(stdout, c.want) {
			t.Errorf("%v: stdout lacks %q:\n%s", c.args, c.want, stdout)
		}
	}
}

// An image that cannot be read is an error, or passed over and said.
func TestSkipBad(t *testing.T) {
	images := stripes(t, t.TempDir(), 9, 16)
	if err := os.WriteFile(filepath.Join(images, "lying", "003.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, out := outputs(t)
	args := with(out, tiny, []string{"-data", images, "-epochs", "1", "-batch", "8", "-holdout", "0.12"})
	if _, err := program(t, args...); err == nil || !strings.Contains(err.Error(), "003.png") || !strings.Contains(err.Error(), "(-skip-bad goes on without it)") {
		t.Errorf("error %v", err)
	}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), with(args, []string{"-skip-bad"}), &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if text := stderr.String(); !strings.Contains(text, "skipped   1 image that cannot be read:\n") || !strings.Contains(text, "003.png") {
		t.Errorf("stderr: %s", text)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	images := stripes(t, filepath.Join(dir, "images"), 8, 16)
	if err := os.MkdirAll(filepath.Join(dir, "one"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(stripes(t, filepath.Join(dir, "of"), 8, 16), "lying"), filepath.Join(dir, "one", "lying")); err != nil {
		t.Fatal(err)
	}
	mixed := stripes(t, filepath.Join(dir, "mixed"), 8, 16)
	for _, name := range []string{"lying", "both"} {
		im, err := data.NewImage(20, 12)
		if err != nil {
			t.Fatal(err)
		}
		if err := render.SavePNG(t.Context(), filepath.Join(mixed, name, "odd.png"), im); err != nil {
			t.Fatal(err)
		}
	}
	splits := filepath.Join(dir, "splits")
	for _, split := range []string{"train", "test"} {
		stripes(t, filepath.Join(splits, split), 4, 16)
	}
	text := filepath.Join(dir, "text.pth")
	if err := os.WriteFile(text, []byte("no checkpoint"), 0o644); err != nil {
		t.Fatal(err)
	}
	scenes := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	_, broken := outputs(t)
	if err := os.WriteFile(strings.TrimSuffix(broken[1], networkExt)+".state"+networkExt, []byte("half of it"), 0o644); err != nil {
		t.Fatal(err)
	}
	here := []string{"-data", images}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-nonsense"}, "nonsense"},
		{[]string{"stray"}, `unexpected argument "stray"`},
		{[]string{"-data", ""}, "-data: an empty text"},
		{[]string{"-data", filepath.Join(dir, "none")}, "none"},
		{[]string{"-data", filepath.Join(dir, "one")}, "are of one class, lying: a network tells classes apart"},
		{[]string{"-data", filepath.Join(images, "both")}, "has no labels: put the images of each class in a folder"},
		{with(here, []string{"-batch", "22"}), "21 images to learn from are fewer than a step takes: -batch 21 or less"},
		{with(here, []string{"-batch", "1"}), "-batch 1: batch norm has nothing to compare"},
		{with(here, []string{"-batch", "0"}), "-batch 0: want 1 to 4096"},
		{[]string{"-data", mixed, "-size", "0", "-batch", "12", "-augment", "none"}, "odd.png: size: 20 x 12 pixels, and other images have 16 x 16: -size 128 brings all to squares"},
		{[]string{"-data", mixed, "-size", "0", "-augment", "crop=4", "-batch", "12"}, "-size 128 brings all to squares"},
		{with(here, []string{"-weights", text}), "text.pth"},
		{with(here, []string{"-weights", filepath.Join(dir, "none.pth")}), "none.pth"},
		{with(here, []string{"-weights", scenes, "-freeze", "layer7", "-batch", "8"}), `-freeze: nn: no weights to freeze in "layer7"; there are `},
		{with(here, []string{"-weights", scenes, "-freeze", "conv1,bn1,layer1,layer2,layer3,layer4,fc", "-batch", "8"}), "nothing is left to learn"},
		{with(here, []string{"-weights", scenes, "-network", "stem=3"}), "no option"},
		{with(here, []string{"-font", text}), "text.pth"},
		{with(here, []string{"-weights", scenes, "-width", "8"}), "-width is for a network from scratch"},
		{with(here, []string{"-freeze", "layer1"}), "-freeze needs -weights"},
		{with(here, []string{"-key", "model_ema"}), "-key needs -weights"},
		{with(here, []string{"-fold", "3"}), "a folder of images has no folds"},
		{with(here, []string{"-csv", "-"}), "-csv -: want a file"},
		{with(here, []string{"-val", "caf\xe9"}), `-val "caf\xe9": want a name in UTF-8`},
		{[]string{"-data", splits, "-val-split", "train"}, "-val-split train: split train is learnt from"},
		{[]string{"-data", splits, "-split", "train+test", "-val-split", "test"}, "-val-split test: split test is learnt from"},
		{with(here, []string{"-weights", scenes, "-out", scenes}), "is the file that -weights reads"},
		{with(here, []string{"-weights", scenes, "-freeze", "all", "-resume"}), "-resume: "},
		{with(here, []string{"-arch", "resnet19"}), `-arch: no architecture "resnet19"; there are `},
		{with(here, []string{"-arch", "alexnet", "-width", "8"}), "-arch: alexnet"},
		{with(here, []string{"-stem", "5x5"}), `-stem "5x5": want 7x7 or 3x3`},
		{with(here, []string{"-maxpool", "perhaps"}), `-maxpool "perhaps": want yes or no`},
		{with(here, []string{"-optimizer", "adam"}), `-optimizer "adam": want sgd or adamw`},
		{with(here, []string{"-schedule", "linear"}), "-schedule linear: want constant"},
		{with(here, []string{"-schedule", "step=0"}), "-schedule step=0: "},
		{with(here, []string{"-schedule", "step=3:2"}), "-schedule step=3:2: "},
		{with(here, []string{"-augment", "blur"}), `-augment blur: no augmentation "blur"; there are crop, `},
		{with(here, []string{"-augment", "flip=2"}), "flip=2: want a number"},
		{with(here, []string{"-augment", "crop,resizedcrop"}), "exclude each other"},
		{with(here, []string{"-lr", "0"}), "-lr 0: want a positive number"},
		{with(here, []string{"-lr", "NaN"}), "-lr"},
		{with(here, []string{"-epochs", "0"}), "-epochs 0: want 1"},
		{with(here, []string{"-warmup", "11"}), "-warmup 11: want 0 to the number of epochs"},
		{with(here, []string{"-momentum", "1"}), "-momentum 1"},
		{with(here, []string{"-weight-decay", "-1"}), "-weight-decay -1"},
		{with(here, []string{"-label-smoothing", "1"}), "-label-smoothing 1"},
		{with(here, []string{"-clip", "-1"}), "-clip -1"},
		{with(here, []string{"-ema", "1"}), "-ema 1"},
		{with(here, []string{"-holdout", "0"}), "-holdout 0"},
		{with(here, []string{"-holdout", "0.5", "-val", images}), "-holdout takes the place"},
		{[]string{"-holdout", "0.5"}, "need -data"},
		{[]string{"-scenes", "1"}, "-scenes 1: want 2"},
		{with(here, []string{"-save-every", "often"}), "-save-every often: want a time"},
		{with(here, []string{"-curves", "c.gif"}), "-curves: "},
		{with(here, []string{"-out", "n.pth"}), `want a name that ends in .safetensors`},
		{with(here, []string{"-out", filepath.Join(text, "n.safetensors")}), "text.pth"},
		{with(here, []string{"-mean", "x"}), "-mean x: want one number"},
		{with(here, []string{"-size", "8193"}), "8193"},
		{with(here, []string{"-val", filepath.Join(dir, "one")}), "the images to validate have the classes lying, those to learn from both, lying, standing"},
		{[]string{"-resume"}, "no such file: no run with this -out was begun"},
		{with(broken, []string{"-resume"}), "-resume: "},
	} {
		folder, out := outputs(t)
		_, err := program(t, with(out, c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
		if left := files(t, folder); len(left) > 0 {
			t.Errorf("%v: left %v", c.args, slices.Sorted(maps.Keys(left)))
		}
	}
	stdout, err := program(t, "-h")
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	for _, want := range []string{"-weights resnet18.pth -freeze all", "-label-smoothing", "train -resume", "mixup=0.2", "(default network.safetensors)"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("-h lacks %q", want)
		}
	}
}
