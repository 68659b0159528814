package data

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// tiffJPEGs calls do with each golden file that has JPEG in it, its name, its picture
// and its size as Pillow has them.
func tiffJPEGs(t testing.TB, do func(name string, file, want []byte, w, h int)) {
	f := golden.Open(t, "tiff")
	var names []string
	if err := json.Unmarshal([]byte(f.Metadata("names")), &names); err != nil {
		t.Fatal(err)
	}
	files, err := zlib.NewReader(bytes.NewReader(f.Bytes("files")))
	if err != nil {
		t.Fatal(err)
	}
	for i, length := range f.Int64("lengths") {
		file := make([]byte, length)
		if _, err := io.ReadFull(files, file); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(names[i], ".jpg") {
			do(names[i], file, f.Bytes(names[i]), int(f.Int64("sizes")[2*i]), int(f.Int64("sizes")[2*i+1]))
		}
	}
}

// TestTIFFJPEGIsPillows holds TIFF files with JPEG in them to Pillow's pixels.
func TestTIFFJPEGIsPillows(t *testing.T) {
	n := 0
	tiffJPEGs(t, func(name string, file, want []byte, w, h int) {
		n++
		im, err := Decode(t.Context(), bytes.NewReader(file), DecodeOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if im.Width != w || im.Height != h || !bytes.Equal(im.Pix, want) {
			t.Errorf("%s: %d x %d pixels, want %d x %d, or they differ", name, im.Width, im.Height, w, h)
		}
	})
	if n == 0 {
		t.Error("no files")
	}
	t.Logf("%d files", n)
}

// FuzzTIFFJPEG decodes files of at most a few pixels with JPEG in them.
func FuzzTIFFJPEG(f *testing.F) {
	tiffJPEGs(f, func(_ string, file, _ []byte, _, _ int) { f.Add(file) })
	const limit = 1 << 14
	f.Fuzz(func(t *testing.T, b []byte) {
		promise.Keep(t, len(b), 24*limit, func() {
			im, err := decoding{limit: limit}.decode(t.Context(), bytes.NewReader(b), int64(len(b)))
			if err == nil {
				err = im.check()
				if err != nil {
					t.Error(err)
				}
			}
		})
	})
}
