package data

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// pngFile is a PNG of one colour.
func pngFile(t testing.TB, w, h int, c color.Color) []byte {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		im.Set(i%w, i/w, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImageFolderIsTorchvisions(t *testing.T) {
	f := golden.Open(t, "data/records.safetensors")
	dir := t.TempDir()
	for _, name := range metadata[[]string](t, f, "tree") {
		write(t, dir, map[string][]byte{name: nil})
	}
	ds, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := ds.(*images)
	if want := metadata[[]string](t, f, "tree classes"); !slices.Equal(d.Classes(), want) {
		t.Errorf("classes %q, want %q", d.Classes(), want)
	}
	if want := metadata[[]string](t, f, "tree names"); !slices.Equal(d.names, want) {
		t.Errorf("files %q, want %q", d.names, want)
	}
	var got []int64
	for _, l := range d.labels {
		got = append(got, int64(l))
	}
	if want := f.Int64("tree labels"); !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
}

func TestRealImageFolder(t *testing.T) {
	dir := golden.SharedData(t, "stl10-unlabeled-png")
	f := golden.Open(t, "data/real.safetensors")
	ds, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := metadata[[]string](t, f, "classes"); !slices.Equal(ds.Classes(), want) {
		t.Errorf("classes %q, want %q", ds.Classes(), want)
	}
	y, pix := readAll(t, ds)
	if want := f.Int64("stl10 png labels"); !slices.Equal(y, want) {
		t.Errorf("labels %v, want %v", y, want)
	}
	if sum := sha256.Sum256(pix); !bytes.Equal(sum[:], f.Bytes("stl10 png sha256")) {
		t.Error("the images differ")
	}
}

// TestOpenImages opens trees of image files of 3 x 2 pixels.
func TestOpenImages(t *testing.T) {
	for _, c := range []struct {
		name  string
		files string
		opt   OpenOptions
		names string // "label name" each, or
		err   string // what the error says
	}{
		{"flat", "b.png a.JPG.png x.txt c.gif f.ppm e.PGM d.pbm g.pnm", OpenOptions{}, "-1 a.JPG.png,-1 b.png,-1 c.gif,-1 d.pbm,-1 e.PGM,-1 f.ppm,-1 g.pnm", ""},
		{"flat beside a folder without images", "b.png notes/x.txt", OpenOptions{}, "-1 b.png", ""},
		{"classes", "b/2.png b/1.png a/x/y.png loose.png", OpenOptions{}, "0 a/x/y.png,1 b/1.png,1 b/2.png", ""},
		{"everything", "b/1.png a/y.png", OpenOptions{Split: "all"}, "0 a/y.png,1 b/1.png", ""},
		{"empty class", "b/1.png a/x.txt c/x.gif", OpenOptions{}, "", "no image files (.jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp) in the class folders a, c"},
		{"nothing", "x.txt", OpenOptions{}, "", "not a data set: looked for STL-10 (train_X.bin, as in stl10_binary), CIFAR-10"},
		{"an archive", "stl10_binary.tar.gz", OpenOptions{}, "", "it holds the archive stl10_binary.tar.gz, which has to be given by its own path"},
		{"default split", "train/a/1.png test/a/2.png", OpenOptions{}, "0 a/2.png", ""},
		{"default split without test", "train/a/1.png val/a/2.png", OpenOptions{}, "0 a/2.png", ""},
		{"val by another name", "train/a/1.png valid/a/2.png", OpenOptions{Split: "val"}, "0 a/2.png", ""},
		{"two splits", "train/b/1.png train/a/1.png val/a/2.png val/b/2.png", OpenOptions{Split: "val+train"}, "0 a/2.png,1 b/2.png,0 a/1.png,1 b/1.png", ""},
		{"all splits", "train/a/1.png test/a/3.png val/a/2.png", OpenOptions{Split: "all"}, "0 a/1.png,0 a/2.png,0 a/3.png", ""},
		{"a flat split", "test/1.png train/2.png", OpenOptions{}, "-1 1.png", ""},
		{"classes differ", "train/a/1.png test/b/2.png", OpenOptions{Split: "all"}, "", "the splits train and test have other class folders"},
		{"no such split", "train/a/1.png", OpenOptions{Split: "test"}, "", `no split "test"; there are train`},
		{"a split twice", "train/a/1.png", OpenOptions{Split: "train+train"}, "", "names train twice"},
		{"no splits", "a/1.png", OpenOptions{Split: "test"}, "", `no split "test": the splits of a folder of images are`},
		{"a class called train", "train/1.png truck/2.png", OpenOptions{}, "0 train/1.png,1 truck/2.png", ""},
		{"no folds", "a/1.png", OpenOptions{Fold: 1}, "", "a folder of images has no folds"},
		{"no coarse labels", "a/1.png", OpenOptions{Coarse: true}, "", "has no coarse labels"},
		{"limit", "a/1.png", OpenOptions{MaxPixels: 5}, "", "images: a/1.png: png: an image of 3 x 2 pixels, more than the limit of 5 pixels"},
		{"wild limit", "a/1.png", OpenOptions{MaxPixels: -1}, "", "MaxPixels is -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range strings.Fields(c.files) {
				write(t, dir, map[string][]byte{name: pngFile(t, 3, 2, color.White)})
			}
			ds, err := Open(t.Context(), dir, c.opt)
			var got []string
			if err == nil {
				defer ds.Close()
				for i := range ds.Len() {
					var s Sample
					if s, err = ds.Sample(t.Context(), i); err != nil {
						break
					}
					got = append(got, fmt.Sprint(s.Label, " ", s.Name))
				}
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %q", err, c.err)
				}
				if isNot := strings.HasPrefix(c.err, "not a data set"); isNot && !errors.Is(err, ErrNotDataset) {
					t.Errorf("%v is not ErrNotDataset", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if names := strings.Join(got, ","); names != c.names {
				t.Errorf("got %s, want %s", names, c.names)
			}
		})
	}
}

func TestOpenLocates(t *testing.T) {
	dir := t.TempDir()
	for name, b := range cifarBinary(CIFAR10) {
		write(t, dir, map[string][]byte{"cifar-10-batches-bin/" + name: b})
	}
	for name, b := range cifarFiles(t, "cifar-10-batches-py") {
		write(t, dir, map[string][]byte{"cifar-10-batches-py/" + name: b})
	}
	ds, err := Open(t.Context(), dir, OpenOptions{AnyCount: true})
	if err != nil {
		t.Fatal(err)
	}
	if ds.(Describer).Format() != CIFAR10 || ds.Len() != 2 {
		t.Errorf("%s of %d", ds.(Describer).Format(), ds.Len())
	}
	ds.Close()

	for name, b := range stl10Files() {
		write(t, dir, map[string][]byte{"mine/" + name: b})
	}
	_, err = Open(t.Context(), dir, OpenOptions{})
	if err == nil || !strings.Contains(err.Error(), "holds several data sets") || !strings.Contains(err.Error(), "mine") {
		t.Errorf("two data sets: %v", err)
	}
	_, err = Open(t.Context(), filepath.Join(dir, "absent"), OpenOptions{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent folder: %v", err)
	}
	write(t, dir, map[string][]byte{"x.tar.gz": nil, "x.png": pngFile(t, 1, 1, color.White), "x.txt": []byte("hello")})
	_, err = Open(t.Context(), filepath.Join(dir, "x.tar.gz"), OpenOptions{})
	if !errors.Is(err, ErrNotDataset) || !strings.Contains(err.Error(), "unpack it") {
		t.Errorf("archive: %v", err)
	}
	ds, err = Open(t.Context(), filepath.Join(dir, "x.png"), OpenOptions{})
	if err != nil || ds.Len() != 1 || ds.Classes() != nil {
		t.Errorf("one file: %v", err)
	}
	ds, err = Open(t.Context(), filepath.Join(dir, "x.txt"), OpenOptions{})
	if err == nil {
		_, err = ds.Sample(t.Context(), 0)
	}
	if err == nil || !strings.Contains(err.Error(), `x.txt: not an image: it begins with "hello", expected JPEG, PNG, GIF, WebP, BMP, TIFF or PNM`) {
		t.Errorf("text: %v", err)
	}
}

func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	white := pngFile(t, 2, 3, color.White)
	write(t, dir, map[string][]byte{"b.png": white, "a.txt": white, "sub/2.png": white, "sub/1.png": white, "sub/x.txt": nil, "none/x.txt": nil, "zero.png": nil})
	path := func(name string) string { return filepath.Join(dir, name) }
	ds, err := OpenFiles(t.Context(), []string{path("b.png"), path("sub"), path("a.txt")}, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range ds.Len() {
		s, err := ds.Sample(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if s.Image.Width != 2 || s.Image.Height != 3 || s.Label != -1 || s.Image.Pix[17] != 255 {
			t.Errorf("%+v", s)
		}
		rel, err := filepath.Rel(dir, s.Name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(rel))
	}
	if want := []string{"b.png", "sub/1.png", "sub/2.png", "a.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for want, paths := range map[string][]string{
		"no files given":      nil,
		"no image files":      {path("none")},
		"absent.png":          {path("b.png"), path("absent.png")},
		"not a regular file":  {os.DevNull},
		"the file is empty":   {path("zero.png")},
		"MaxPixels is -1, ex": {path("b.png")},
	} {
		opt := OpenOptions{}
		if strings.HasPrefix(want, "Max") {
			opt.MaxPixels = -1
		}
		ds, err := OpenFiles(t.Context(), paths, opt)
		if err == nil {
			_, err = ds.Sample(t.Context(), 0)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// TestLinks: folders and files through links count, as in torchvision; a link
// to a folder above ends, unlike in torchvision.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"set/a/1.png": pngFile(t, 1, 1, color.White), "other/2.png": pngFile(t, 1, 1, color.White)})
	for from, to := range map[string]string{
		"set/b":         "../other",
		"set/a/3.png":   "../../other/2.png",
		"set/a/loop":    "..",
		"set/a/dead.gz": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip(err)
		}
	}
	ds, err := Open(t.Context(), filepath.Join(dir, "set"), OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/1.png", "a/3.png", "a/loop/b/2.png", "b/2.png"}
	if got := ds.(*images).names; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	readAll(t, ds)
}
