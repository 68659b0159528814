package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// FuzzFolder opens whatever tree of files the lines of layout name, a path
// with its content's number behind a tab; content is one more content.
func FuzzFolder(f *testing.F) {
	g := golden.Open(f, "data/files.safetensors")
	contents := [][]byte{nil, nil} // the fuzzer's, and empty
	for _, name := range g.Names() {
		if strings.HasSuffix(name, ": file") && len(contents) < 8 {
			contents = append(contents, g.Bytes(name))
		}
	}
	png := "a/1.png\t2\na/b/2.PNG\t3\nc/3.jpg\t4\n"
	for i := range png {
		f.Add(png[:i], contents[2][:i])
	}
	for _, layout := range []string{
		png, "1.png\t2\n2.png\t3", "train/a/1.png\t2\ntest/a/1.png\t3\nval/a/1.png\t4", "train/a/1.png\t2\ntest/b/1.png\t2",
		"test/1.png\t2\ntrain/1.png\t2", "a/1.png\t1\nb/1.png\t0", "a/\t0\nb/1.png\t2", "a.png/1.png\t2", "a/1.png\t2\na\t2", ".a/1.png\t2",
		"test_batch.bin\t1", "x/test_batch.bin\t0\ny/train_X.bin\t0", "train\t0\ntest\t0\nmeta\t0", "stl10_binary/class_names.txt\t0", "a.tar.gz\t1",
		"\u00e9/\u00e9.png\t2\ne\u0301/e\u0301.png\t2", "a/b/c/d/e/f/g/h/1.png\t5\n", "a/1.gif\t2\nb/1.pgm\t3",
	} {
		f.Add(layout, contents[3])
	}
	root := filepath.Join(f.TempDir(), "root")
	f.Fuzz(func(t *testing.T, layout string, content []byte) {
		if len(layout) > 2000 {
			return // only slow
		}
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(root, 0o755); err != nil {
			t.Fatal(err)
		}
		contents := append([][]byte{content}, contents[1:]...)
		size := 0
		for line := range strings.SplitSeq(layout, "\n") {
			name, number, _ := strings.Cut(line, "\t")
			path := filepath.Join(root, filepath.FromSlash(name))
			if !filepath.IsLocal(filepath.FromSlash(name)) || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
				continue
			}
			b := contents[len(number)%len(contents)]
			if len(number) == 1 {
				b = contents[int(number[0])%len(contents)]
			}
			size += len(line) + len(b)
			os.WriteFile(path, b, 0o644) // or a folder is there already
		}
		const limit = 1 << 14
		var ds Dataset
		var err error
		promise.Keep(t, size, 0, func() {
			if ds != nil {
				ds.Close()
			}
			ds, err = Open(t.Context(), root, OpenOptions{MaxPixels: limit})
		})
		if err != nil {
			if err.Error() == "" || bytes.ContainsRune([]byte(err.Error()), '\n') {
				t.Errorf("not one line: %q", err)
			}
			return
		}
		defer ds.Close()
		if ds.Len() == 0 {
			t.Error("a data set of nothing")
		}
		for i := range ds.Len() {
			s, err := ds.Sample(t.Context(), i)
			if err != nil {
				continue
			}
			if err := s.Image.check(); err != nil || s.Image.Width*s.Image.Height > limit && ds.(Describer).Format() == ImageFolder {
				t.Errorf("%s: %d x %d pixels, %v", s.Name, s.Image.Width, s.Image.Height, err)
			}
			if s.Label < -1 || s.Label >= len(ds.Classes()) {
				t.Errorf("label %d of %d classes", s.Label, len(ds.Classes()))
			}
		}
	})
}
