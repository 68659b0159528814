package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
)

// Points without variance get a warning that says why.
func TestNoVariance(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want string
	}{
		{[]float64{1, 2, 1, 2, 1, 2}, "pca: warning: all 3 rows are equal, so"},
		{[]float64{1e-310, 2e-310, 3e-310, 2e-310, 5e-310, 1e-310}, "differences are too small for numbers"},
		{[]float64{1, 2, 1, 2, 1, 3}, ""},
	} {
		dir := t.TempDir()
		x := filepath.Join(dir, "x.npy")
		if err := npy.Save(t.Context(), x, []int{3, 2}, c.x); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		args := []string{"-features", x, "-out", filepath.Join(dir, "p.png"), "-npy", filepath.Join(dir, "p.npy"), "-csv", filepath.Join(dir, "p.csv")}
		if err := run(t.Context(), args, &stdout, &stderr); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(stderr.String(), "warning") != (c.want != "") || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%v: %q", c.x, stderr.String())
		}
	}
}
