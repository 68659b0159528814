package table

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// array loads a golden array.
func array(t *testing.T, name string) *npy.Array {
	t.Helper()
	a, err := npy.Load(t.Context(), golden.Path(t, "table", name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// One table and one list of labels, however NumPy, pandas and csv wrote them.
func TestAsWritten(t *testing.T) {
	paths, err := filepath.Glob(golden.Path(t, "table", "*-*"))
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d files, error %v", len(paths), err)
	}
	features, labels, numbers, classes := array(t, "features.npy"), array(t, "labels.npy"), array(t, "numbers.npy"), array(t, "classes.npy")
	ints := func(a *npy.Array) []int {
		var out []int
		for _, v := range a.Float64s() {
			out = append(out, int(v))
		}
		return out
	}
	var names []string
	for i := range classes.Len() {
		names = append(names, classes.Text(i))
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "features-") {
			f, err := LoadFeatures(t.Context(), path)
			if err != nil {
				t.Error(err)
				continue
			}
			if f.N != 5 || f.D != 3 || !slices.Equal(f.X, features.Float64s()) {
				t.Errorf("%s: %d x %d: %v, want %v", name, f.N, f.D, f.X, features.Float64s())
			}
			indexed := strings.HasPrefix(name, "features-pandas") && !strings.Contains(name, "no-index") && !strings.Contains(name, "bare") && !strings.Contains(name, "semicolons")
			if (f.Note != "") != indexed {
				t.Errorf("%s: note %q", name, f.Note)
			}
			continue
		}
		if name == "labels-two-columns.csv" {
			path += ":label"
		}
		l, err := LoadLabels(t.Context(), path, 5)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.HasPrefix(name, "labels-") {
			if !slices.Equal(l.Of, ints(labels)) || !slices.Equal(l.Names, names) {
				t.Errorf("%s: %v of %q, want %v of %q", name, l.Of, l.Names, ints(labels), names)
			}
		} else if !slices.Equal(l.Of, ints(numbers)) || l.Names != nil {
			t.Errorf("%s: %v of %q, want %v", name, l.Of, l.Names, ints(numbers))
		}
	}
}
