package tiff

import (
	"bytes"
	"context"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// stub stands for a decoder of JPEG: a picture of the size that is said, in which
// nothing is to be seen.
func stub(channels int) JPEG {
	return func(_ context.Context, _, stream []byte, _ bool) ([]uint8, int, int, int, error) {
		w, h, err := jpegSize(stream)
		return make([]uint8, w*h*channels), w, h, channels, err
	}
}

// FuzzDecode decodes files of at most a few pixels, and holds memory and work to
// what is promised.
func FuzzDecode(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.file)
	}
	const limit = 1 << 14
	f.Fuzz(func(t *testing.T, b []byte) {
		promise.Keep(t, len(b), 24*limit, func() {
			r, size := bytes.NewReader(b), int64(len(b))
			c, err := DecodeConfig(r, size)
			if err != nil || c.Width > limit/c.Height {
				return
			}
			d, l, err := open(r, size)
			if err != nil {
				t.Fatalf("refused after DecodeConfig took it: %v", err)
			}
			work := &decoder{directory: d, layout: l, jpeg: stub(l.samples / l.planes)}
			p, err := work.decode(t.Context())
			if err == nil && (p.Width != c.Width || p.Height != c.Height || len(p.Pix) != 3*p.Width*p.Height) {
				t.Errorf("%d x %d pixels, %d bytes, want %d x %d", p.Width, p.Height, len(p.Pix), c.Width, c.Height)
			}
			if most := size + int64(3*c.Width*c.Height) + 1<<17; work.taken > most {
				t.Errorf("%d bytes were read of a file of %d", work.taken, size)
			}
		})
	})
}
