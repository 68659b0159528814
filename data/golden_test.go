package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// pixels returns n bytes of the shared generator, as pixels in
// testdata/export/data.py does.
func pixels(name string, n int) []byte {
	out := make([]byte, n)
	for i, v := range golden.Uniform(name, n, 1) {
		out[i] = uint8(float64(v)*128 + 128)
	}
	return out
}

func picture(name string, w, h int) *Image { return &Image{w, h, pixels(name, 3*w*h)} }

// matches tells whether got is the stored tensor, which is the bytes or, for
// many of them, their SHA-256.
func matches(f *golden.File, name string, got []byte) bool {
	want := f.Bytes(name)
	if len(got) > 4096 {
		sum := sha256.Sum256(got)
		got = sum[:]
	}
	return bytes.Equal(got, want)
}

// metadata decodes a JSON value that the export script recorded.
func metadata[T any](t *testing.T, f *golden.File, key string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(f.Metadata(key)), &v); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return v
}

func TestResizeIsPillows(t *testing.T) {
	f := golden.Open(t, "data/resize.safetensors")
	t.Logf("Pillow %s", f.Metadata("PIL"))
	sizes := f.Int64("sizes")
	for ; len(sizes) > 0; sizes = sizes[4:] {
		w, h, ow, oh := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
		got, err := Resize(picture(fmt.Sprintf("resize %dx%d", w, h), w, h), ow, oh)
		if err != nil {
			t.Fatal(err)
		}
		if got.Width != ow || got.Height != oh {
			t.Errorf("got %d x %d, want %d x %d", got.Width, got.Height, ow, oh)
		}
		if name := fmt.Sprintf("%dx%d %dx%d", w, h, ow, oh); !matches(f, name, got.Pix) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestResizeShorterSide(t *testing.T) {
	f := golden.Open(t, "data/resize.safetensors")
	n := 0
	for rows := f.Int64("shorter side"); len(rows) > 0; rows = rows[5:] {
		w, h := Transform{Resize: int(rows[2])}.Size(int(rows[0]), int(rows[1]))
		if w != int(rows[3]) || h != int(rows[4]) {
			t.Errorf("%v: got %d x %d", rows[:5], w, h)
		}
		n++
	}
	t.Logf("%d sizes", n)
}

func TestCenterCropIsTorchvisions(t *testing.T) {
	f := golden.Open(t, "data/resize.safetensors")
	want := f.Bytes("cropped")
	for crops := f.Int64("crops"); len(crops) > 0; crops = crops[3:] {
		w, h, n := int(crops[0]), int(crops[1]), int(crops[2])
		got, err := Transform{CenterCrop: n}.Image(picture("crop", w, h))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Pix, want[:3*n*n]) {
			t.Errorf("%d x %d to %d differs", w, h, n)
		}
		want = want[3*n*n:]
	}
}

func TestTransformIsTorchvisions(t *testing.T) {
	f := golden.Open(t, "data/transform.safetensors")
	t.Logf("torchvision %s, torch %s", f.Metadata("torchvision"), f.Metadata("torch"))
	type options struct {
		W, H, Resize, Crop int
		Exact              [2]int
		Mean, Std          []float32
	}
	for name, c := range metadata[map[string]options](t, f, "cases") {
		tr := Transform{Resize: c.Resize, ResizeExact: c.Exact, CenterCrop: c.Crop, Mean: c.Mean, Std: c.Std}
		im := picture("transform "+name, c.W, c.H)
		w, h := tr.Size(c.W, c.H)
		if s := f.Shape(name); s[0] != 3 || s[1] != h || s[2] != w {
			t.Errorf("%s: size %d x %d, want shape %v", name, w, h, s)
			continue
		}
		got := make([]float32, 3*w*h)
		if err := tr.Apply(im, got); err != nil {
			t.Fatal(err)
		}
		if d := golden.MaxAbsDiff(t, got, f.Float32(name)); d != 0 {
			t.Errorf("%s: largest difference %g, want the same bits", name, d)
		}
	}
	for name, tr := range map[string]Transform{
		"imagenet": {Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}},
		"half":     {Mean: []float32{0.5}, Std: []float32{0.5}},
		"cifar":    {Mean: []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.2023, 0.1994, 0.2010}},
	} {
		l := tr.levels()
		var got []float32
		for c := range l {
			got = append(got, l[c][:]...)
		}
		if d := golden.MaxAbsDiff(t, got, f.Float32("levels "+name)); d != 0 {
			t.Errorf("levels %s: largest difference %g, want the same bits", name, d)
		}
	}
}
