package data

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// strict are the files that Pillow refuses and that are read, each for its reason.
var strict = map[string]string{}

// TestPicturesArePillows holds PNG, GIF and WebP files of every combination of kind,
// bits, alpha, palette and transparency, and of every oddity, to Pillow's
// convert("RGB"), to its exif_transpose, and to what it refuses.
func TestPicturesArePillows(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	t.Logf("Pillow %s, libwebp %s", f.Metadata("PIL"), f.Metadata("libwebp"))
	equal, refused, oriented := 0, 0, 0
	for _, name := range f.Names() {
		name, ok := strings.CutSuffix(name, ": file")
		if !ok {
			continue
		}
		file := f.Bytes(name + ": file")
		im, err := Decode(t.Context(), bytes.NewReader(file), DecodeOptions{})
		size := f.Int64(name + ": size")
		switch {
		case size[0] == 0 && err == nil && strict[name] == "":
			t.Errorf("%s: read, Pillow refuses it", name)
			continue
		case size[0] == 0:
			refused++
			continue
		case err != nil:
			t.Errorf("%s: %v", name, err)
			continue
		}
		if im.Width != int(size[0]) || im.Height != int(size[1]) {
			t.Errorf("%s: %d x %d pixels, want %v", name, im.Width, im.Height, size)
			continue
		}
		if !strings.HasSuffix(name, ".jpg") && !matches(f, name+": rgb", im.Pix) {
			t.Errorf("%s differs", name)
			continue
		}
		equal++
		if !strings.HasPrefix(name, "exif") && !strings.HasPrefix(name, "metadata") {
			continue
		}
		im, err = Decode(t.Context(), bytes.NewReader(file), DecodeOptions{ApplyOrientation: true})
		if err != nil {
			t.Errorf("%s: oriented: %v", name, err)
			continue
		}
		want := f.Int64(name + ": oriented size")
		if im.Width != int(want[0]) || im.Height != int(want[1]) {
			t.Errorf("%s: oriented: %d x %d pixels, want %v", name, im.Width, im.Height, want)
		} else if strings.HasSuffix(name, ".jpg") {
			if !bytes.Equal(im.Pix, f.Bytes(name+": oriented")) { // stored whole
				t.Errorf("%s: oriented: differs", name)
			}
		} else if !matches(f, name+": oriented", im.Pix) {
			t.Errorf("%s: oriented: differs", name)
		}
		oriented++
	}
	t.Logf("%d equal, %d refused, %d oriented", equal, refused, oriented)
	if equal < 200 || refused < 40 || oriented < 50 {
		t.Error("files are missing")
	}
}

// TestPremultiplied undoes premultiplied alpha of all values as Pillow does, also
// of colours that are larger than their alpha.
func TestPremultiplied(t *testing.T) {
	f := golden.Open(t, "data/pictures.safetensors")
	src := image.NewRGBA(image.Rect(0, 0, 256, 256))
	for i := range 256 * 256 {
		v, a := uint8(i), uint8(i>>8)
		copy(src.Pix[4*i:], []uint8{v, 255 - v, v / 2, a})
	}
	im, err := FromImage(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if !matches(f, "premultiplied", im.Pix) {
		t.Error("differs")
	}
}
