package data

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// TestTIFFJPEGIsPillows holds TIFF files with JPEG in them to Pillow's pixels, within
// the rounding of the inverse cosine transform.
func TestTIFFJPEGIsPillows(t *testing.T) {
	f := golden.Open(t, "tiff")
	var names []string
	if err := json.Unmarshal([]byte(f.Metadata("names")), &names); err != nil {
		t.Fatal(err)
	}
	files, err := zlib.NewReader(bytes.NewReader(f.Bytes("files")))
	if err != nil {
		t.Fatal(err)
	}
	n, worst := 0, 0
	for i, length := range f.Int64("lengths") {
		file := make([]byte, length)
		if _, err := io.ReadFull(files, file); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(names[i], ".jpg") {
			continue
		}
		n++
		im, err := Decode(t.Context(), bytes.NewReader(file), DecodeOptions{})
		if err != nil {
			t.Errorf("%s: %v", names[i], err)
			continue
		}
		want := f.Bytes(names[i])
		if size := f.Int64("sizes")[2*i:]; im.Width != int(size[0]) || im.Height != int(size[1]) || len(im.Pix) != len(want) {
			t.Errorf("%s: %d x %d pixels, want %v", names[i], im.Width, im.Height, size[:2])
			continue
		}
		most := 0
		for j, v := range want {
			most = max(most, int(v)-int(im.Pix[j]), int(im.Pix[j])-int(v))
		}
		if most > 3 {
			t.Errorf("%s: differs by %d", names[i], most)
		}
		worst = max(worst, most)
	}
	if n == 0 {
		t.Error("no files")
	}
	t.Logf("%d files, largest difference %d", n, worst)
}
