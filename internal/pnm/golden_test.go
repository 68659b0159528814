package pnm

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// The values are Pillow's; of gray above 255 it shows white, which is for package data
// to do, and is done here. Files that Pillow refuses are refused.
func TestValuesArePillows(t *testing.T) {
	f := golden.Open(t, "data/bitmaps.safetensors")
	t.Logf("Pillow %s", f.Metadata("PIL"))
	names := f.Names()
	tested := 0
	for _, name := range names {
		name, ok := strings.CutSuffix(name, ".pnm: file")
		if !ok {
			continue
		}
		tested++
		m, err := Decode(bytes.NewReader(f.Bytes(name + ".pnm: file")))
		if !slices.Contains(names, name+".pnm: rgb") {
			if err == nil {
				t.Errorf("%s was read", name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []uint8
		switch m := m.(type) {
		case *image.Gray:
			for _, v := range m.Pix {
				got = append(got, v, v, v)
			}
		case *image.Gray16:
			for i := 0; i < len(m.Pix); i += 2 {
				v := m.Pix[i+1]
				if m.Pix[i] > 0 {
					v = 255
				}
				got = append(got, v, v, v)
			}
		case *image.NRGBA:
			for i := 0; i < len(m.Pix); i += 4 {
				got = append(got, m.Pix[i:i+3]...)
			}
		}
		if want := f.Bytes(name + ".pnm: rgb"); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, got, want)
		}
	}
	if tested < 80 {
		t.Errorf("%d files", tested)
	}
}
