package render

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// randomBytes are the bytes that testdata/export/render.py makes.
func randomBytes(name string, n int) []uint8 {
	out := make([]uint8, n)
	for i, v := range golden.Uniform(name, n, 1) {
		out[i] = uint8((float64(v) + 1) * 128)
	}
	return out
}

func TestResizeIsOpenCV(t *testing.T) {
	f := golden.Open(t, "render.safetensors")
	cases := 0
	for _, name := range f.Names() {
		var w, h, outW, outH int
		if n, _ := fmt.Sscanf(name, "resize %d %d %d %d", &w, &h, &outW, &outH); n != 4 {
			continue
		}
		cases++
		got, err := Resize(randomBytes(fmt.Sprintf("resize %dx%d", w, h), w*h), w, h, outW, outH)
		if err != nil {
			t.Fatal(err)
		}
		want := f.Bytes(name)
		if bytes.Equal(got, want) {
			continue
		}
		differ, largest := 0, 0
		for i := range want {
			if d := int(got[i]) - int(want[i]); d != 0 {
				differ++
				largest = max(largest, d, -d)
			}
		}
		t.Errorf("%s: %d of %d bytes differ, by at most %d", name, differ, len(want), largest)
	}
	t.Logf("%d resizes, each byte equal to OpenCV %s", cases, f.Metadata("cv2"))
	if cases < 10 {
		t.Errorf("only %d cases in the golden file", cases)
	}
}

func TestResizeErrors(t *testing.T) {
	for _, c := range [][4]int{{2, 3, 4, 4}, {0, 0, 4, 4}, {-2, -2, 4, 4}, {2, 2, 0, 4}, {2, 2, 4, -1}, {2, 2, 1 << 20, 4}} {
		if _, err := Resize(make([]uint8, 4), c[0], c[1], c[2], c[3]); err == nil {
			t.Errorf("Resize of 4 bytes as %v accepted", c)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	src := randomBytes("bench", 16)
	b.SetBytes(128 * 128)
	for b.Loop() {
		if _, err := Resize(src, 4, 4, 128, 128); err != nil {
			b.Fatal(err)
		}
	}
}
