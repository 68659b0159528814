package data

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// failing is a file system whose files fail to be read after a number of
// reads.
type failing struct {
	fs.FS
	after *int
}

type failingFile struct {
	fs.File
	after *int
}

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	return failingFile{file, f.after}, err
}

func (f failingFile) ReadAt(p []byte, off int64) (int, error) {
	if *f.after--; *f.after < 0 {
		return len(p) / 2, fs.ErrPermission
	}
	return f.File.(interface {
		ReadAt([]byte, int64) (int, error)
	}).ReadAt(p, off)
}

// TestReadErrors makes each read fail in turn.
func TestReadErrors(t *testing.T) {
	for folder, files := range map[string]map[string][]byte{
		"stl10_binary":         stl10Files(),
		"cifar-10-batches-bin": cifarBinary(CIFAR10),
		"cifar-10-batches-py":  cifarFiles(t, "cifar-10-batches-py"),
	} {
		for after := 0; ; after++ {
			left := after
			ds, err := layoutOf(folder).open(t.Context(), failing{mapFS(files, nil), &left}, "test", OpenOptions{AnyCount: true})
			if err == nil {
				_, err = ds.Sample(t.Context(), 1)
			}
			if err == nil {
				if after < 1 {
					t.Errorf("%s: read in %d reads", folder, after)
				}
				break
			}
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: read %d: %v", folder, after, err)
			}
		}
	}
}

// TestDecodeStops ends the context at points all over the reading, decoding,
// converting and resizing of a picture.
func TestDecodeStops(t *testing.T) {
	var pngs, jpegs bytes.Buffer
	src := image.NewNRGBA(image.Rect(0, 0, 300, 500)) // rows are resized two at a time
	copy(src.Pix, pixels("stop", len(src.Pix)))
	if err := png.Encode(&pngs, src); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&jpegs, src, nil); err != nil {
		t.Fatal(err)
	}
	for _, file := range [][]byte{pngs.Bytes(), jpegs.Bytes()} {
		stopped := 0
		for n := 0; ; n += 7 {
			ctx := countdown.New(t.Context(), n)
			im, err := newDecoding(0, false, false).decode(ctx, bytes.NewReader(file), int64(len(file)))
			if err == nil {
				_, err = Transform{Resize: 64}.image(ctx, im)
			}
			if err == nil {
				break
			}
			stopped++
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("after %d questions: %v", n, err)
			}
			if late := ctx.Looks() - n; late > 3 {
				t.Fatalf("after %d questions: went on for %d more", n, late)
			}
		}
		if stopped < 50 {
			t.Errorf("stopped at %d points", stopped)
		}
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
		ds, err := Open(t.Context(), dir, OpenOptions{AnyCount: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, c.file), 5000); err != nil {
			t.Fatal(err)
		}
		_, err = ds.Sample(t.Context(), 1)
		if err == nil || !strings.Contains(err.Error(), "the file has shrunk") {
			t.Errorf("%s: %v", c.file, err)
		}
		ds.Close()
		if _, err := ds.Sample(t.Context(), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: after Close: %v", c.file, err)
		}
	}
}

// TestImageFileChanges changes image files after Open: what is read is the
// file as it is then, and where that is no whole image, an error that names it.
func TestImageFileChanges(t *testing.T) {
	var small, large bytes.Buffer
	for b, side := range map[*bytes.Buffer]int{&small: 3, &large: 40} {
		im := image.NewNRGBA(image.Rect(0, 0, side, side))
		copy(im.Pix, pixels("changes", len(im.Pix)))
		if err := png.Encode(b, im); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "x.png")
	write(t, dir, map[string][]byte{"a/x.png": small.Bytes(), "a/y.png": small.Bytes(), "b/z.png": small.Bytes()})
	ds, err := Open(t.Context(), dir, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	for name, content := range map[string][]byte{
		"emptied": {}, "cut short": large.Bytes()[:large.Len()/2], "text": []byte("no image"), "gone": nil, "another": large.Bytes(),
	} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if content != nil {
			write(t, dir, map[string][]byte{"a/x.png": content})
		}
		s, err := ds.Sample(t.Context(), 0)
		switch {
		case name == "another":
			if err != nil || s.Image.Width != 40 {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil || !strings.Contains(err.Error(), "a/x.png") || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: error %v", name, err)
		}
	}
	// A folder in the file's place.
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ds.Sample(t.Context(), 0); err == nil {
		t.Error("read a folder as an image")
	}
	if _, err := ds.Sample(t.Context(), 1); err != nil {
		t.Errorf("the next file: %v", err)
	}
}
