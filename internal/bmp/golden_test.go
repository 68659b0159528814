package bmp

import (
	"bytes"
	"image/color"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// The pixels are Pillow's. Package data holds the same files to the same pixels, and
// to being refused, in what users see.
func TestPixelsArePillows(t *testing.T) {
	f := golden.Open(t, "data/bitmaps.safetensors")
	t.Logf("Pillow %s", f.Metadata("PIL"))
	names := f.Names()
	tested := 0
	for _, name := range names {
		name, ok := strings.CutSuffix(name, ".bmp: file")
		if !ok || !slices.Contains(names, name+".bmp: rgb") {
			continue
		}
		tested++
		m, err := Decode(bytes.NewReader(f.Bytes(name + ".bmp: file")))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []uint8
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				p := m.At(x, y).(color.NRGBA)
				got = append(got, p.R, p.G, p.B)
			}
		}
		if want := f.Bytes(name + ".bmp: rgb"); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
	if tested < 150 {
		t.Errorf("%d files", tested)
	}
}
