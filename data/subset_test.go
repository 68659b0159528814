package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestSubset(t *testing.T) {
	ds := &fake{n: 10}
	s := Subset(ds, []int{7, 0, 7, 9})
	if s.Len() != 4 || s.Classes() != nil {
		t.Errorf("%d samples of the classes %v", s.Len(), s.Classes())
	}
	for i, at := range []int{7, 0, 7, 9} {
		got, err := s.Sample(t.Context(), i)
		if err != nil || got.Name != fmt.Sprint("fake/", at) {
			t.Errorf("sample %d is %s, %v", i, got.Name, err)
		}
	}
	for _, i := range []int{-1, 4} {
		if _, err := s.Sample(t.Context(), i); err == nil || !strings.Contains(err.Error(), "of a data set of 4") {
			t.Errorf("sample %d: %v", i, err)
		}
	}
	if _, ok := s.(Describer); ok {
		t.Error("a subset has a format that its data set has not")
	}
	labels, err := Labels(t.Context(), s)
	if want := []int{0, 0, 0, 2}; err != nil || !slices.Equal(labels, want) {
		t.Errorf("labels %v, %v, want %v", labels, err, want)
	}
	if n := ds.read.Load(); n != 8 {
		t.Errorf("%d samples read, 4 of them for the labels", n)
	}
}

// Of each format, labels are those of the samples, in the order of the samples.
func TestLabels(t *testing.T) {
	open := func(folder string, files map[string][]byte, opt OpenOptions) Dataset {
		t.Helper()
		dir := t.TempDir()
		write(t, dir, files)
		ds, err := Open(t.Context(), dir, opt)
		if err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		t.Cleanup(func() { ds.Close() })
		return ds
	}
	sets := map[string]Dataset{
		"STL-10":                  open("stl10", stl10Files(), OpenOptions{Split: "train+test", AnyCount: true}),
		"STL-10, a fold":          open("stl10", stl10Files(), OpenOptions{Split: "train", Fold: 3}),
		"pickled CIFAR-10":        open("cifar10", cifarFiles(t, "cifar-10-batches-py"), OpenOptions{Split: "all"}),
		"pickled CIFAR-100":       open("cifar100", cifarFiles(t, "cifar-100-python"), OpenOptions{Split: "test", Coarse: true}),
		"CIFAR-10":                open("binary", binaryCIFAR(5), OpenOptions{Split: "test"}),
		"folders":                 open("folders", classFolders(), OpenOptions{}),
		"a data set of strangers": &fake{n: 9},
	}
	for name, ds := range sets {
		for _, ds := range []Dataset{ds, Subset(ds, []int{2, 0, 1, 2})} {
			labels, err := Labels(t.Context(), ds)
			if err != nil || len(labels) != ds.Len() {
				t.Errorf("%s: %d labels of %d samples, %v", name, len(labels), ds.Len(), err)
				continue
			}
			for i, label := range labels {
				if s, err := ds.Sample(t.Context(), i); err != nil || s.Label != label {
					t.Errorf("%s: sample %d has the label %d, not %d, %v", name, i, s.Label, label, err)
				}
			}
		}
		if _, ok := ds.(Labeler); !ok && !strings.Contains(name, "strangers") {
			t.Errorf("%s: its labels cannot be had without its images", name)
		}
		d, described := ds.(Describer)
		if s, ok := Subset(ds, []int{0}).(Describer); ok != described || ok && (s.Format() != d.Format() || s.Split() != d.Split()) {
			t.Errorf("%s: a subset is of another format", name)
		}
	}
}

// binaryCIFAR is a CIFAR-10 test set of n images, of the labels 0, 3, 6, ...
func binaryCIFAR(n int) map[string][]byte {
	file := pixels("labelled", n*3073)
	for i := range n {
		file[i*3073] = byte(3 * i % 10)
	}
	return map[string][]byte{"test_batch.bin": file}
}

// classFolders is a folder of images by class.
func classFolders() map[string][]byte {
	pnm := []byte("P6 1 1 255 abc")
	return map[string][]byte{"a/1.ppm": pnm, "a/2.ppm": pnm, "b/1.ppm": pnm, "c/1.ppm": pnm}
}

// labelled is a data set that says what its labels are.
type labelled struct {
	*fake
	labels  []int
	classes []string
}

func (l labelled) Labels(context.Context) ([]int, error) { return l.labels, nil }
func (l labelled) Classes() []string                     { return l.classes }

func TestLabelsErrors(t *testing.T) {
	broken := errors.New("broken")
	bad := binaryCIFAR(4)
	bad["test_batch.bin"][2*3073] = 10
	fsys := fstest.MapFS{}
	for name, b := range bad {
		fsys[name] = &fstest.MapFile{Data: b}
	}
	cifar, err := OpenFS(t.Context(), fsys, OpenOptions{Split: "test"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"x.ppm": []byte("P6 1 1 255 abc"), "y.ppm": []byte("no image")})
	plain, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for want, ds := range map[string]Dataset{
		"sample 0: x.ppm has no label":                        plain,
		"sample 0: y.ppm has no label":                        Subset(plain, []int{1}), // which cannot be decoded
		"test_batch.bin: record 2: label 10, expected 0 to 9": cifar,
		"sample 3: fake/3 has no label":                       labelled{&fake{n: 5}, []int{0, 1, 2, -1, -1}, []string{"a", "b", "c"}},
		"sample 1: fake/1 has the label 3, expected 0 to 2":   labelled{&fake{n: 3}, []int{0, 3, -1}, []string{"a", "b", "c"}},
		"4 labels for 3 samples":                              labelled{&fake{n: 3}, []int{0, 1, 1, 1}, nil},
		"sample 3 of a data set of 3":                         Subset(labelled{&fake{n: 3}, []int{0, 1, 1}, nil}, []int{0, 3}),
		"sample 2: broken":                                    &fake{n: 5, err: func(i int) error { return map[bool]error{true: broken}[i >= 2] }},
	} {
		if labels, err := Labels(t.Context(), ds); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %q", labels, err, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ds := range []Dataset{cifar, &fake{n: 3, err: func(int) error { return ended.Err() }}} {
		if _, err := Labels(ended, ds); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
	}
}

func TestCounts(t *testing.T) {
	if got, want := Counts([]int{2, 0, 2, -1, 7, 4}, 5), []int{1, 0, 2, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if len(Counts([]int{1}, -2)) != 0 {
		t.Error("classes of a negative number")
	}
}
