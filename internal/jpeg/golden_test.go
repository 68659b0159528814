package jpeg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// TestIsPillows holds files of all kinds to Pillow's pixels, to the last bit, and those
// that end too early to its refusal, and to its pixels where it is told to go on.
func TestIsPillows(t *testing.T) {
	f := golden.Open(t, "jpeg.safetensors")
	t.Logf("Pillow %s, libjpeg-turbo %s", f.Metadata("PIL"), f.Metadata("libjpeg-turbo"))
	equal, cut := 0, 0
	for _, name := range f.Names() {
		name, ok := strings.CutSuffix(name, ": file")
		if !ok {
			continue
		}
		file := f.Bytes(name + ": file")
		p, err := Decode(t.Context(), file, Options{})
		want := name + ": pixels"
		if strings.HasPrefix(name, "cut") {
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: %v, want %v", name, err, ErrTruncated)
			}
			cut++
			want = name + ": truncated"
			p, err = Decode(t.Context(), file, Options{Truncated: true})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w, h, n, err := Header(bytes.NewReader(file))
		if err != nil || w != p.Width || h != p.Height || n != p.Components {
			t.Errorf("%s: header of %d x %d x %d, %v, picture of %d x %d x %d", name, w, h, n, err, p.Width, p.Height, p.Components)
		}
		got := p.Pix
		if len(got) > 512 {
			sum := sha256.Sum256(got)
			got = sum[:]
		}
		if !bytes.Equal(got, f.Bytes(want)) {
			t.Errorf("%s differs", name)
			continue
		}
		equal++
	}
	t.Logf("%d files equal, %d of them cut", equal, cut)
	if equal < 150 || cut != 4 {
		t.Error("some files are missing")
	}
}
