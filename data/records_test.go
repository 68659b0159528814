package data

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/golden"
)

// labels does as labels in testdata/export/data.py.
func labels(name string, n, classes int) []byte {
	out := pixels(name, n)
	for i, v := range out {
		out[i] = byte(int(v) * classes / 256)
	}
	return out
}

// write writes files, by name with slashes, below dir.
func write(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// stl10Files is the synthetic set that torchvision read for the goldens.
func stl10Files() map[string][]byte {
	files := map[string][]byte{
		"class_names.txt": []byte("airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n"),
	}
	for split, n := range map[string]int{"train": 12, "test": 7, "unlabeled": 3} {
		files[split+"_X.bin"] = pixels("stl10 "+split, n*stl10Image)
		if split != "unlabeled" {
			y := labels("stl10 "+split+" labels", n, 10)
			for i := range y {
				y[i]++
			}
			files[split+"_y.bin"] = y
		}
	}
	var folds strings.Builder
	for k := range 10 {
		for i := range 4 {
			fmt.Fprintf(&folds, "%d ", (3*k+5*i)%12)
		}
		folds.WriteString("\n")
	}
	files["fold_indices.txt"] = []byte(folds.String())
	return files
}

// cifarFiles are the pickled batches that torchvision read for the goldens.
func cifarFiles(t testing.TB, folder string) map[string][]byte {
	f := golden.Open(t, "data/records.safetensors")
	files := map[string][]byte{}
	for _, name := range f.Names() {
		if rest, ok := strings.CutPrefix(name, "file "+folder+"/"); ok {
			files[rest] = f.Bytes(name)
		}
	}
	return files
}

// cifarBinary are binary batches with few records; open them with AnyCount.
func cifarBinary(format Format) map[string][]byte {
	files := map[string][]byte{}
	head, classes, names := 1, 10, []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}
	if format == CIFAR100 {
		head, classes, names = 2, 20, []string{"train", "test"}
		var fine, coarse strings.Builder
		for i := range 100 {
			fmt.Fprintf(&fine, "fine %d\n", i)
		}
		for i := range 20 {
			fmt.Fprintf(&coarse, "coarse %d\n", i)
		}
		files["fine_label_names.txt"] = []byte(fine.String())
		files["coarse_label_names.txt"] = []byte(coarse.String())
	}
	for _, name := range names {
		b := pixels(name, 2*(head+cifarImage))
		for i := range 2 {
			for j := range head {
				b[i*(head+cifarImage)+j] %= byte(classes)
			}
		}
		files[name+".bin"] = b
	}
	return files
}

// readAll returns the labels and all pixels of a data set, and closes it.
func readAll(t testing.TB, ds Dataset) (labels []int64, pix []byte) {
	t.Helper()
	for i := range ds.Len() {
		s, err := ds.Sample(i)
		if err != nil {
			t.Fatal(err)
		}
		labels = append(labels, int64(s.Label))
		pix = append(pix, s.Image.Pix...)
	}
	if err := ds.Close(); err != nil {
		t.Fatal(err)
	}
	return labels, pix
}

// sameAsTorchvision compares a data set with what torchvision read.
func sameAsTorchvision(t *testing.T, name, dir string, opt OpenOptions) {
	t.Helper()
	f := golden.Open(t, "data/records.safetensors")
	ds, err := Open(dir, opt)
	if err != nil {
		t.Error(err)
		return
	}
	first, err := ds.Sample(0)
	if err != nil || !bytes.Equal(first.Image.Pix, f.Bytes(name+" first")) {
		t.Errorf("%s: the first image differs (%v)", name, err)
	}
	y, pix := readAll(t, ds)
	if !slices.Equal(y, f.Int64(name+" labels")) {
		t.Errorf("%s: labels %v, want %v", name, y, f.Int64(name+" labels"))
	}
	if sum := sha256.Sum256(pix); !bytes.Equal(sum[:], f.Bytes(name+" sha256")) {
		t.Errorf("%s: the images differ", name)
	}
}

func TestSTL10IsTorchvisions(t *testing.T) {
	dir := t.TempDir()
	for name, b := range stl10Files() {
		write(t, dir, map[string][]byte{"stl10_binary/" + name: b})
	}
	for name, opt := range map[string]OpenOptions{
		"train":           {Split: "train"},
		"test":            {},
		"unlabeled":       {Split: "unlabeled", AnyCount: true},
		"train+unlabeled": {Split: "train+unlabeled", AnyCount: true},
		"fold 1":          {Fold: 1},
		"fold 4":          {Fold: 4, Split: "train"},
		"fold 10":         {Fold: 10},
	} {
		sameAsTorchvision(t, "stl10 "+name, dir, opt)
	}
	ds, err := Open(filepath.Join(dir, "stl10_binary"), OpenOptions{Split: "all"})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	f := golden.Open(t, "data/records.safetensors")
	if want := metadata[[]string](t, f, "stl10 classes"); !slices.Equal(ds.Classes(), want) {
		t.Errorf("classes %v, want %v", ds.Classes(), want)
	}
	d := ds.(Describer)
	if ds.Len() != 19 || d.Format() != STL10 || d.Split() != "train+test" {
		t.Errorf("all: %d samples of %s, %s", ds.Len(), d.Format(), d.Split())
	}
	for i, want := range map[int]string{0: "train/0", 11: "train/11", 12: "test/0", 18: "test/6"} {
		if s, err := ds.Sample(i); err != nil || s.Name != want {
			t.Errorf("sample %d is %s (%v), want %s", i, s.Name, err, want)
		}
	}
	for _, i := range []int{-1, 19} {
		if _, err := ds.Sample(i); err == nil {
			t.Errorf("sample %d of 19: no error", i)
		}
	}
}

func TestPickledCIFARIsTorchvisions(t *testing.T) {
	for _, c := range []struct{ format, folder string }{{"cifar10", "cifar-10-batches-py"}, {"cifar100", "cifar-100-python"}} {
		dir := t.TempDir()
		for name, b := range cifarFiles(t, c.folder) {
			write(t, dir, map[string][]byte{c.folder + "/" + name: b})
		}
		sameAsTorchvision(t, c.format+" train", dir, OpenOptions{Split: "train"})
		sameAsTorchvision(t, c.format+" test", dir, OpenOptions{})
		ds, err := Open(filepath.Join(dir, c.folder), OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := metadata[[]string](t, golden.Open(t, "data/records.safetensors"), c.format+" classes")
		if !slices.Equal(ds.Classes(), want) || string(ds.(Describer).Format()) != c.format {
			t.Errorf("%s: classes %v of %s", c.format, ds.Classes(), ds.(Describer).Format())
		}
		ds.Close()
	}
}

func TestPickledCIFAR100Coarse(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, cifarFiles(t, "cifar-100-python"))
	ds, err := Open(dir, OpenOptions{Split: "train", Coarse: true})
	if err != nil {
		t.Fatal(err)
	}
	if c := ds.Classes(); len(c) != 20 || c[7] != "coarse 7" {
		t.Errorf("classes %v", c)
	}
	got, _ := readAll(t, ds)
	for i, want := range labels("cifar-100-python/train coarse", 4, 20) {
		if got[i] != int64(want) {
			t.Errorf("record %d: label %d, want %d", i, got[i], want)
		}
	}
}

// TestBinaryCIFAR reads files of the published size, against numpy.
func TestBinaryCIFAR(t *testing.T) {
	f := golden.Open(t, "data/records.safetensors")
	for _, c := range []struct {
		format        Format
		name          string
		head, classes int
	}{{CIFAR10, "test_batch.bin", 1, 10}, {CIFAR100, "test.bin", 2, 100}} {
		dir := t.TempDir()
		files := cifarBinary(c.format)
		name := string(c.format) + " binary"
		b := pixels(name, cifarBatch*(c.head+cifarImage))
		for i := 0; i < len(b); i += c.head + cifarImage {
			b[i] %= 20
			b[i+c.head-1] %= byte(c.classes)
		}
		files[c.name] = b
		write(t, dir, files)
		ds, err := Open(dir, OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		y, pix := readAll(t, ds)
		want := f.Bytes(name + " labels")
		for i := range want {
			if y[i] != int64(want[i]) {
				t.Fatalf("%s: record %d: label %d, want %d", c.format, i, y[i], want[i])
			}
		}
		if sum := sha256.Sum256(pix); !bytes.Equal(sum[:], f.Bytes(name+" sha256")) {
			t.Errorf("%s: the images differ", c.format)
		}
		// The training files are short, so only AnyCount takes them.
		if _, err := Open(dir, OpenOptions{Split: "train"}); err == nil || !strings.Contains(err.Error(), "expected 30730000 (10000 records)") && c.format == CIFAR10 {
			t.Errorf("%s: a training file of two records: %v", c.format, err)
		}
		ds, err = Open(dir, OpenOptions{Split: "train", AnyCount: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := ds.Len(); n != 2*(len(files)-1) && c.format == CIFAR10 {
			t.Errorf("%d training images", n)
		}
		ds.Close()
	}
}

func TestRealCIFAR10(t *testing.T) {
	dir := golden.SharedData(t, "cifar-10-batches-bin")
	f := golden.Open(t, "data/real.safetensors")
	ds, err := Open(dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ds.Classes(), " "); got != cifar10Classes {
		t.Errorf("classes %s", got)
	}
	y, pix := readAll(t, ds)
	for i, want := range f.Bytes("cifar10 test labels") {
		if y[i] != int64(want) {
			t.Fatalf("record %d: label %d, want %d", i, y[i], want)
		}
	}
	if sum := sha256.Sum256(pix); !bytes.Equal(sum[:], f.Bytes("cifar10 test sha256")) {
		t.Error("the images differ")
	}
}

// TestBadRecords bends the files of each format; every error must say what is
// wrong in one line.
func TestBadRecords(t *testing.T) {
	stl, c10, c100 := stl10Files(), cifarBinary(CIFAR10), cifarBinary(CIFAR100)
	p10, p100 := cifarFiles(t, "cifar-10-batches-py"), cifarFiles(t, "cifar-100-python")
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }
	set := func(i int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[i] = v; return b }
	}
	text := func(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("no %q", old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		file  string
		bend  func([]byte) []byte // nil removes the file
		opt   OpenOptions
		want  string
	}{
		{"one byte short", stl, "test_X.bin", cut(1), OpenOptions{}, "stl10: test_X.bin: size 193535 is not a multiple of 27648"},
		{"one byte long", stl, "test_X.bin", func(b []byte) []byte { return append(b, 0) }, OpenOptions{}, "size 193537 is not a multiple"},
		{"one image short", stl, "test_X.bin", cut(27648), OpenOptions{}, "test_y.bin: 7 labels for the 6 images of test_X.bin"},
		{"one label short", stl, "test_y.bin", cut(1), OpenOptions{}, "6 labels for the 7 images"},
		{"empty", stl, "test_X.bin", text(""), OpenOptions{}, "test_X.bin: the file is empty"},
		{"no labels", stl, "test_y.bin", nil, OpenOptions{}, "test_y.bin"},
		{"label 11", stl, "test_y.bin", set(3, 11), OpenOptions{}, "test_y.bin: record 3: label 11, expected 1 to 10"},
		{"label 0", stl, "train_y.bin", set(11, 0), OpenOptions{Split: "train"}, "train_y.bin: record 11: label 0, expected 1 to 10"},
		{"unlabeled short", stl, "unlabeled_X.bin", cut(27648), OpenOptions{Split: "unlabeled"}, "(2 records), expected 2764800000 (100000 records)"},
		{"nine classes", stl, "class_names.txt", replace("bird\n", ""), OpenOptions{}, "class_names.txt: 9 class names, expected 10"},
		{"a class twice", stl, "class_names.txt", replace("bird", "car"), OpenOptions{}, `classes 1 and 2 are both named "car"`},
		{"a class without a name", stl, "class_names.txt", replace("bird", " "), OpenOptions{}, "the name of class 1 is empty"},
		{"a long text", stl, "class_names.txt", text(strings.Repeat("x", maxText+1)), OpenOptions{}, "expected a text file of at most"},
		{"fold outside", stl, "fold_indices.txt", replace("0 5 10 3", "0 5 12 3"), OpenOptions{Fold: 1}, `fold_indices.txt: line 1: index 2: found "12", expected 0 to 11`},
		{"fold negative", stl, "fold_indices.txt", replace("0 5 10 3", "0 5 -1 3"), OpenOptions{Fold: 1}, `found "-1"`},
		{"fold in words", stl, "fold_indices.txt", replace("0 5 10 3", "0 five"), OpenOptions{Fold: 1}, `found "five"`},
		{"empty fold", stl, "fold_indices.txt", replace("3 8 1 6", ""), OpenOptions{Fold: 2}, "line 2 is empty"},
		{"nine folds", stl, "fold_indices.txt", replace("3 8 1 6 \n", ""), OpenOptions{Fold: 2}, "9 lines, expected 10"},
		{"no folds", stl, "fold_indices.txt", nil, OpenOptions{Fold: 2}, "fold_indices.txt"},

		{"one byte short", c10, "test_batch.bin", cut(1), OpenOptions{}, "cifar10: test_batch.bin: size 6145 is not a multiple of 3073"},
		{"few records", c10, "test_batch.bin", cut(3073), OpenOptions{}, "test_batch.bin: size 3073 (1 records), expected 30730000 (10000 records)"},
		{"label 10", c10, "data_batch_3.bin", set(3073, 10), OpenOptions{Split: "train", AnyCount: true}, "data_batch_3.bin: record 1: label 10, expected 0 to 9"},
		{"no third batch", c10, "data_batch_3.bin", nil, OpenOptions{Split: "train", AnyCount: true}, "data_batch_3.bin"},
		{"label 100", c100, "test.bin", set(1, 100), OpenOptions{AnyCount: true}, "test.bin: record 0: label 100, expected 0 to 99"},
		{"coarse label 20", c100, "test.bin", set(0, 20), OpenOptions{AnyCount: true, Coarse: true}, "test.bin: record 0: label 20, expected 0 to 19"},
		{"no names", c100, "fine_label_names.txt", nil, OpenOptions{AnyCount: true}, "fine_label_names.txt"},
		{"training file short", c100, "train.bin", cut(0), OpenOptions{Split: "train"}, "expected 153700000 (50000 records)"},

		{"pickle cut", p10, "test_batch", cut(1), OpenOptions{}, "cifar10: test_batch: pickle byte"},
		{"pickle cut in the array", p10, "test_batch", cut(5000), OpenOptions{}, "test_batch: pickle byte"},
		{"bytes after the pickle", p10, "test_batch", func(b []byte) []byte { return append(b, 'x') }, OpenOptions{}, "but the pickle ends at byte"},
		{"label 10", p10, "test_batch", replace("(K\x03K\x02", "(K\x03K\x0a"), OpenOptions{}, "test_batch: record 1: label 10, expected 0 to 9"},
		{"labels missing", p10, "test_batch", replace("U\x06labels", "U\x06lapels"), OpenOptions{}, `"labels" is missing, expected a list`},
		{"data missing", p10, "test_batch", replace("U\x04data", "U\x04date"), OpenOptions{}, `"data" is missing, expected an array`},
		{"a label too few", p10, "test_batch", replace("(K\x03K\x02", "(K\x03"), OpenOptions{}, "2 labels for 3 images"},
		{"another shape", p10, "test_batch", replace("K\x03M\x00\x0c", "K\x03M\x01\x0c"), OpenOptions{}, "an array of 3 x 3073 in 9216 bytes"},
		{"another height", p10, "test_batch", replace("K\x03M\x00\x0c", "K\x04M\x00\x0c"), OpenOptions{}, "an array of 4 x 3072 in 9216 bytes"},
		{"another type", p10, "test_batch", replace("U\x02u1", "U\x02f4"), OpenOptions{}, "an array that is not one of bytes"},
		{"Fortran order", p10, "test_batch", replace("tb\x89", "tb\x88"), OpenOptions{}, "Fortran order"},
		{"os.system", p10, "test_batch", replace("cnumpy\nndarray", "cposix\nsystem!"), OpenOptions{}, "refused: posix.system! is not part of a CIFAR batch"},
		{"text", p10, "test_batch", text("hello"), OpenOptions{}, "test_batch: pickle byte 0"},
		{"empty", p10, "test_batch", text(""), OpenOptions{}, "test_batch: pickle byte 0"},
		{"names in the wrong place", p10, "batches.meta", replace("label_names", "label_nomes"), OpenOptions{}, `batches.meta: "label_names" is missing`},
		{"no names", p100, "meta", nil, OpenOptions{}, "meta"},
		{"no coarse labels", p100, "test", replace("coarse_labels", "course_labels"), OpenOptions{Coarse: true}, `"coarse_labels" is missing`},

		{"no such split", c10, "", nil, OpenOptions{Split: "unlabeled"}, `CIFAR-10 has no split "unlabeled", but train, test`},
		{"a split twice", c10, "", nil, OpenOptions{Split: "test+test"}, "names test twice"},
		{"no folds", c10, "", nil, OpenOptions{Fold: 1}, "CIFAR-10 has no folds"},
		{"fold 11", stl, "", nil, OpenOptions{Fold: 11}, "Fold is 11"},
		{"fold of test", stl, "", nil, OpenOptions{Fold: 1, Split: "test"}, "Fold belongs to the split train"},
		{"no coarse labels", stl, "", nil, OpenOptions{Coarse: true}, "STL-10 has no coarse labels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			if path := filepath.Join(dir, c.file); c.bend != nil {
				write(t, dir, map[string][]byte{c.file: c.bend(bytes.Clone(c.files[c.file]))})
			} else if c.file != "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			ds, err := Open(dir, c.opt)
			if err == nil {
				for i := 0; i < ds.Len() && err == nil; i++ {
					_, err = ds.Sample(i)
				}
				ds.Close()
			}
			if err == nil {
				t.Fatal("no error")
			}
			t.Log(err)
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want %q", err, c.want)
			}
			if c.bend == nil && c.file != "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v is not fs.ErrNotExist", err)
			}
		})
	}
}

// TestShrinkingFile truncates files after Open: an error, not a short read.
func TestShrinkingFile(t *testing.T) {
	for _, c := range []struct {
		files map[string][]byte
		file  string
	}{
		{stl10Files(), "test_X.bin"},
		{cifarBinary(CIFAR10), "test_batch.bin"},
	} {
		dir := t.TempDir()
		write(t, dir, c.files)
		ds, err := Open(dir, OpenOptions{AnyCount: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, c.file), 5000); err != nil {
			t.Fatal(err)
		}
		_, err = ds.Sample(1)
		if err == nil || !strings.Contains(err.Error(), "the file has shrunk") {
			t.Errorf("%s: %v", c.file, err)
		}
		ds.Close()
		if _, err := ds.Sample(0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: after Close: %v", c.file, err)
		}
	}
}
