package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/explored"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/pca"
)

// program runs cmd/pca in this process, with every file in dir.
func program(t *testing.T, dir string, args ...string) (stdout string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	args = append([]string{"-out", filepath.Join(dir, "f.png"), "-npy", filepath.Join(dir, "f.npy"), "-csv", filepath.Join(dir, "f.csv")}, args...)
	err = run(t.Context(), args, &out, &progress)
	return out.String(), err
}

// plane writes 50 points that vary in two of four directions.
func plane(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	u := golden.Uniform("plane", 100, 1)
	x := make([]float32, 200)
	for i := range 50 {
		x[4*i], x[4*i+1], x[4*i+2] = 3*u[2*i], u[2*i+1], 7
	}
	if err := npy.Save(t.Context(), path, []int{50, 4}, x); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFeatures(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	stdout, err := program(t, dir, "-features", plane(t), "-scree", filepath.Join(dir, "scree.svg"), "-model", model)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 components explain 100.00%", "explained_variance_ratio_ [0.", "scree.svg"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	m, err := pca.Load(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	if r := m.ExplainedVarianceRatio; math.Abs(r[0]+r[1]-1) > 1e-9 {
		t.Errorf("saved model: ratios %v", r)
	}
	if a, err := npy.Load(t.Context(), filepath.Join(dir, "f.npy")); err != nil || a.Shape[0] != 50 || a.Shape[1] != 2 {
		t.Errorf("coordinates: %v", err)
	}
	for _, name := range []string{"f.png", "f.csv", "scree.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// The page of features has both pairs of components, and the nearest points.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "p.html")
	stdout, err := program(t, dir, "-features", plane(t), "-components", "4", "-html", file)
	if err != nil || !strings.Contains(stdout, "page      "+file) {
		t.Fatalf("%v\n%s", err, stdout)
	}
	var meta struct {
		Points     int
		Layouts    []struct{ Name, Block string }
		Neighbours struct{ Count int }
	}
	blocks := explored.ReadFile(t, file, &meta)
	if meta.Points != 50 || len(meta.Layouts) != 2 || meta.Layouts[1].Name != "PCA, components 3 and 4" || meta.Neighbours.Count != 12 {
		t.Errorf("%+v", meta)
	}
	a, err := npy.Load(t.Context(), filepath.Join(dir, "f.npy"))
	if err != nil {
		t.Fatal(err)
	}
	for k, l := range meta.Layouts {
		block := make([]byte, 400) // which is in the file as four planes of bytes
		for i, v := range blocks[l.Block] {
			block[4*(i%100)+i/100] = v
		}
		for i := range 50 {
			for j := range 2 {
				have := math.Float32frombits(binary.LittleEndian.Uint32(block[8*i+4*j:]))
				if want := float32(a.Float64s()[4*i+2*k+j]); have != want {
					t.Fatalf("layout %d, point %d, axis %d: %v, want %v", k, i, j, have, want)
				}
			}
		}
	}
}

func TestScenes(t *testing.T) {
	stdout, err := program(t, t.TempDir(), "-scenes", "30", "-components", "0.9")
	if err != nil || !strings.Contains(stdout, "features  30 x 128") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestErrors(t *testing.T) {
	x := plane(t)
	there := t.TempDir()
	nan := filepath.Join(there, "nan.npy")
	if err := npy.Save(t.Context(), nan, []int{2, 2}, []float64{1, 2, 3, math.NaN()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-nonsense"}, "nonsense"},
		{[]string{"stray"}, "stray"},
		{[]string{"-features", x + "x"}, "x.npyx"},
		{[]string{"-features", x, "-components", "5"}, "at most 4"},
		{[]string{"-features", x, "-components", "1.5"}, "-components"},
		{[]string{"-features", x, "-components", "NaN"}, "-components"},
		{[]string{"-features", x, "-scree", "scree.txt"}, "scree.txt"},
		{[]string{"-features", x, "-palette", "magic"}, "magic"},
		{[]string{"-features", x, "-html", "-"}, "-html \"-\": want a name that ends in .html"},
		{[]string{"-features", x, "-html", "p.html", "-thumb", "4"}, "-thumb 4: want 8 to 512"},
		{[]string{"-features", x, "-html", filepath.Join(there, "absent", "p.html")}, "-html: "},
		{[]string{"-data", filepath.Join(t.TempDir(), "cifar-10-batches-bin")}, " cifar10 downloads it)"},
		{[]string{"-data", filepath.Join(t.TempDir(), "absent")}, "absent"},
		{[]string{"-features", nan}, "nan.npy: row 1, column 1 is NaN"},
		{[]string{"-features", there}, "not a regular file"},
		{[]string{"-features", ""}, "-features: an empty text"},
		{[]string{"-weights", ""}, "-weights: an empty text"},
		{[]string{"-image", ""}, "an empty text"},
		{[]string{"-features", x, "-npy", x}, "-npy " + x + " is the file that -features reads"},
		{[]string{"-features", x, "-csv", there}, "-csv: " + there + ": it is a folder"},
		{[]string{"-features", x, "-scree", filepath.Join(there, "absent", "s.png")}, "no such folder"},
		{[]string{"-features", x, "-model", filepath.Join(nan, "model")}, "-model: " + nan},
		{[]string{"-features", x, "-save", filepath.Join(there, "s.npy"), "-model", filepath.Join(there, "..", filepath.Base(there), "s_labels.npy")}, "-save and -model are both"},
	} {
		dir := t.TempDir()
		_, err := program(t, dir, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%v: left %v", c.args, entries)
		}
	}
	if stdout, err := program(t, t.TempDir(), "-h"); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stdout, "-whiten") {
		t.Errorf("-h: %v", err)
	}
}
