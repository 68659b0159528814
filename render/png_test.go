package render

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestSavePNG(t *testing.T) {
	im := &image.NRGBA{Pix: randomBytes("png", 30*20*4), Stride: 120, Rect: image.Rect(0, 0, 30, 20)}
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, "figure.png")
		if err := SavePNG(t.Context(), path, im); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same image gives other bytes")
	}
	back, err := png.Decode(bytes.NewReader(files[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := back.(*image.NRGBA); !ok || !bytes.Equal(got.Pix, im.Pix) {
		t.Error("the file has other pixels")
	}
}

func TestSavePNGErrors(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.png")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, im := range map[string]image.Image{"nil": nil, "empty": image.NewGray(image.Rect(0, 0, 0, 9)), "endless": image.NewUniform(color.White)} {
		if err := SavePNG(t.Context(), old, im); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := SavePNG(t.Context(), filepath.Join(dir, "absent", "x.png"), image.NewGray(image.Rect(0, 0, 2, 2))); err == nil {
		t.Error("a folder that does not exist: accepted")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(old); string(b) != "old" || len(entries) != 1 {
		t.Errorf("%q and %d files are left", b, len(entries))
	}
}

func BenchmarkSavePNG(b *testing.B) {
	im := image.NewNRGBA(image.Rect(0, 0, 1500, 400))
	for i := range im.Pix {
		im.Pix[i] = uint8(i*i>>12) | 0xff*uint8(i%4/3) // smooth, opaque
	}
	path := filepath.Join(b.TempDir(), "figure.png")
	b.SetBytes(int64(len(im.Pix)))
	for b.Loop() {
		if err := SavePNG(b.Context(), path, im); err != nil {
			b.Fatal(err)
		}
	}
}
