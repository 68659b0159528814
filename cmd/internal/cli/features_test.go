package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data"
)

// featureFlags are those of a command line.
func featureFlags(t *testing.T, args ...string) *FeatureFlags {
	t.Helper()
	f := &FeatureFlags{}
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	f.AddFlags(flags, 12)
	if err := Parse(flags, args, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Clone(ImageFlagNames), FeatureFlagNames...) {
		if flags.Lookup(name) == nil {
			t.Errorf("no flag -%s", name)
		}
	}
	return f
}

func saved[T float32 | float64 | int64](t *testing.T, shape []int, data []T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.Save(t.Context(), path, shape, data); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFeatureErrors(t *testing.T) {
	x := saved(t, []int{3, 2}, []float64{1, 2, 3, 4, 5, 6})
	labels := func(l ...int64) string { return saved(t, []int{len(l)}, l) }
	absent := filepath.Join(t.TempDir(), "absent.npy")
	const usage = true
	for _, c := range []struct {
		args   []string
		images bool
		usage  bool
		want   string
	}{
		{[]string{"-count", "-1"}, false, usage, "-count -1: want 0 or more"},
		{[]string{"-batch", "0"}, false, usage, "-batch 0: want 1 to 4096"},
		{[]string{"-batch", "4097"}, false, usage, "-batch 4097"},
		{[]string{"-batch", "4096", "-count", "1"}, false, false, ""},
		{[]string{"-batch", "1", "-count", "1"}, false, false, ""},
		{[]string{"-labels", "y"}, false, usage, "-labels needs -features"},
		{[]string{"-features", x, "-data", "d"}, false, usage, "-features takes the place of -data"},
		{[]string{"-features", x, "-weights", "w"}, false, usage, "-features takes the place of -data"},
		{[]string{"-features", x, "-image", "i"}, false, usage, "-features takes the place of -data"},
		{[]string{"-features", x}, true, usage, "-thumbnails needs images"},
		{[]string{"-features", x}, false, false, ""},
		{[]string{"-features", absent}, false, false, "absent.npy"},
		{[]string{"-features", saved(t, []int{6}, []float64{1, 2, 3, 4, 5, 6})}, false, false, "shape [6], want n x d"},
		{[]string{"-features", saved(t, []int{0, 2}, []float64{})}, false, false, "shape [0 2], want n x d"},
		{[]string{"-features", saved(t, []int{2, 0}, []float64{})}, false, false, "shape [2 0]"},
		{[]string{"-features", saved(t, []int{1, 1}, []float64{7})}, false, false, ""},
		{[]string{"-features", saved(t, []int{2, 3}, []float64{1, 2, 3, 4, 5, math.NaN()})}, false, false, "row 1, column 2 is NaN"},
		{[]string{"-features", saved(t, []int{2, 3}, []float64{1, 2, 3, math.Inf(-1), 5, 6})}, false, false, "row 1, column 0 is -Inf"},
		{[]string{"-features", x, "-labels", absent}, false, false, "absent.npy"},
		{[]string{"-features", x, "-labels", labels(0, 1)}, false, false, "want a label for each of the 3 points"},
		{[]string{"-features", x, "-labels", labels(0, -2, 1)}, false, false, "label 1 is -2, want a class number, or -1 for none"},
		{[]string{"-features", x, "-labels", labels(0, math.MaxInt32+1, 1)}, false, false, "label 1 is 2147483648"},
		{[]string{"-features", x, "-labels", labels(0, -1, 5)}, false, false, ""},
		{[]string{"-features", x, "-labels", labels(0, -1, 2), "-classes", "a,b,c"}, false, false, ""},
		{[]string{"-features", x, "-labels", labels(0, -1, 3), "-classes", "a,b,c"}, false, false, "-classes: 3 names, and a label of 3"},
		{[]string{"-features", x, "-labels", labels(0, 1, 1), "-classes", "a"}, false, false, "-classes: 1 name, and a label of 1 in "},
		{[]string{"-features", x, "-labels", labels(0, 1, 1), "-classes", "x.txt"}, false, false, "-classes: x.txt: no such file"},
		{[]string{"-scenes", "0"}, false, usage, "-scenes 0"},
		{[]string{"-features", x, "-save", filepath.Join(absent, "x.npy")}, false, false, "-save: "},
	} {
		_, err := featureFlags(t, c.args...).Get(t.Context(), c.images, nil, io.Discard)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
		if _, got := errors.AsType[usageError](err); got != c.usage {
			t.Errorf("%v: %v: an error of the command line: %v, want %v", c.args, err, got, c.usage)
		}
	}
}

func TestFeaturesOfFiles(t *testing.T) {
	x := saved(t, []int{4, 2}, []float64{1, 2, 3, 4, 5, 6, 7, 8})
	y := saved(t, []int{4}, []int64{2, -1, 0, 1})
	latin := filepath.Join(t.TempDir(), "latin.txt")
	if err := os.WriteFile(latin, []byte("a\n\xe9\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		n     int
		names []string
		note  string
	}{
		{[]string{"-labels", y}, 4, []string{"0", "1", "2"}, ""},
		{[]string{"-labels", y, "-count", "3"}, 3, []string{"0", "1", "2"}, ""},
		{[]string{"-labels", y, "-count", "4"}, 4, []string{"0", "1", "2"}, ""},
		{[]string{"-labels", y, "-count", "5", "-classes", "a,b,c,d"}, 4, []string{"a", "b", "c", "d"}, ""},
		{[]string{"-labels", y, "-classes", latin}, 4, []string{"a", "é", "c"}, "note      -classes: " + latin + " is not UTF-8: read as Latin-1\n"},
		{nil, 4, nil, ""},
		{[]string{"-count", "1"}, 1, nil, ""},
	} {
		var stderr bytes.Buffer
		dir := t.TempDir()
		f := featureFlags(t, append(c.args, "-features", x, "-save", filepath.Join(dir, "kept.npy"))...)
		got, err := f.Get(t.Context(), false, nil, &stderr)
		if err != nil {
			t.Fatalf("%v: %v", c.args, err)
		}
		n, d := got.X.Dims()
		if n != c.n || d != 2 || got.X.At(n-1, 1) != float64(2*n) || !slices.Equal(got.Names, c.names) || got.Source != x || stderr.String() != c.note {
			t.Errorf("%v: %d x %d, %+v, %q", c.args, n, d, got, stderr.String())
		}
		if want := []int{2, -1, 0, 1}[:n]; c.names != nil && !slices.Equal(got.Labels, want) || c.names == nil && got.Labels != nil {
			t.Errorf("%v: labels %v", c.args, got.Labels)
		}
		kept, err := npy.Load(t.Context(), filepath.Join(dir, "kept.npy"))
		if err != nil || !slices.Equal(kept.Shape, []int{n, 2}) || kept.Float64s()[2*n-1] != float64(2*n) {
			t.Errorf("%v: kept %+v, %v", c.args, kept, err)
		}
		keptLabels, err := npy.Load(t.Context(), filepath.Join(dir, "kept_labels.npy"))
		if (err == nil) != (c.names != nil) {
			t.Errorf("%v: labels kept: %v", c.args, err)
		}
		if err == nil {
			if l, err := keptLabels.Int64s(); err != nil || len(l) != n || l[0] != 2 {
				t.Errorf("%v: kept labels %v, %v", c.args, l, err)
			}
		}
	}
}

// The features of images are those of their batch-mates, with gaps as without.
func TestFeaturesOfImages(t *testing.T) {
	all, err := featureFlags(t, "-count", "7", "-batch", "3").Get(t.Context(), true, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	n, d := all.X.Dims()
	if n != 7 || d != 128 || len(all.Labels) != 7 || len(all.Names) != 10 || len(all.Images) != 7 || all.Index != nil || all.Images[0].Width != 64 ||
		!strings.HasPrefix(all.Source, "embedded scenes, held out from training through embedded scenes network, ") {
		t.Errorf("%d x %d, %d labels, %d names, %d images, %q", n, d, len(all.Labels), len(all.Names), len(all.Images), all.Source)
	}
	if most, err := featureFlags(t, "-count", "13").Get(t.Context(), false, nil, io.Discard); err != nil || most.X.RawMatrix().Rows != 12 || most.Images != nil {
		t.Errorf("%+v, %v", most, err)
	}
	dir, weights := t.TempDir(), sceneWeights(t, map[string]string{})
	for i := range 5 {
		picture(t, filepath.Join(dir, fmt.Sprint(i, ".png")), 40+i, 33+4*i)
	}
	get := func(args ...string) *Features {
		t.Helper()
		f, err := featureFlags(t, append(args, "-image", dir, "-weights", weights, "-size", "0", "-batch", "2")...).Get(t.Context(), true, nil, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	good := get()
	if good.Labels != nil || good.Names != nil || good.Index != nil || !strings.Contains(good.Source, "(assumed ") {
		t.Errorf("%+v", good)
	}
	for _, name := range []string{"0b.png", "2b.png", "9.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	gaps := get("-skip-bad")
	if !mat.Equal(gaps.X, good.X) || !slices.Equal(gaps.Index, []int{0, 2, 3, 5, 6}) || len(gaps.Images) != 5 || gaps.index(3) != 5 || good.index(3) != 3 {
		t.Errorf("other features with gaps, or of %v", gaps.Index)
	}
	if few := get("-skip-bad", "-count", "3"); few.X.RawMatrix().Rows != 2 || !slices.Equal(few.Index, []int{0, 2}) {
		t.Errorf("of the first 3: %v", few.Index)
	}
	_, err = featureFlags(t, "-image", dir, "-weights", weights).Get(t.Context(), false, nil, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "0b.png: not an image") || !strings.HasSuffix(err.Error(), "(-skip-bad goes on without it)") {
		t.Errorf("%v", err)
	}
}

func TestShrink(t *testing.T) {
	for _, c := range [][4]int{{64, 64, 64, 64}, {64, 10, 64, 10}, {65, 64, 64, 63}, {128, 64, 64, 32}, {30, 300, 6, 64}, {1000, 1, 64, 1}, {1, 1000, 1, 64}} {
		im, err := data.NewImage(c[0], c[1])
		if err != nil {
			t.Fatal(err)
		}
		small, err := shrink(im, thumbnailSide)
		if err != nil || small.Width != c[2] || small.Height != c[3] {
			t.Errorf("%v: %+v, %v", c, small, err)
		}
	}
}

func TestFeatureFiles(t *testing.T) {
	f := featureFlags(t, "-features", "a.npy", "-labels", "b.npy", "-save", "dir.x/c.npy", "-classes", "d")
	if in := fmt.Sprint(f.Inputs()); in != "[{data } {weights } {classes d} {features a.npy} {labels b.npy}]" {
		t.Errorf("inputs %s", in)
	}
	if out := fmt.Sprint(f.Outputs()); out != "[{save dir.x/c.npy} {save dir.x/c_labels.npy}]" {
		t.Errorf("outputs %s", out)
	}
	if out := featureFlags(t).Outputs(); out != nil {
		t.Errorf("outputs %v", out)
	}
	f.Save = "kept"
	if got := f.labelsPath(); got != "kept_labels.npy" {
		t.Errorf("labels in %s", got)
	}
}
