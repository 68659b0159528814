package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// cam1 runs the program in this process.
func cam1(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	err = run(t.Context(), args, &out, &progress)
	return out.String(), err
}

// photos writes some scenes as PNG files in class folders.
func photos(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		s := scenes.Draw(uint64(i))
		class := filepath.Join(dir, scenes.Classes()[s.Label])
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := render.SavePNG(t.Context(), filepath.Join(class, "scene.png"), s.Image); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "cam.png")
	stdout, err := cam1(t, "-acc", "20", "-count", "6", "-cols", "3", "-out", out,
		"-json", filepath.Join(dir, "cam.json"), "-maps", filepath.Join(dir, "maps"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"accuracy  ", " of 20 = ", "pointing  ", "images 10 to 15", "base width 16"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if im, err := png.Decode(f); err != nil || im.Bounds().Dx() < 3*160 || im.Bounds().Dy() < 2*160 {
		t.Errorf("figure: %v", err)
	}
	maps, err := filepath.Glob(filepath.Join(dir, "maps", "cam_000*.npy"))
	if err != nil || len(maps) != 6 {
		t.Errorf("%d maps (%v), want 6", len(maps), err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "cam.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Images) != 6 || r.Images[0].Index != 10 || r.Accuracy.Images != 20 || r.Pointing == nil {
		t.Errorf("json: %+v", r)
	}
	for _, im := range r.Images {
		sum := 0.0
		for _, p := range im.Probabilities {
			sum += p.Probability
		}
		if len(im.Probabilities) != 10 || sum < 0.999999 || sum > 1.000001 {
			t.Errorf("image %d: %d probabilities that sum to %v", im.Index, len(im.Probabilities), sum)
		}
	}
}

func TestOwnImagesAndWeights(t *testing.T) {
	dir := photos(t, 8)
	weights := filepath.Join(t.TempDir(), "net.safetensors")
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.SaveSafetensors(t.Context(), weights, sd); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.png"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	out := filepath.Join(t.TempDir(), "out.png")
	stdout, err := cam1(t, append([]string{"-weights", weights, "-class", "tree", "-json", "-", "-out", out, "-image"}, files...)...)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not JSON alone: %v\n%s", err, stdout)
	}
	if len(r.Images) != len(files) || r.Images[0].Mapped != "tree" || r.Images[0].Label != nil || r.Accuracy != nil {
		t.Errorf("%+v", r)
	}
}

func TestHelp(t *testing.T) {
	stdout, err := cam1(t, "-h")
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{"-weights", "-layer", "-colormap", "-json", "layer4.1.bn2", "default cam.png"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help lacks %q", want)
		}
	}
}

// Every wrong input ends in one line that names what is wrong, and leaves no
// figure behind.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := os.ReadFile(golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	truncated := write("truncated.safetensors", good[:len(good)/2])
	text := write("text.pth", []byte("this is no checkpoint\n"))
	empty := write("empty.pth", nil)
	noImage := write("empty.png", nil)
	scene := filepath.Join(photos(t, 1), scenes.Classes()[scenes.Draw(0).Label], "scene.png")
	folder := t.TempDir()
	weights := write("scenes.safetensors", good)
	out := filepath.Join(dir, "out.png")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-nonsense"}, "nonsense"},
		{[]string{"stray"}, "stray"},
		{[]string{"-image", scene, scene, "-cols", "3"}, "-cols after the images"},
		{[]string{"-data", filepath.Join(dir, "absent")}, "absent"},
		{[]string{"-data", filepath.Join(dir, "stl10_binary")}, "(go run ./cmd/fetch -dir " + dir + " stl10 downloads it)"},
		{[]string{"-image", scene, "-max-pixels", "100"}, "more than the limit of 100 pixels"},
		{[]string{"-image", scene, "-max-pixels", "-1"}, "-max-pixels"},
		{[]string{"-image", scene, "-weights", weights, "-max-memory", "1"}, "the 1048576 bytes allowed"},
		{[]string{"-image", scene, "-max-memory", "-1"}, "-max-memory"},
		{[]string{"-data", folder}, folder},
		{[]string{"-data", text}, "text.pth"},
		{[]string{"-data", photos(t, 2)}, "-weights"},
		{[]string{"-data", photos(t, 2), "-weights", weights}, "classes"},
		{[]string{"-image", scene, "-weights", filepath.Join(dir, "absent.pth")}, "absent.pth"},
		{[]string{"-image", scene, "-weights", folder}, folder},
		{[]string{"-image", scene, "-weights", text}, "text.pth"},
		{[]string{"-image", scene, "-weights", empty}, "empty.pth"},
		{[]string{"-image", scene, "-weights", truncated}, "truncated.safetensors"},
		{[]string{"-image", noImage}, "empty.png"},
		{[]string{"-weights", golden.Path(t, "..", "..", "nn", "pretrained", "cifar10.safetensors")}, "needs -data or -image"},
		{[]string{"-image", scene, "-data", folder}, "exclude"},
		{[]string{"-split", "test"}, "-data"},
		{[]string{"-layer", "layer7"}, "layer7"},
		{[]string{"-method", "cam", "-layer", "layer2", "-acc", "0"}, "layer2"},
		{[]string{"-method", "cam", "-layer", "layer2,layer3"}, "-layer layer2,layer3: layer layer3 has 64 channels, want the 128 channels that the last layer weighs; -method gradcam maps any"},
		{[]string{"-method", "gradcam,cam", "-layer", "layer3"}, "-layer layer3: layer layer3 has 64 channels"},
		{[]string{"-layer", "layer2+layer3*layer4"}, "want the mean"},
		{[]string{"-method", "cam", "-target", "probability"}, "cam explains the logit"},
		{[]string{"-target", "fame"}, "want logit"},
		{[]string{"-target", "over:unicorn"}, "unicorn"},
		{[]string{"-top", "2", "-class", "moon"}, "exclude"},
		{[]string{"-top", "-1"}, "-top"},
		{[]string{"-evaluate", "-top", "2"}, "-evaluate"},
		{[]string{"-csv", "x.csv"}, "-csv needs -evaluate"},
		{[]string{"-evaluate", "-csv", "-", "-json", "-"}, "both stdout"},
		{[]string{"-overlay", "grey"}, "gray or color"},
		{[]string{"-masks", dir}, "-masks needs"},
		{[]string{"-image", scene, "-weights", weights, "-masks", filepath.Join(dir, "none")}, "-masks"},
		{[]string{"-image", scene, "-weights", weights, "-masks", text}, "want a folder"},
		{[]string{"-image", scene, "-weights", weights, "-masks", t.TempDir()}, "-masks: no "},
		{[]string{"-class", "unicorn"}, "unicorn"},
		{[]string{"-class", "10"}, "10"},
		{[]string{"-method", "camera"}, "gradcam"},
		{[]string{"-method", "all,cam"}, "all stands alone"},
		{[]string{"-target", "over:unicorn"}, "-target over:unicorn: want a number from 0 to 9 or one of arrow, "},
		{[]string{"-class", "uni\x1bcorn"}, `-class uni\x1bcorn: want`},
		{[]string{"-layer", "layer9"}, "there are conv1, bn1, relu, maxpool, layer1, layer2, layer3, layer4, "},
		{[]string{"-method", "gradcam", "-layer", "fc"}, "no module whose output is a map"},
		{[]string{"-network", "maxpool=no"}, "-network needs -weights"},
		{[]string{"-image", scene, "-weights", weights, "-network", "stem=3"}, "no option"},
		{[]string{"-image", scene, "-weights", weights, "-network", "maxpool=perhaps"}, "want yes, no"},
		{[]string{"-start", "500"}, "500"},
		{[]string{"-start", "-1"}, "-start"},
		{[]string{"-count", "0"}, "-count"},
		{[]string{"-cols", "0"}, "-cols"},
		{[]string{"-count", "101", "-cols", "1"}, "100 rows"},
		{[]string{"-alpha", "1.5"}, "-alpha"},
		{[]string{"-alpha", "NaN"}, "-alpha"},
		{[]string{"-colormap", "rainbow"}, "rainbow"},
		{[]string{"-mean", "a"}, "-mean"},
		{[]string{"-std", "0"}, "Std"},
		{[]string{"-mean", "1,2"}, "Mean"},
		{[]string{"-size", "-5"}, "-size"},
		{[]string{"-classes", "a,b"}, "2 names"},
		{[]string{"-batch", "0"}, "-batch"},
		{[]string{"-acc", "0", "-count", "1", "-out", filepath.Join(dir, "no", "such", "x.png")}, "such"},
		{[]string{"-acc", "0", "-count", "1", "-maps", text}, "-maps"},
		{[]string{"-maps", filepath.Join(text, "below")}, "text.pth is not a folder"},
		{[]string{"-out", filepath.Join(dir, "x.jpg")}, ".png"},
		{[]string{"-out", ""}, "-out"},
		{[]string{"-image", scene, "-out", scene}, "is the file that -image reads"},
		{[]string{"-image", scene, ""}, "an empty text"},
		{[]string{"-json", out}, "-out and -json are both"},
		{[]string{"-json", dir}, "it is a folder"},
		{[]string{"-image", scene, "-weights", weights, "-json", weights}, "is the file that -weights reads"},
		{[]string{"-data", ""}, "-data: an empty text"},
		{[]string{"-size", "8193"}, "8193"},
		{[]string{"-size", "99999999999"}, "99999999999"},
	} {
		args := c.args
		if !strings.Contains(strings.Join(args, " "), "-out") {
			args = append([]string{"-out", out}, args...)
		}
		_, err := cam1(t, args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%v: left a figure", c.args)
			os.Remove(out)
		}
	}
}

// Of ten images and fewer the figure begins with the first.
func TestFewImages(t *testing.T) {
	stdout, err := cam1(t, "-scenes", "5", "-acc", "0", "-out", filepath.Join(t.TempDir(), "cam.png"))
	if err != nil || !strings.Contains(stdout, "images 0 to 4 of") {
		t.Errorf("%v\n%s", err, stdout)
	}
	if _, err := cam1(t, "-scenes", "5", "-start", "10", "-out", filepath.Join(t.TempDir(), "cam.png")); err == nil {
		t.Error("-start 10 of 5 images")
	}
}

func TestManyClasses(t *testing.T) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("class", i)
	}
	if _, err := classIndex("-class ", "zebra", names); err == nil || !strings.Contains(err.Error(), "class19 and 980 more") || strings.Contains(err.Error(), "class20") {
		t.Errorf("%v", err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	var b bytes.Buffer
	if err := run(ctx, []string{"-out", filepath.Join(dir, "cam.png")}, &b, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}

// Both splits of a data set in STL-10's format: each has an accuracy of its own.
func TestSplitsCountApart(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("class_names.txt", []byte(strings.Join(scenes.Classes(), "\n")+"\n"))
	for i, split := range []string{"train", "test"} {
		var x, y []byte
		for j := range 4 + 2*i {
			s := scenes.Draw(uint64(10*i + j))
			y = append(y, byte(s.Label+1))
			for ch := range 3 { // planes, column by column
				for col := range 96 {
					for row := range 96 {
						x = append(x, s.Image.Pix[3*(row*96+col)+ch])
					}
				}
			}
		}
		write(split+"_X.bin", x)
		write(split+"_y.bin", y)
	}
	weights := golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")
	out := filepath.Join(dir, "x.png")
	stdout, err := cam1(t, "-data", dir, "-split", "train+test", "-weights", weights, "-start", "0", "-out", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"STL-10 train+test, 10 images", " of 10 = ", "train: 4 of 4 = 100.00%", "test: 6 of 6 = 100.00%"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
}
