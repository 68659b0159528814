package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
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

// cifarBinary are binary batches with few records.
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
		s, err := ds.Sample(t.Context(), i)
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
	ds, err := Open(t.Context(), dir, opt)
	if err != nil {
		t.Error(err)
		return
	}
	first, err := ds.Sample(t.Context(), 0)
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
	ds, err := Open(t.Context(), filepath.Join(dir, "stl10_binary"), OpenOptions{Split: "all"})
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
		if s, err := ds.Sample(t.Context(), i); err != nil || s.Name != want {
			t.Errorf("sample %d is %s (%v), want %s", i, s.Name, err, want)
		}
	}
	for _, i := range []int{-1, 19} {
		if _, err := ds.Sample(t.Context(), i); err == nil {
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
		ds, err := Open(t.Context(), filepath.Join(dir, c.folder), OpenOptions{})
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
	ds, err := Open(t.Context(), dir, OpenOptions{Split: "train", Coarse: true})
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

// cifarRecords are those of a published file.
const cifarRecords = 10000

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
		b := pixels(name, cifarRecords*(c.head+cifarImage))
		for i := 0; i < len(b); i += c.head + cifarImage {
			b[i] %= 20
			b[i+c.head-1] %= byte(c.classes)
		}
		files[c.name] = b
		write(t, dir, files)
		ds, err := Open(t.Context(), dir, OpenOptions{})
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
		ds, err = Open(t.Context(), dir, OpenOptions{Split: "train"})
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
	ds, err := Open(t.Context(), dir, OpenOptions{})
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

// TestConcurrentSamples reads each format from 64 goroutines at once.
func TestConcurrentSamples(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"stl10":   stl10Files(),
		"binary":  cifarBinary(CIFAR10),
		"pickled": cifarFiles(t, "cifar-10-batches-py"),
		"images":  {"a/1.png": pngFile(t, 9, 7, color.White), "b/2.png": pngFile(t, 9, 7, color.Black)},
	} {
		dir := t.TempDir()
		write(t, dir, files)
		ds, err := Open(t.Context(), dir, OpenOptions{Split: "all", AnyCount: true})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]Sample, ds.Len())
		for i := range want {
			if want[i], err = ds.Sample(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		tr := Transform{Resize: 11, CenterCrop: 10}
		var wg sync.WaitGroup
		for g := range 64 {
			wg.Go(func() {
				for k := range want {
					i := (k + g) % len(want)
					s, err := ds.Sample(t.Context(), i)
					if err != nil || s.Label != want[i].Label || s.Name != want[i].Name || !bytes.Equal(s.Image.Pix, want[i].Image.Pix) {
						t.Errorf("%s: sample %d differs (%v)", name, i, err)
						return
					}
					if err := tr.Apply(s.Image, make([]float32, 300)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		ds.Close()
	}
}

// TestPickledCIFARFullSize grows a batch to the published size, where the
// array is left in the file, and gives it the records of the binary test.
func TestPickledCIFARFullSize(t *testing.T) {
	f := golden.Open(t, "data/records.safetensors")
	records := pixels("cifar10 binary", cifarRecords*(1+cifarImage))
	var list, array bytes.Buffer
	for i := 0; i < cifarRecords; i += 1000 {
		list.WriteByte('(')
		for j := range 1000 {
			list.Write([]byte{'K', records[(i+j)*(1+cifarImage)] % 10})
		}
		list.WriteByte('e')
	}
	for i := range cifarRecords {
		array.Write(records[i*(1+cifarImage)+1 : (i+1)*(1+cifarImage)])
	}
	files := cifarFiles(t, "cifar-10-batches-py")
	batch := files["test_batch"]
	for _, r := range [][2][]byte{
		{[]byte("(K\x03K\x02K\x09e"), list.Bytes()},
		{[]byte("K\x03M\x00\x0c"), []byte("M\x10\x27M\x00\x0c")},
		{append([]byte("T\x00\x24\x00\x00"), pixels("cifar-10-batches-py/test_batch", 3*cifarImage)...),
			append(binary.LittleEndian.AppendUint32([]byte("T"), uint32(array.Len())), array.Bytes()...)},
	} {
		if bytes.Count(batch, r[0]) != 1 {
			t.Fatalf("no %.20q in the batch", r[0])
		}
		batch = bytes.Replace(batch, r[0], r[1], 1)
	}
	files["test_batch"] = batch
	dir := t.TempDir()
	write(t, dir, files)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ds, err := Open(t.Context(), dir, OpenOptions{})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<21 {
		t.Errorf("opening a file of %d bytes took %d", len(batch), n)
	} else {
		t.Logf("opening a file of %d bytes took %d", len(batch), n)
	}
	y, pix := readAll(t, ds)
	for i, want := range f.Bytes("cifar10 binary labels") {
		if y[i] != int64(want) {
			t.Fatalf("record %d: label %d, want %d", i, y[i], want)
		}
	}
	if sum := sha256.Sum256(pix); !bytes.Equal(sum[:], f.Bytes("cifar10 binary sha256")) {
		t.Error("the images differ")
	}
}
