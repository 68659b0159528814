package data

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// openFuzzed opens a split of a layout with the given files, reads all of it,
// and holds what Open allocates to 4 times the files' size and 1 MiB. It
// reports whether all was well.
func openFuzzed(t *testing.T, l *layout, files fstest.MapFS, split string, opt OpenOptions) bool {
	size := 0
	for _, f := range files {
		size += len(f.Data)
	}
	var ds Dataset
	var err error
	promise.Keep(t, size, 0, func() {
		if ds != nil {
			ds.Close()
		}
		ds, err = l.open(t.Context(), files, split, opt)
	})
	if err != nil {
		return false
	}
	defer ds.Close()
	for i := range ds.Len() {
		s, err := ds.Sample(t.Context(), i)
		if err != nil {
			return false
		}
		if err := s.Image.check(); err != nil {
			t.Error(err)
		}
		if s.Label < -1 || s.Label >= len(ds.Classes()) {
			t.Errorf("label %d of %d classes", s.Label, len(ds.Classes()))
		}
	}
	return true
}

// layoutOf returns the layout whose archive unpacks to folder.
func layoutOf(folder string) *layout {
	return &layouts[slices.IndexFunc(layouts, func(l layout) bool { return l.folder == folder })]
}

// mapFS returns the files, those of name replaced.
func mapFS(files map[string][]byte, replaced map[string][]byte) fstest.MapFS {
	out := fstest.MapFS{}
	for name, b := range files {
		out[name] = &fstest.MapFile{Data: b}
	}
	for name, b := range replaced {
		out[name] = &fstest.MapFile{Data: b}
	}
	return out
}

// FuzzSTL10 bends the small files; of the images only the size counts.
func FuzzSTL10(f *testing.F) {
	files := stl10Files()
	y, names, folds := files["train_y.bin"][:2], files["class_names.txt"], []byte("0 1\n1\n0\n1\n0\n1\n0\n1\n0\n1\n")
	f.Add(2*stl10Image, y, names, folds, 0)
	f.Add(2*stl10Image, y, names, folds, 10)
	f.Add(stl10Image, y[:1], names, folds, 2)
	f.Add(2*stl10Image-1, y, names, folds, 1)
	f.Add(0, y[:0], names[:0], folds[:0], 1)
	f.Add(2*stl10Image, []byte{0, 11}, names, folds, 1)
	f.Add(2*stl10Image, y, names[:len(names)-6], folds[:len(folds)-2], 10)
	f.Add(2*stl10Image, y, names, bytes.ReplaceAll(folds, []byte("1"), []byte("2")), 1)
	f.Add(2*stl10Image, y, names, bytes.ReplaceAll(folds, []byte("1"), []byte("-99999999999999999999")), 1)
	x := make([]byte, 4*stl10Image)
	f.Fuzz(func(t *testing.T, size int, y, names, folds []byte, fold int) {
		opt := OpenOptions{Fold: fold, Split: "train"}
		if opt.check() != nil {
			return
		}
		openFuzzed(t, layoutOf("stl10_binary"), mapFS(nil, map[string][]byte{
			"train_X.bin": x[:max(0, min(size, len(x)))], "train_y.bin": y, "class_names.txt": names, "fold_indices.txt": folds,
		}), "train", opt)
	})
}

func FuzzCIFARBinary(f *testing.F) {
	files := cifarBinary(CIFAR100)
	b, names, coarse := files["test.bin"], files["fine_label_names.txt"], files["coarse_label_names.txt"]
	for _, hundred := range []bool{true, false} {
		f.Add(b, names, hundred, false)
		f.Add(b[:3074], coarse, hundred, true)
		f.Add(b[:3073], []byte("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"), hundred, false)
		f.Add(b[:3072], names, hundred, false)
		f.Add(b[:1], names[:10], hundred, false)
		f.Add(bytes.Repeat([]byte{255}, 3074), names, hundred, false)
	}
	f.Fuzz(func(t *testing.T, b, names []byte, hundred, coarse bool) {
		folder := "cifar-10-batches-bin"
		if hundred {
			folder = "cifar-100-binary"
		}
		openFuzzed(t, layoutOf(folder), mapFS(nil, map[string][]byte{
			"test.bin": b, "fine_label_names.txt": names, "coarse_label_names.txt": names,
			"test_batch.bin": b, "batches.meta.txt": names,
		}), "test", OpenOptions{AnyCount: true, Coarse: coarse})
	})
}

// FuzzCIFARPickled bends batches in which one byte, an at sign, stands for an
// image, so that the images' own bytes do not drown the rest.
func FuzzCIFARPickled(f *testing.F) {
	short := func(folder, name string, n int) []byte {
		key := folder + "/" + name
		b := cifarFiles(f, folder)[name]
		at := bytes.Index(b, pixels(key, n*cifarImage))
		if at < 0 {
			f.Fatalf("no images in %s", key)
		}
		return slices.Concat(b[:at], bytes.Repeat([]byte("@"), n), b[at+n*cifarImage:])
	}
	batch, meta := short("cifar-10-batches-py", "test_batch", 3), cifarFiles(f, "cifar-10-batches-py")["batches.meta"]
	f.Add(batch, meta, false)
	f.Add(short("cifar-100-python", "test", 3), cifarFiles(f, "cifar-100-python")["meta"], true)
	// Cut before the parts of the dict, and with a byte lost there.
	for _, at := range []string{"}q", "U\x06labels", "]q", "e", "U\x04data", "cnumpy.core", "cnumpy\nndarray", "cnumpy\ndtype", "R", "tb", "T\x00\x24", "u."} {
		i := bytes.Index(batch, []byte(at))
		if i < 0 {
			f.Fatalf("no %q in the batch", at)
		}
		f.Add(batch[:i], meta, false)
		f.Add(slices.Concat(batch[:i], batch[i+1:]), meta, false)
	}
	g := golden.Open(f, "data/cifarpickles.safetensors")
	for _, name := range g.Names() {
		if other, ok := strings.CutPrefix(name, "file protocol"); ok && !bytes.Contains(g.Bytes(name), []byte("@")) {
			f.Add(g.Bytes(name), g.Bytes("file meta protocol"+other), false)
		}
		// (Where an image has at signs, the batch without it.)
		if other, ok := strings.CutPrefix(name, "file protocol"); ok {
			f.Add(bytes.ReplaceAll(g.Bytes(name), pixels("protocol"+other, cifarImage), []byte("@")), g.Bytes("file meta protocol"+other), false)
		}
	}
	f.Add(batch, meta[:20], false)
	f.Add([]byte("\x80\x02]q\x00(h\x00h\x00eh\x00\x85R."), meta, false)
	f.Fuzz(func(t *testing.T, batch, meta []byte, hundred bool) {
		if bytes.Count(batch, []byte("@")) > 10 {
			return
		}
		batch = bytes.ReplaceAll(batch, []byte("@"), make([]byte, cifarImage))
		folder := "cifar-10-batches-py"
		if hundred {
			folder = "cifar-100-python"
		}
		openFuzzed(t, layoutOf(folder), mapFS(nil, map[string][]byte{
			"test": batch, "meta": meta, "test_batch": batch, "batches.meta": meta,
		}), "test", OpenOptions{})
	})
}

// FuzzImage decodes image files of at most a few pixels.
func FuzzImage(f *testing.F) {
	for _, file := range []string{"data/files.safetensors", "data/bitmaps.safetensors"} {
		g := golden.Open(f, file)
		for _, name := range g.Names() {
			if len(name) < 6 || name[len(name)-6:] != ": file" {
				continue
			}
			b := g.Bytes(name)
			f.Add(b)
			for _, n := range []int{0, 1, 8, 16, 33, 64, len(b) / 2, len(b) - 1} {
				f.Add(b[:min(n, len(b))])
			}
		}
	}
	const limit = 1 << 14
	f.Fuzz(func(t *testing.T, b []byte) {
		var im *Image
		var err error
		promise.Keep(t, len(b), 27*limit, func() { // 3 for the picture that is turned
			im, err = decoding{limit: limit, orient: true}.oriented(context.Background(), bytes.NewReader(b), int64(len(b)))
		})
		if err != nil {
			return
		}
		if err := im.check(); err != nil {
			t.Error(err)
		}
	})
}

// TestFuzzSeeds holds the good seeds to being good, so that the fuzz targets
// begin inside the readers.
func TestFuzzSeeds(t *testing.T) {
	for folder, files := range map[string]map[string][]byte{
		"stl10_binary":         stl10Files(),
		"cifar-10-batches-bin": cifarBinary(CIFAR10),
		"cifar-10-batches-py":  cifarFiles(t, "cifar-10-batches-py"),
		"cifar-100-python":     cifarFiles(t, "cifar-100-python"),
	} {
		if !openFuzzed(t, layoutOf(folder), mapFS(files, nil), "test", OpenOptions{AnyCount: true}) {
			t.Errorf("%s: refused", folder)
		}
	}
}
