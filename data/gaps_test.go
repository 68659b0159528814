package data

import (
	"errors"
	"fmt"
	"image/color"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Whatever is skipped, the rest has the pixels, labels and places that it has
// alone, on any number of cores.
func TestBatchesSkip(t *testing.T) {
	defer goroutines(t)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	bad := map[int]bool{0: true, 4: true, 5: true, 6: true, 7: true, 13: true, 22: true}
	ds := &fake{n: 23, err: func(i int) error {
		if bad[i] {
			return fmt.Errorf("number %d", i)
		}
		return nil
	}}
	tr := Transform{Resize: 6, CenterCrop: 5}
	for procs := 1; procs <= 4; procs++ {
		runtime.GOMAXPROCS(procs)
		var skipped, kept, sizes []int
		opt := BatchOptions{Size: 4, Transform: tr, Skip: func(e *SampleError) {
			skipped = append(skipped, e.Index)
			if want := fmt.Sprintf("sample %d: number %d", e.Index, e.Index); e.Error() != want {
				t.Errorf("error %q, want %q", e, want)
			}
		}}
		for b, err := range Batches(t.Context(), ds, opt) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Start != b.Index[0] || !slices.Equal(b.Shape, []int{len(b.Samples), 3, 5, 5}) || len(b.Index) != len(b.Samples) || len(b.Pixels) != 75*len(b.Samples) {
				t.Errorf("batch at %d: %d samples, shape %v, %d pixels", b.Start, len(b.Samples), b.Shape, len(b.Pixels))
			}
			if len(skipped) > 0 && skipped[len(skipped)-1] > b.Index[0]+4 {
				t.Errorf("batch at %d: told of %v before", b.Start, skipped)
			}
			for k, i := range b.Index {
				want, err := ds.Sample(t.Context(), i)
				if err != nil {
					t.Fatal(err)
				}
				x := make([]float32, 75)
				if err := tr.Apply(want.Image, x); err != nil {
					t.Fatal(err)
				}
				if s := b.Samples[k]; s.Name != want.Name || s.Label != want.Label || !slices.Equal(x, b.Pixels[75*k:75*(k+1)]) {
					t.Errorf("sample %d is %s with label %d, or has other pixels", i, s.Name, s.Label)
				}
			}
			kept, sizes = append(kept, b.Index...), append(sizes, len(b.Index))
		}
		if want := []int{0, 4, 5, 6, 7, 13, 22}; !slices.Equal(skipped, want) {
			t.Errorf("skipped %v, want %v", skipped, want)
		}
		if want := []int{1, 2, 3, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21}; !slices.Equal(kept, want) {
			t.Errorf("kept %v, want %v", kept, want)
		}
		if want := []int{3, 4, 3, 4, 2}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
	}
}

// What the transform refuses is skipped like what cannot be read, by its name.
func TestBatchesSkipByName(t *testing.T) {
	ds := &fake{n: 3, size: func(i int) (int, int) { return 1 + i%2<<20, 1 }}
	var names []string
	n := 0
	for b, err := range Batches(t.Context(), ds, BatchOptions{Transform: Transform{Resize: 100}, Skip: func(e *SampleError) { names = append(names, e.Name) }}) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Samples)
	}
	if n != 2 || !slices.Equal(names, []string{"fake/1"}) {
		t.Errorf("%d samples, skipped %q", n, names)
	}
}

// When all are skipped that is an error, which tells of the first.
func TestBatchesSkipAll(t *testing.T) {
	broken := errors.New("broken")
	ds := &fake{n: 9, err: func(i int) error { return fmt.Errorf("number %d: %w", i, broken) }}
	told := 0
	var last error
	for b, err := range Batches(t.Context(), ds, BatchOptions{Start: 2, Size: 3, Skip: func(*SampleError) { told++ }}) {
		if b != nil {
			t.Error("a batch of nothing")
		}
		last = err
	}
	if told != 7 || !errors.Is(last, broken) || last.Error() != "data: none of 7 samples can be read; the first: sample 2: number 2: broken" {
		t.Errorf("told of %d, then %v", told, last)
	}
	for range Batches(t.Context(), &fake{n: 0}, BatchOptions{Skip: func(*SampleError) {}}) {
		t.Error("something of an empty data set")
	}
}

// Images of several sizes come in runs of one size, the same on any number of
// cores, with gaps too.
func TestBatchesAnySize(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	sizes := [][2]int{{3, 2}, {3, 2}, {2, 3}, {3, 2}, {3, 2}, {5, 5}, {5, 5}, {5, 5}, {3, 2}, {3, 2}}
	ds := &fake{n: len(sizes), size: func(i int) (int, int) { return sizes[i][0], sizes[i][1] }}
	for _, c := range []struct {
		bad  int
		want string
	}{
		{-1, "[0 1][2][3][4][5 6 7][8 9]"},
		{2, "[0 1 3][4][5 6 7][8 9]"},
		{5, "[0 1][2][3][4][6 7][8 9]"},
	} {
		ds.err = func(i int) error {
			if i == c.bad {
				return errors.New("bad")
			}
			return nil
		}
		for procs := 1; procs <= 4; procs++ {
			runtime.GOMAXPROCS(procs)
			got := ""
			for b, err := range Batches(t.Context(), ds, BatchOptions{Size: 4, AnySize: true, Skip: func(*SampleError) {}}) {
				if err != nil {
					t.Fatal(err)
				}
				got += fmt.Sprint(b.Index)
				for k, i := range b.Index {
					w, h := sizes[i][0], sizes[i][1]
					x := make([]float32, 3*w*h)
					if err := (Transform{}).Apply(picture(fmt.Sprint("fake ", i), w, h), x); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(b.Shape, []int{len(b.Index), 3, h, w}) || !slices.Equal(x, b.Pixels[k*3*w*h:(k+1)*3*w*h]) {
						t.Errorf("sample %d: shape %v, or other pixels", i, b.Shape)
					}
				}
			}
			if got != c.want {
				t.Errorf("%d cores: batches %s, want %s", procs, got, c.want)
			}
		}
	}
}

// The error of one sample is told from others, and names its file.
func TestSampleError(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.png": pngFile(t, 2, 2, color.White), "b.png": []byte("<html>")})
	ds, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range Batches(t.Context(), ds, BatchOptions{}) {
	}
	if e, ok := errors.AsType[*SampleError](err); !ok || e.Index != 1 || e.Name != "b.png" || !strings.HasPrefix(err.Error(), "sample 1: images: b.png: not an image") {
		t.Errorf("error %v", err)
	}
}

// What other programs leave among images is passed over, and told of once; the
// labels do not move.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	good := pngFile(t, 2, 2, color.White)
	files := map[string][]byte{}
	for _, name := range []string{"cat/1.png", "cat/deep/2.png", "dog/3.png", "dog/tmp.png", "dog/part/4.png", "dog/.hidden.png", "dog/_.png", "dog/notes.tmp", "dog/~.png"} {
		files[name] = good
	}
	leftovers := []string{
		"__MACOSX/cat/._1.png", ".ipynb_checkpoints/1-checkpoint.png", "cat/@eaDir/1.png", "cat/._1.png", "cat/.DS_Store", "cat/Thumbs.db",
		"dog/3.png.part", "dog/5.JPG.crdownload", "dog/3.png~", "dog/.3.png.glimpse-12.tmp", "dog/desktop.ini", "cat/deep/._2.png",
	}
	for _, name := range leftovers {
		files[name] = nil
	}
	write(t, dir, files)
	var told []string
	opt := OpenOptions{PassedOver: func(path string) {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Error(err)
		}
		told = append(told, filepath.ToSlash(rel))
	}}
	ds, err := Open(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"cat", "dog"}; !slices.Equal(ds.Classes(), want) {
		t.Errorf("classes %q, want %q", ds.Classes(), want)
	}
	want := []string{"cat/1.png", "cat/deep/2.png", "dog/.hidden.png", "dog/3.png", "dog/_.png", "dog/tmp.png", "dog/~.png", "dog/part/4.png"}
	if got := ds.(*images).names; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	readAll(t, ds)
	wantTold := []string{
		".ipynb_checkpoints", "__MACOSX", "cat/.DS_Store", "cat/._1.png", "cat/@eaDir", "cat/Thumbs.db", "cat/deep/._2.png",
		"dog/.3.png.glimpse-12.tmp", "dog/3.png.part", "dog/3.png~", "dog/5.JPG.crdownload", "dog/desktop.ini",
	}
	if slices.Sort(told); !slices.Equal(told, wantTold) {
		t.Errorf("told of %q, want %q", told, wantTold)
	}
	// A folder given as files, and one that is given by its own name.
	told = nil
	ds, err = OpenFiles(t.Context(), []string{filepath.Join(dir, "dog"), filepath.Join(dir, "cat", "._1.png")}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if ds.Len() != 5+1 || len(told) != 5 {
		t.Errorf("%d files; told of %q", ds.Len(), told)
	}
}
