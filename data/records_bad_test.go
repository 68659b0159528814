package data

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		{"label 10", c10, "data_batch_3.bin", set(3073, 10), OpenOptions{Split: "train", AnyCount: true}, "data_batch_3.bin: record 1: label 10, expected 0 to 9"},
		{"no third batch", c10, "data_batch_3.bin", nil, OpenOptions{Split: "train", AnyCount: true}, "data_batch_3.bin"},
		{"label 100", c100, "test.bin", set(1, 100), OpenOptions{AnyCount: true}, "test.bin: record 0: label 100, expected 0 to 99"},
		{"coarse label 20", c100, "test.bin", set(0, 20), OpenOptions{AnyCount: true, Coarse: true}, "test.bin: record 0: label 20, expected 0 to 19"},
		{"no names", c100, "fine_label_names.txt", nil, OpenOptions{AnyCount: true}, "fine_label_names.txt"},

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
		{"os.system", p10, "test_batch", replace("cnumpy\nndarray", "cposix\nsystem!"), OpenOptions{}, `refused: "posix.system!" is not part of a CIFAR batch`},
		{"text", p10, "test_batch", text("hello"), OpenOptions{}, "test_batch: pickle byte 0"},
		{"empty", p10, "test_batch", text(""), OpenOptions{}, "test_batch: pickle byte 0"},
		{"names in the wrong place", p10, "batches.meta", replace("label_names", "label_nomes"), OpenOptions{}, `batches.meta: "label_names" is missing`},
		{"no names", p100, "meta", nil, OpenOptions{}, "meta"},
		{"no coarse labels", p100, "test", replace("coarse_labels", "course_labels"), OpenOptions{Coarse: true}, `"coarse_labels" is missing`},

		{"no such split", c10, "", nil, OpenOptions{Split: "unlabeled"}, `CIFAR-10 has no split "unlabeled"; there are train, test`},
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
			ds, err := Open(t.Context(), dir, c.opt)
			if err == nil {
				for i := 0; i < ds.Len() && err == nil; i++ {
					_, err = ds.Sample(t.Context(), i)
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
