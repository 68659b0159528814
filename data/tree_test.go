package data

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// zipped packs files, so that they cannot be read at an offset.
func zipped(t testing.TB, files map[string][]byte) fs.FS {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// under puts a folder before every name.
func under(folder string, files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, b := range files {
		out[folder+"/"+name] = b
	}
	return out
}

// Every kind of data set is the same in a folder, in memory and in a zip archive,
// at the top and a level down.
func TestOpenFS(t *testing.T) {
	folder := map[string][]byte{
		"red/a.png": pngFile(t, 3, 2, color.RGBA{255, 0, 0, 255}), "red/deep/b.PNG": pngFile(t, 3, 2, color.Black),
		"blue/c.png": pngFile(t, 3, 2, color.RGBA{0, 0, 255, 255}), "notes.txt": []byte("no image"),
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		opt   OpenOptions
	}{
		"stl10":          {stl10Files(), OpenOptions{Split: "train", Fold: 2}},
		"cifar10":        {cifarBinary(CIFAR10), OpenOptions{Split: "all", AnyCount: true}},
		"cifar100":       {under("cifar-100-binary", cifarBinary(CIFAR100)), OpenOptions{Coarse: true, AnyCount: true}},
		"cifar10 python": {under("cifar-10-batches-py", cifarFiles(t, "cifar-10-batches-py")), OpenOptions{}},
		"images":         {folder, OpenOptions{}},
		"splits":         {under("train", folder), OpenOptions{Split: "train"}},
		"plain":          {map[string][]byte{"b.png": folder["red/a.png"], "a.png": folder["blue/c.png"]}, OpenOptions{}},
	} {
		dir := t.TempDir()
		write(t, dir, c.files)
		want, err := Open(t.Context(), dir, c.opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var names []string
		for i := range want.Len() {
			s, err := want.Sample(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, s.Name)
		}
		wantLabels, wantPix := readAll(t, want)
		for kind, fsys := range map[string]fs.FS{"os.DirFS": os.DirFS(dir), "MapFS": mapFS(c.files, nil), "zip": zipped(t, c.files)} {
			ds, err := OpenFS(t.Context(), fsys, c.opt)
			if err != nil {
				t.Errorf("%s in %s: %v", name, kind, err)
				continue
			}
			if !slices.Equal(ds.Classes(), want.Classes()) {
				t.Errorf("%s in %s: classes %v, want %v", name, kind, ds.Classes(), want.Classes())
			}
			for i := range ds.Len() {
				if s, err := ds.Sample(t.Context(), i); err != nil || s.Name != names[i] {
					t.Errorf("%s in %s: sample %d is %q (%v), want %q", name, kind, i, s.Name, err, names[i])
				}
			}
			if labels, pix := readAll(t, ds); !slices.Equal(labels, wantLabels) || !bytes.Equal(pix, wantPix) {
				t.Errorf("%s in %s: other samples than in a folder", name, kind)
			}
		}
	}
}

func TestOpenFSErrors(t *testing.T) {
	short := stl10Files()
	short["test_y.bin"] = short["test_y.bin"][1:]
	for _, c := range []struct {
		name string
		fsys fs.FS
		want string
	}{
		{"nil", nil, "no file system"},
		{"empty", fstest.MapFS{}, "not a data set"},
		{"labels", zipped(t, short), "test_y.bin: "},
		{"two sets", mapFS(under("a", stl10Files()), under("b", cifarBinary(CIFAR10))), "give the folder of one: a, b"},
		{"archive", fstest.MapFS{"x.tar.gz": {Data: []byte{1}}}, "archive x.tar.gz"},
	} {
		ds, err := OpenFS(t.Context(), c.fsys, OpenOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want an error with %q", c.name, ds, err, c.want)
		}
	}
	ds, err := OpenFS(t.Context(), fstest.MapFS{"gone.png": {Data: []byte("no image")}}, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ds.Sample(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "gone.png: not an image") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

// A name that is not UTF-8, which io/fs does not allow, is one on a disk.
func TestNamesOfAnyBytes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "caf\xe9.png"), pngFile(t, 3, 2, color.Black), 0o644); err != nil {
		t.Skip("no such names here: ", err)
	}
	ds, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, pix := readAll(t, ds); len(pix) != 18 {
		t.Errorf("%d bytes of pixels", len(pix))
	}
}

func TestDecodeBounds(t *testing.T) {
	file := pngFile(t, 30, 20, color.White)
	decode := func(r io.Reader, opt DecodeOptions) error {
		_, err := Decode(t.Context(), r, opt)
		return err
	}
	if err := decode(bytes.NewReader(file), DecodeOptions{MaxPixels: 600, MaxBytes: int64(len(file))}); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
	broken := errors.New("the line is cut")
	for _, c := range []struct {
		r    io.Reader
		opt  DecodeOptions
		want string
	}{
		{bytes.NewReader(file), DecodeOptions{MaxPixels: 599}, "more than the limit of 599 pixels"},
		{bytes.NewReader(file), DecodeOptions{MaxBytes: int64(len(file)) - 1}, "more than the limit of"},
		{bytes.NewReader(file), DecodeOptions{MaxPixels: -1}, "MaxPixels is -1"},
		{bytes.NewReader(file), DecodeOptions{MaxBytes: -1}, "MaxBytes is -1"},
		{bytes.NewReader(nil), DecodeOptions{}, "the file is empty"},
		{strings.NewReader("GIF, no"), DecodeOptions{}, "not an image"},
		{bytes.NewReader(file[:40]), DecodeOptions{}, "ends too early"},
		{io.MultiReader(bytes.NewReader(file[:40]), errReader{broken}), DecodeOptions{}, "the line is cut"},
	} {
		if err := decode(c.r, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.opt, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, bytes.NewReader(file), DecodeOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// Pictures that other code has decoded become what Pillow makes of the files: JPEG within
// the rounding of the inverse cosine transform, which image/jpeg computes in its own way.
func TestFromImageIsPillows(t *testing.T) {
	f := golden.Open(t, "data/files.safetensors")
	count := 0
	for _, name := range f.Names() {
		name, ok := strings.CutSuffix(name, ": file")
		if !ok || !strings.HasSuffix(name, ".png") && !strings.HasSuffix(name, ".jpg") {
			continue
		}
		decoded, _, err := image.Decode(bytes.NewReader(f.Bytes(name + ": file")))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		im, err := FromImage(t.Context(), decoded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := Decode(t.Context(), bytes.NewReader(f.Bytes(name+": file")), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		limit := 0
		if strings.HasSuffix(name, ".jpg") {
			limit = 3 // a step of one in luma and chroma: 1 + 1.772, rounded
		} else if !matches(f, name+": rgb", im.Pix) {
			t.Errorf("%s as %T differs", name, decoded)
		}
		for i, v := range im.Pix {
			if d := int(v) - int(want.Pix[i]); d < -limit || d > limit {
				t.Errorf("%s as %T differs by %d", name, decoded, d)
				break
			}
		}
		count++
	}
	if count < 10 {
		t.Errorf("only %d pictures", count)
	}
}

func TestFromImageBounds(t *testing.T) {
	whole := image.NewNRGBA(image.Rect(-2, -3, 10, 9))
	for i := range whole.Pix {
		whole.Pix[i] = uint8(i * 7)
	}
	part := whole.SubImage(image.Rect(1, 2, 6, 5))
	im, err := FromImage(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	if im.Width != 5 || im.Height != 3 {
		t.Fatalf("%d x %d pixels, want 5 x 3", im.Width, im.Height)
	}
	for y := range 3 {
		for x := range 5 {
			c := whole.NRGBAAt(1+x, 2+y)
			if got := im.At(x, y); got != (color.RGBA{c.R, c.G, c.B, 255}) {
				t.Errorf("pixel (%d, %d) is %v, want the colour of %v", x, y, got, c)
			}
		}
	}
	if same, err := FromImage(t.Context(), im); err != nil || same != im {
		t.Errorf("an *Image is copied (%v)", err)
	}
	var none *image.RGBA
	for name, bad := range map[string]image.Image{
		"nil": nil, "nil pointer": none, "no pixels": image.NewGray(image.Rect(0, 0, 0, 5)),
		"huge": image.NewUniform(color.White), "damaged": &Image{2, 2, nil},
	} {
		if _, err := FromImage(t.Context(), bad); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FromImage(ctx, part); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
}
