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

// TestDecodeIsPillows holds every kind of file to Pillow's convert("RGB"), to the last byte.
func TestDecodeIsPillows(t *testing.T) {
	f := golden.Open(t, "data/files.safetensors")
	t.Logf("Pillow %s, libjpeg-turbo %s, libwebp %s", f.Metadata("PIL"), f.Metadata("libjpeg"), f.Metadata("libwebp"))
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
		if !bytes.Equal(im.Pix, f.Bytes(name+": rgb")) && !matches(f, name+": rgb", im.Pix) {
			t.Errorf("%s differs", name)
		}
	}
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
			_, err := newDecoding(0, false, false).decode(context.Background(), bytes.NewReader(bent), int64(len(bent)))
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
