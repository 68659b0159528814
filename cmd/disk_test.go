//go:build linux

package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/tinydisk"
)

// A disk that is full when a program comes to write: one line that names the
// file, status 1, the earlier file untouched and nothing else there. Each
// output of each program in turn is on that disk, all others are elsewhere.
func TestFullDisk(t *testing.T) {
	disk := tinydisk.Mount(t, 1<<20)
	x, y := points(t, 60, 6)
	features := []string{"-features", x, "-labels", y}
	tsne := append(features, "-perplexity", "5", "-iterations", "10")
	cam := []string{"-acc", "0", "-scenes", "4", "-start", "0", "-count", "2"}
	for _, c := range []struct {
		program string
		args    []string
		flag    string
		name    string
		file    string // the one in the folder of that name
	}{
		{"cam", cam, "-out", "f.png", ""},
		{"cam", cam, "-json", "f.json", ""},
		{"cam", cam, "-maps", "maps", "maps/cam_00000.npy"},
		{"tsne", tsne, "-out", "f.png", ""},
		{"tsne", tsne, "-out", "f.svg", ""},
		{"tsne", tsne, "-npy", "f.npy", ""},
		{"tsne", tsne, "-csv", "f.csv", ""},
		{"tsne", tsne, "-save", "s.npy", ""},
		{"pca", features, "-out", "f.png", ""},
		{"pca", features, "-out", "f.svg", ""},
		{"pca", features, "-npy", "f.npy", ""},
		{"pca", features, "-csv", "f.csv", ""},
		{"pca", features, "-save", "s.npy", ""},
		{"pca", features, "-scree", "s.png", ""},
		{"pca", features, "-scree", "s.svg", ""},
		{"pca", features, "-model", "model.json", ""},
	} {
		for _, before := range []string{"", earlier} {
			path := filepath.Join(disk, c.name)
			file := path
			if c.file != "" {
				file = filepath.Join(disk, c.file)
				if err := os.MkdirAll(path, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{}
			if before != "" {
				if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
					t.Fatal(err)
				}
				name, _ := filepath.Rel(disk, file)
				want[name] = before
			}
			filler := tinydisk.Fill(t, disk, "filler")
			o := command{program: c.program, dir: t.TempDir(), args: append([]string{c.flag, path}, c.args...)}.run(t, nil)
			if o.status != 1 || strings.Count(o.stderr, "\n") != 1 || strings.Contains(o.stderr, ".tmp") ||
				!strings.HasPrefix(o.stderr, c.program+": "+c.flag+": "+file+": ") || !strings.Contains(o.stderr, "no space left on device") {
				t.Errorf("%s %s %s: %v", c.program, c.flag, c.name, o)
			}
			got := contents(t, disk)
			delete(got, "filler")
			sameFiles(t, c.program+" "+c.flag, got, want)
			for _, old := range []string{path, filler} {
				if err := os.RemoveAll(old); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
