package data

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// bitmapsReadHere are the files that Pillow refuses and the formats allow; package bmp
// has their pixels.
var bitmapsReadHere = []string{"palette of 300.bmp", "rle picture ends early.bmp", "rle row left out.bmp", "header 41.bmp"}

// TestBitmapsArePillows holds Windows bitmaps and netpbm's files to Pillow: the same
// bytes, and the same refused but for a few.
func TestBitmapsArePillows(t *testing.T) {
	f := golden.Open(t, "data/bitmaps.safetensors")
	t.Logf("Pillow %s", f.Metadata("PIL"))
	names := f.Names()
	equal, refused := 0, 0
	for _, name := range names {
		name, ok := strings.CutSuffix(name, ": file")
		if !ok {
			continue
		}
		im, err := Decode(t.Context(), iotest.OneByteReader(bytes.NewReader(f.Bytes(name+": file"))), DecodeOptions{})
		if !slices.Contains(names, name+": rgb") {
			if here := slices.Contains(bitmapsReadHere, name); here != (err == nil) {
				t.Errorf("%s: error %v", name, err)
			}
			refused++
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := f.Int64(name + ": size"); im.Width != int(size[0]) || im.Height != int(size[1]) {
			t.Errorf("%s: %d x %d pixels, want %v", name, im.Width, im.Height, size)
			continue
		}
		if want := f.Bytes(name + ": rgb"); !bytes.Equal(im.Pix, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, im.Pix, want)
		}
		equal++
	}
	if equal < 240 || refused < 30 {
		t.Errorf("%d files equal, %d refused by Pillow", equal, refused)
	}
}
