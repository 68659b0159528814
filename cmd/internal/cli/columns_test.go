package cli

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/render/explorer"
)

// The table of -columns goes into the page, and is one of its points.
func TestColumns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	if err := os.WriteFile(path, []byte("size,who\n1,ann\n,bob\n3,ann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := &PageFlags{HTML: filepath.Join(dir, "x.html"), Thumb: explorer.MinThumb, Columns: path + ":who"}
	if err := flags.Check(); err != nil {
		t.Fatal(err)
	}
	if in := flags.Inputs(); !slices.Contains(in, File{"columns", path}) {
		t.Errorf("inputs %v", in)
	}
	for n, want := range map[int]string{3: "", 2: "3 rows below the names, and 2 points"} {
		if err := flags.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		f := &Features{X: mat.NewDense(n, 2, nil), Labels: make([]int, n), Names: []string{"a"}}
		err := flags.WritePoints(t.Context(), io.Discard, f, "", "", PageLayout{Name: "PCA", At: f.X})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d points: error %v, want %q", n, err, want)
		}
		if got := flags.Fits(n); (got == nil) != (err == nil) {
			t.Errorf("%d points: %v", n, got)
		}
	}
	page := &explorer.Page{Names: []string{"p", "q", "r"}, Layouts: []explorer.Layout{{Name: "PCA", At: mat.NewDense(3, 2, nil)}}}
	if err := flags.Write(t.Context(), io.Discard, page, nil, nil); err != nil {
		t.Fatal(err)
	}
	if c := page.Columns; len(c) != 1 || c[0].Name != "who" || !slices.Equal(c[0].Texts, []string{"ann", "bob", "ann"}) {
		t.Errorf("columns %v", c)
	}
	flags.Columns = filepath.Join(dir, "none.csv")
	if err := flags.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "-columns: ") {
		t.Errorf("no such file: %v", err)
	}
	if err := (&PageFlags{Columns: path, Thumb: explorer.MinThumb}).Check(); err == nil || !strings.Contains(err.Error(), "-columns needs -html") {
		t.Errorf("without -html: %v", err)
	}
}
