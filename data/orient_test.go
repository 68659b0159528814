package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// TestOrientedDatasets opens an oriented file in every way, with and without.
func TestOrientedDatasets(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	file := f.Bytes("exif 6.png: file") // 7 x 4 pixels, to be turned
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"plain/a.png": file, "classes/x/a.png": file, "splits/train/x/a.png": file, "splits/test/x/a.png": file})
	mapped := fstest.MapFS{"x/a.png": &fstest.MapFile{Data: file}}
	for _, oriented := range []bool{false, true} {
		opt := OpenOptions{ApplyOrientation: oriented}
		want, size := "exif 6.png: rgb", [2]int{7, 4}
		if oriented {
			want, size = "exif 6.png: oriented", [2]int{4, 7}
		}
		for name, open := range map[string]func() (Dataset, error){
			"file":           func() (Dataset, error) { return Open(t.Context(), filepath.Join(dir, "plain/a.png"), opt) },
			"OpenFiles":      func() (Dataset, error) { return OpenFiles(t.Context(), []string{filepath.Join(dir, "plain")}, opt) },
			"folder":         func() (Dataset, error) { return Open(t.Context(), filepath.Join(dir, "plain"), opt) },
			"class folders":  func() (Dataset, error) { return Open(t.Context(), filepath.Join(dir, "classes"), opt) },
			"split folders":  func() (Dataset, error) { return Open(t.Context(), filepath.Join(dir, "splits"), opt) },
			"OpenFS folders": func() (Dataset, error) { return OpenFS(t.Context(), mapped, opt) },
		} {
			ds, err := open()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			s, err := ds.Sample(t.Context(), 0)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if s.Image.Width != size[0] || s.Image.Height != size[1] || !matches(f, want, s.Image.Pix) {
				t.Errorf("%s: oriented %t: %d x %d pixels, want %v", name, oriented, s.Image.Width, s.Image.Height, size)
			}
			ds.Close()
		}
	}
}

// TestOrientStops ends the context at points all over the reading of the metadata
// and the turning: never a picture that is not turned.
func TestOrientStops(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	for _, name := range []string{"exif 6.png", "exif 5.jpg", "metadata exif.webp"} {
		file := f.Bytes(name + ": file")
		countdown.Stops(t, name, 100, 3, func(ctx context.Context) error {
			_, err := newDecoding(0, true, false).oriented(ctx, bytes.NewReader(file), int64(len(file)))
			return err
		})
	}
}

// bad is a file that fails from a read on.
type bad struct {
	io.ReaderAt
	after *int
}

func (b bad) ReadAt(p []byte, off int64) (int, error) {
	if *b.after--; *b.after < 0 {
		return 0, fs.ErrPermission
	}
	return b.ReaderAt.ReadAt(p, off)
}

// TestOrientReadErrors makes each read fail in turn: an error, never a picture
// that is not turned.
func TestOrientReadErrors(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	for _, name := range []string{"exif 6.png", "exif 5.jpg", "metadata exif.webp"} {
		file := f.Bytes(name + ": file")
		for after := 0; ; after++ {
			left := after
			_, err := newDecoding(0, true, false).oriented(t.Context(), bad{bytes.NewReader(file), &left}, int64(len(file)))
			if err == nil {
				if after < 4 {
					t.Errorf("%s: read in %d reads", name, after)
				}
				break
			}
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: read %d: %v", name, after, err)
			}
		}
	}
}

// counted counts the bytes read of a file.
type counted struct {
	io.ReaderAt
	n int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestWork counts the bytes read and the looks at the context of whole files with
// all that belongs to them: for the size of the picture, for the picture and for
// the metadata each byte is read at most once.
func TestWork(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	text := binary.BigEndian.AppendUint32([]byte("\x00\x00\x00\x00tEXt"), crc32.ChecksumIEEE([]byte("tEXt")))
	frames := slices.Concat(f.Bytes("animation.webp: file"), bytes.Repeat(slices.Concat([]byte("ANMF\x10\x00\x00\x00"), make([]byte, 16)), 20000))
	binary.LittleEndian.PutUint32(frames[4:], uint32(len(frames)-8))
	still, jpg := f.Bytes("rgb 8.png: file"), f.Bytes("exif 6.jpg: file")
	segments := bytes.Repeat([]byte("\xff\xe1\x00\x08Exif\x00\x00"), 30000)
	for name, file := range map[string][]byte{
		"png, chunks":    slices.Concat(still[:33], bytes.Repeat(text, 30000), still[33:]),
		"png, tail":      slices.Concat(still[:len(still)-12], bytes.Repeat(text, 30000)),
		"gif, frames":    slices.Concat(f.Bytes("no trailer.gif: file"), bytes.Repeat([]byte(",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00"), 30000)),
		"webp, frames":   frames,
		"jpeg, segments": slices.Concat(jpg[:2], segments, jpg[2:]),
		"jpeg, tail":     slices.Concat(jpg, segments),
	} {
		r := &counted{ReaderAt: bytes.NewReader(file)}
		ctx := countdown.New(t.Context(), math.MaxInt)
		im, err := newDecoding(0, true, false).oriented(ctx, r, int64(len(file)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if limit := 3*int64(len(file)) + 4096; r.n > limit {
			t.Errorf("%s: read %d bytes of a file of %d", name, r.n, len(file))
		}
		if n, limit := ctx.Looks(), 3*len(file)/4096+4*(im.Width+im.Height)+20; n > limit {
			t.Errorf("%s: %d looks at the context, want at most %d", name, n, limit)
		}
	}
}

// FuzzExif bends Exif data: an orientation of 1 to 8, whatever they are.
func FuzzExif(f *testing.F) {
	g := golden.Open(f, "data/pictures.safetensors")
	for _, name := range g.Names() {
		b := g.Bytes(name)
		if !strings.HasPrefix(name, "exif ") || !strings.HasSuffix(name, ".png: file") {
			continue
		}
		if i := bytes.Index(b, []byte("eXIf")); i >= 0 {
			f.Add(b[i+4:], []byte(`tiff:Orientation="7"`))
		}
	}
	f.Fuzz(func(t *testing.T, exif, xmp []byte) {
		if o := (imageMetadata{exif, xmp}).orientation(); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		jpegMetadata(bytes.NewReader(exif))
	})
}
