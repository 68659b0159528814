package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/tsne/quality"
)

// program runs cmd/tsne in this process.
func program(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	err = run(t.Context(), args, &out, &progress)
	return out.String(), err
}

// outputs are flags that send every file to a new folder.
func outputs(t *testing.T) (dir string, flags []string) {
	dir = t.TempDir()
	return dir, []string{"-out", filepath.Join(dir, "f.png"), "-npy", filepath.Join(dir, "f.npy"), "-csv", filepath.Join(dir, "f.csv")}
}

// points writes n x d features and labels in three clusters.
func points(t *testing.T, n, d int) (features, labels string) {
	t.Helper()
	dir := t.TempDir()
	features, labels = filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	x := golden.Uniform("points", n*d, 1)
	y := make([]int64, n)
	for i := range n {
		y[i] = int64(i % 3)
		x[i*d+i%3] += 10
	}
	if err := npy.Save(t.Context(), features, []int{n, d}, x); err != nil {
		t.Fatal(err)
	}
	if err := npy.Save(t.Context(), labels, []int{n}, y); err != nil {
		t.Fatal(err)
	}
	return features, labels
}

func TestFeaturesInCoordinatesOut(t *testing.T) {
	x, y := points(t, 90, 5)
	dir, out := outputs(t)
	stdout, err := program(t, append(out, "-features", x, "-labels", y, "-classes", "red,green,blue", "-perplexity", "10", "-iterations", "300")...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"features  90 x 5", "KL divergence", "trustworthiness", "f.png"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	a, err := npy.Load(t.Context(), filepath.Join(dir, "f.npy"))
	if err != nil || len(a.Shape) != 2 || a.Shape[0] != 90 || a.Shape[1] != 2 {
		t.Errorf("coordinates: %+v, %v", a, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "f.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 91 || lines[0] != "index,label,class,x,y" || !strings.HasPrefix(lines[2], "1,1,green,") {
		t.Errorf("%d lines: %q, %q", len(lines), lines[0], lines[2])
	}
	// The layout that came out can be measured by the same program.
	stdout, err = program(t, append(out, "-features", x, "-layout", filepath.Join(dir, "f.npy"), "-perplexity", "10")...)
	if err != nil || !strings.Contains(stdout, "layout    ") {
		t.Errorf("-layout: %v\n%s", err, stdout)
	}
}

// A layout is measured by the metric that it was made by, and what a length hides.
func TestMeasuredByMetric(t *testing.T) {
	path, _ := points(t, 90, 5)
	x, err := npy.Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	long := x.Float64s()
	for i := range long { // of the same directions
		long[i] *= float64(1 + i/5%7)
	}
	stretched := filepath.Join(t.TempDir(), "long.npy")
	if err := npy.Save(t.Context(), stretched, x.Shape, long); err != nil {
		t.Fatal(err)
	}
	dir, out := outputs(t)
	if _, err := program(t, append(out, "-features", path, "-perplexity", "10", "-iterations", "300", "-metric", "cosine")...); err != nil {
		t.Fatal(err)
	}
	measured := func(features, metric string) (lines []string) {
		_, out := outputs(t)
		stdout, err := program(t, append(out, "-features", features, "-layout", filepath.Join(dir, "f.npy"), "-perplexity", "10", "-metric", metric)...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(stdout) {
			if strings.HasPrefix(line, "layout ") || strings.HasPrefix(line, "quality ") {
				line, _, _ = strings.Cut(line, " (")
				lines = append(lines, line)
			}
		}
		return lines
	}
	a, b := measured(path, "cosine"), measured(stretched, "cosine")
	if len(a) != 2 || !slices.Equal(a, b) {
		t.Errorf("by cosine %q, and of longer rows %q", a, b)
	}
	if c := measured(stretched, "euclidean"); slices.Equal(b, c) {
		t.Errorf("by cosine as by distance: %q", c)
	}
}

func TestMethodsAndSearches(t *testing.T) {
	x, _ := points(t, 90, 5)
	for _, components := range []string{"1", "2"} {
		_, out := outputs(t)
		stdout, err := program(t, append(out, "-features", x, "-perplexity", "10", "-iterations", "60", "-components", components,
			"-method", "fft", "-neighbours", "approximate")...)
		if err != nil || !strings.Contains(stdout, "60 iterations by fft, approximate neighbours, ") {
			t.Errorf("%s components: %v\n%s", components, err, stdout)
		}
	}
	_, out := outputs(t)
	stdout, err := program(t, append(out, "-features", x, "-perplexity", "10", "-iterations", "60", "-neighbours", "exact")...)
	if err != nil || !strings.Contains(stdout, "60 iterations by exact, exact neighbours, ") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

// A sample of all points is all of them, and one of some is near.
func TestSampledQuality(t *testing.T) {
	const n, d = 400, 4
	var values []float64
	for _, v := range golden.Uniform("sampled", n*d, 1) {
		values = append(values, float64(v))
	}
	x := mat.NewDense(n, d, values)
	layout := x.Slice(0, n, 0, 2)
	want, err := quality.NeighbourPreservation(t.Context(), x, layout, 10)
	if err != nil {
		t.Fatal(err)
	}
	for m, tolerance := range map[int]float64{n: 1e-12, 2 * n: 1e-12, n / 4: 0.05} {
		got, err := sampled(t.Context(), x, layout, 10, m)
		if err != nil || math.Abs(got-want) > tolerance {
			t.Errorf("%d of %d points: %v, error %v, want %v", m, n, got, err, want)
		}
	}
}

func TestScenes(t *testing.T) {
	dir, out := outputs(t)
	out[1] = filepath.Join(dir, "f.svg")
	save := filepath.Join(dir, "s.npy")
	stdout, err := program(t, append(out, "-scenes", "60", "-perplexity", "8", "-iterations", "100", "-thumbnails", "-components", "3", "-save", save)...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout, "features  60 x 128: embedded scenes") {
		t.Error(stdout)
	}
	for name, shape := range map[string]int{"f.npy": 3, "s.npy": 128} {
		if a, err := npy.Load(t.Context(), filepath.Join(dir, name)); err != nil || a.Shape[1] != shape {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := os.ReadFile(out[1]); err != nil || !bytes.Contains(text, []byte("<svg")) {
		t.Errorf("SVG: %v", err)
	}
}

func TestInterruptedWritesTheLayout(t *testing.T) {
	x, _ := points(t, 90, 5)
	o, err := parse([]string{"-features", x, "-perplexity", "10"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := outputs(t)
	o.Out, o.NPY, o.CSV = filepath.Join(dir, "f.png"), filepath.Join(dir, "f.npy"), filepath.Join(dir, "f.csv")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr bytes.Buffer
	f, err := o.Get(ctx, false, nil, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	o.onProgress = cancel
	if err := o.lay(ctx, &stdout, &stderr, f); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"f.png", "f.npy", "f.csv"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(stdout.String(), "stopped   this is the layout after ") {
		t.Error(stdout.String())
	}
}

func TestErrors(t *testing.T) {
	x, y := points(t, 90, 5)
	few, _ := points(t, 20, 5)
	text := filepath.Join(t.TempDir(), "text.npy")
	if err := os.WriteFile(text, []byte("no array"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-nonsense"}, "nonsense"},
		{[]string{"stray"}, "stray"},
		{[]string{"-features", text}, "text.npy"},
		{[]string{"-features", text + "x"}, "text.npyx"},
		{[]string{"-features", y}, "y.npy: shape [90]"},
		{[]string{"-features", few, "-labels", y}, "20 points"},
		{[]string{"-features", x, "-labels", x}, "one-hot"},
		{[]string{"-features", x, "-labels", y, "-classes", "a,b"}, "2 names"},
		{[]string{"-features", x, "-data", "."}, "-features"},
		{[]string{"-features", few}, "-perplexity 30: want a positive number below the number of points, 20"},
		{[]string{"-features", x, "-perplexity", "5,200"}, "-perplexity 200: want"},
		{[]string{"-features", x, "-layout", x, "-perplexity", "90"}, "want 90 points in"},
		{[]string{"-features", x, "-learning-rate", "1e200"}, "in iteration 1: -learning-rate 1e+200: want a smaller one"},
		{[]string{"-labels", y}, "-features"},
		{[]string{"-features", x, "-thumbnails"}, "-thumbnails"},
		{[]string{"-features", x, "-perplexity", "abc"}, "-perplexity"},
		{[]string{"-features", x, "-components", "4"}, "-components 4: want 1 to 3"},
		{[]string{"-features", x, "-method", "magic"}, `-method "magic": want auto, exact, barnes-hut or fft`},
		{[]string{"-features", x, "-neighbours", "magic"}, `-neighbours "magic": want auto, exact or approximate`},
		{[]string{"-features", x, "-method", "fft", "-components", "3"}, "1 or 2 components"},
		{[]string{"-features", x, "-metric", "magic"}, `-metric "magic": want euclidean or cosine`},
		{[]string{"-features", x, "-init", "magic"}, `-init "magic": want pca or random`},
		{[]string{"-features", x, "-init", "given"}, `-init "given": want pca or random`},
		{[]string{"-features", x, "-schedule", "magic"}, `-schedule "magic": want sklearn or openTSNE`},
		{[]string{"-early-iterations", "-5"}, "-early-iterations -5: want 0 or more"},
		{[]string{"-angle", "-0.5"}, "-angle -0.5: want 0 to 1"},
		{[]string{"-perplexity", "Inf"}, "-perplexity"},
		{[]string{"-features", x, "-palette", "magic"}, "magic"},
		{[]string{"-features", x, "-seed", "4294967296"}, "-seed"},
		{[]string{"-layout", x}, "-features"},
		{[]string{"-features", x, "-layout", y}, "shape [90]"},
		{[]string{"-out", "f.jpg"}, "f.jpg"},
		{[]string{"-features", x, "-components", "0"}, "-components 0"},
		{[]string{"-features", x, "-iterations", "-1"}, "-iterations -1"},
		{[]string{"-features", x, "-early-exaggeration", "0"}, "-early-exaggeration 0"},
		{[]string{"-features", x, "-late-exaggeration", "-2"}, "-late-exaggeration -2"},
		{[]string{"-features", x, "-learning-rate", "Inf"}, "-learning-rate +Inf"},
		{[]string{"-features", x, "-dof", "NaN"}, "-dof NaN"},
		{[]string{"-features", x, "-angle", "2"}, "-angle 2"},
		{[]string{"-features", x, "-angle", "-0.1"}, "-angle -0.1"},
		{[]string{"-features", x, "-angle", "NaN"}, "-angle NaN"},
		{[]string{"-features", x, "-early-iterations", "-1"}, "-early-iterations -1: want 0 or more"},
		{[]string{"-features", x, "-learning-rate", "0"}, "-learning-rate 0: want a positive number"},
		{[]string{"-features", x, "-dof", "0"}, "-dof 0: want a positive number"},
		{[]string{"-features", x, "-perplexity", "1e308"}, "below the number of points, 90"},
		{[]string{"-features", x, "-save", x}, "is the file that -features reads"},
		{[]string{"-features", x, "-layout", filepath.Join(text, "..", "x.npy"), "-out", filepath.Join(text, "x.png")}, "text.npy"},
		{[]string{"-features", x, "-layout", ""}, "-layout: an empty text"},
		{[]string{"-data", filepath.Join(t.TempDir(), "cifar-100-binary")}, " cifar100 downloads it)"},
		{[]string{"-data", ""}, "-data: an empty text"},
		{[]string{"-count", "-1"}, "-count"},
		{[]string{"-scenes", "0"}, "-scenes"},
	} {
		_, out := outputs(t)
		_, err := program(t, append(out, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
		if _, err := os.Stat(out[1]); err == nil {
			t.Errorf("%v: left a figure", c.args)
		}
	}
	if stdout, err := program(t, "-h"); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stdout, "-early-exaggeration") {
		t.Errorf("-h: %v", err)
	}
}
