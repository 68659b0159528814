package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// TestDecodeIsPillows holds every kind of file to Pillow's convert("RGB"):
// JPEG within the rounding of the inverse cosine transform, which image/jpeg
// and libjpeg compute differently, everything else to the last byte.
func TestDecodeIsPillows(t *testing.T) {
	f := golden.Open(t, "data/files.safetensors")
	t.Logf("Pillow %s, libjpeg-turbo %s, libwebp %s", f.Metadata("PIL"), f.Metadata("libjpeg"), f.Metadata("libwebp"))
	worst, sum, total := 0, 0, 0
	for _, name := range f.Names() {
		name, ok := strings.CutSuffix(name, ": file")
		if !ok {
			continue
		}
		im, err := Decode(t.Context(), iotest.OneByteReader(bytes.NewReader(f.Bytes(name+": file"))), DecodeOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := f.Int64(name + ": size"); im.Width != int(size[0]) || im.Height != int(size[1]) {
			t.Errorf("%s: %d x %d pixels, want %v", name, im.Width, im.Height, size)
			continue
		}
		if !strings.HasSuffix(name, ".jpg") {
			if !matches(f, name+": rgb", im.Pix) {
				t.Errorf("%s differs", name)
			}
			continue
		}
		most := 0
		for i, v := range f.Bytes(name + ": rgb") {
			d := max(int(v), int(im.Pix[i])) - min(int(v), int(im.Pix[i]))
			most = max(most, d)
			sum += d
			total++
		}
		limit := 3 // a step of one in luma and chroma: 1 + 1.772, rounded
		if name == "cmyk.jpg" {
			limit = 2 // a step of one in an ink and in black
		}
		if most > limit {
			t.Errorf("%s: differs by %d", name, most)
		}
		worst = max(worst, most)
	}
	t.Logf("JPEG: largest difference %d, mean %.4f", worst, float64(sum)/float64(total))
}

// A WebP file that says it is longer than it is gets no memory for that.
func TestWebPThatSaysMore(t *testing.T) {
	f := golden.Open(t, "data/files.safetensors")
	tested := 0
	for _, name := range f.Names() {
		if !strings.HasSuffix(name, ".webp: file") {
			continue
		}
		file := bytes.Clone(f.Bytes(name))
		if string(file[12:16]) != "VP8 " {
			continue
		}
		tested++
		for _, more := range []uint32{2, 8 << 20, 1<<24 - 1} {
			bent := bytes.Clone(file)
			for _, at := range []int{4, 16} { // the file's length, and its first chunk's
				binary.LittleEndian.PutUint32(bent[at:], binary.LittleEndian.Uint32(bent[at:])+more)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decodeImage(context.Background(), bytes.NewReader(bent), int64(len(bent)), defaultMaxPixels)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "ends too early") {
				t.Errorf("%s, %d more: error %v", name, more, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > uint64(4*len(bent)+1<<20) {
				t.Errorf("%s, %d more: %d bytes allocated for a file of %d", name, more, n, len(bent))
			}
		}
	}
	if tested == 0 {
		t.Error("no file to test")
	}
}
