package tiff

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// sample is a file of testdata/export/tiff.py, and the picture Pillow makes of it.
type sample struct {
	name   string
	file   []byte
	w, h   int
	sha256 []byte
}

func samples(t testing.TB) []sample {
	f := golden.Open(t, "tiff")
	var names []string
	if err := json.Unmarshal([]byte(f.Metadata("names")), &names); err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(f.Bytes("files")))
	if err != nil {
		t.Fatal(err)
	}
	lengths, sizes, sums := f.Int64("lengths"), f.Int64("sizes"), f.Bytes("sha256")
	out := make([]sample, len(names))
	for i, name := range names {
		out[i] = sample{name, make([]byte, lengths[i]), int(sizes[2*i]), int(sizes[2*i+1]), sums[32*i : 32*i+32]}
		if _, err := io.ReadFull(z, out[i].file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestIsPillows holds every kind of file to Pillow's convert("RGB"), byte by byte.
// Those that are JPEG are tested where their decoder is.
func TestIsPillows(t *testing.T) {
	n := 0
	for _, s := range samples(t) {
		if strings.HasSuffix(s.name, ".jpg") {
			continue
		}
		n++
		r, size := bytes.NewReader(s.file), int64(len(s.file))
		p, err := Decode(t.Context(), r, size, nil)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if p.Width != s.w || p.Height != s.h {
			t.Errorf("%s: %d x %d pixels, want %d x %d", s.name, p.Width, p.Height, s.w, s.h)
			continue
		}
		if sum := sha256.Sum256(p.Pix); !bytes.Equal(sum[:], s.sha256) {
			t.Errorf("%s differs", s.name)
		}
		c, err := DecodeConfig(r, size)
		if err != nil || c.Width != s.w || c.Height != s.h {
			t.Errorf("%s: the size is %d x %d before it is decoded, %v", s.name, c.Width, c.Height, err)
		}
	}
	t.Logf("%d files", n)
}
