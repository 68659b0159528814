package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
)

// Points that cannot be told apart get a warning, no measure of quality, and no
// divergence of -0.
func TestCoincidentPoints(t *testing.T) {
	const n = 40
	save := func(name string, row func(i int) [2]float64) string {
		var x []float64
		for i := range n {
			r := row(i)
			x = append(x, r[:]...)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := npy.Save(t.Context(), path, []int{n, 2}, x); err != nil {
			t.Fatal(err)
		}
		return path
	}
	same := save("same.npy", func(int) [2]float64 { return [2]float64{1, 2} })
	rays := save("rays.npy", func(i int) [2]float64 { return [2]float64{float64(i + 1), 2 * float64(i+1)} })
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-features", same}, "(all rows are equal)"},
		{[]string{"-features", same, "-method", "barnes-hut"}, "(all rows are equal)"},
		{[]string{"-features", rays, "-metric", "cosine"}, "(all rows have one direction, or are zero)"},
		{[]string{"-features", rays}, ""},
	} {
		_, out := outputs(t)
		var stdout, stderr bytes.Buffer
		if err := run(t.Context(), append(append(out, "-perplexity", "10", "-iterations", "300"), c.args...), &stdout, &stderr); err != nil {
			t.Fatal(err)
		}
		warned := strings.Contains(stderr.String(), "tsne: warning: nothing tells the 40 points apart")
		if warned != (c.want != "") || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%v: %q", c.args, stderr.String())
		}
		if strings.Contains(stdout.String(), "quality ") == warned || strings.Contains(stdout.String(), "-0.0") {
			t.Errorf("%v: %s", c.args, stdout.String())
		}
	}
}

func TestDecimals(t *testing.T) {
	for v, want := range map[float64]string{0: "0.000", -1e-9: "0.000", 1e-9: "0.000", -0.0004: "0.000", -0.0006: "-0.001", 1.25: "1.250", 10: "10.000"} {
		if got := decimals(v, 3); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// No iterations mean the start, and the default is what it was.
func TestZeroIterations(t *testing.T) {
	x, _ := points(t, 40, 5)
	for args, want := range map[string]string{
		"-iterations 0": "t-SNE     0 iterations", "-iterations 7": "t-SNE     7 iterations",
		"-iterations 300 -early-iterations 0": "t-SNE     300 iterations", "": "iterations by",
	} {
		_, out := outputs(t)
		stdout, err := program(t, append(append(out, "-features", x, "-perplexity", "5"), strings.Fields(args)...)...)
		if err != nil || !strings.Contains(stdout, want) || args == "" && strings.Contains(stdout, " 0 iterations") {
			t.Errorf("%q: error %v, %s", args, err, stdout)
		}
	}
}

// Features, labels and a layout as tables of text, labels by name.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	x, y, z := "a,b\n", "id,species\n", ""
	for i := range 30 {
		x += []string{"1,2\n", "2,1\n", "5,7.5\n"}[i%3]
		y += []string{"7,setosa\n", "8,versicolor\n", "9,\n"}[i%3]
		z += []string{"0.5 1\n", "3 4\n", "5 1\n"}[i%3]
	}
	features, labels, layout := write("x.csv", x), write("y.csv", y), write("layout.txt", z)
	folder, out := outputs(t)
	stdout, err := program(t, append(out, "-features", features, "-labels", labels+":species", "-perplexity", "5", "-iterations", "50")...)
	if err != nil || !strings.Contains(stdout, "features  30 x 2") {
		t.Fatalf("error %v: %s", err, stdout)
	}
	b, err := os.ReadFile(filepath.Join(folder, "f.csv"))
	if err != nil {
		t.Fatal(err)
	}
	coordinates := string(b)
	for _, want := range []string{"\n0,0,setosa,", "\n1,1,versicolor,", "\n2,,,"} {
		if !strings.Contains(coordinates, want) {
			t.Errorf("no %q in %.200s", want, coordinates)
		}
	}
	stdout, err = program(t, append(out, "-features", features, "-layout", layout, "-perplexity", "5")...)
	if err != nil || !strings.Contains(stdout, "layout    "+layout) {
		t.Errorf("error %v: %s", err, stdout)
	}
	// Names of -classes are found by name.
	classes := write("classes.txt", "versicolor\nvirginica\nsetosa\n")
	if _, err = program(t, append(out, "-features", features, "-labels", labels+":species", "-classes", classes, "-perplexity", "5", "-iterations", "5")...); err != nil {
		t.Fatal(err)
	}
	if _, err = program(t, append(out, "-features", features, "-labels", labels+":species", "-classes", "setosa", "-perplexity", "5")...); err == nil || !strings.Contains(err.Error(), `no name "versicolor" among the 1`) {
		t.Errorf("a name that is not there: %v", err)
	}
	if _, err = program(t, append(out, "-features", features+":a")...); err == nil || !strings.Contains(err.Error(), "leave its name out") {
		t.Errorf("a column of features: %v", err)
	}
	if _, err = program(t, append(out, "-features", features, "-labels", labels+":species", "-save", labels)...); err == nil || !strings.Contains(err.Error(), "reads") {
		t.Errorf("-save over the labels: %v", err)
	}
}
