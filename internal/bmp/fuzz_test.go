package bmp

import (
	"bytes"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// FuzzDecode bends bitmaps of every kind of header, depth and compression.
func FuzzDecode(f *testing.F) {
	runs := []byte{2, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 0, 0, 0, 0, 1, 7, 0, 1}
	for _, b := range [][]byte{
		file(40, 9, 3, 1, 0, reds(2), make([]byte, 12)),
		file(52, 5, -3, 2, 0, reds(4), make([]byte, 12)),
		file(16, 5, 3, 4, 0, reds(16), make([]byte, 12)),
		file(40, 4, 4, 8, 1, reds(256), runs),
		file(40, 4, 4, 4, 2, reds(16), runs),
		file(64, 4, 4, 24, 4, nil, runs),
		file(40, 3, 2, 16, 3, masks(0xf00, 0xf0, 0xf), make([]byte, 16)),
		file(40, 3, 2, 16, 6, masks(0xf00, 0xf0, 0xf, 0), make([]byte, 16)),
		inHeader(file(108, 3, 2, 32, 3, nil, make([]byte, 24)), 0x3ff, 0xffc00, 0x3ff00000),
		file(40, 3, 2, 24, 0, nil, make([]byte, 24)),
		file(40, 1, 1, 0, 5, nil, []byte("\x89PNG")),
	} {
		f.Add(b)
		for _, n := range []int{0, 14, 18, 40, 54, len(b) - 1} {
			f.Add(b[:min(n, len(b))])
		}
	}
	const limit = 1 << 14 // pixels
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeConfig(bytes.NewReader(b))
		if err == nil && c.Width > limit/c.Height {
			return
		}
		if err != nil {
			if _, whole := Decode(bytes.NewReader(b)); whole == nil {
				t.Errorf("decoded, but the header: %v", err)
			}
			return
		}
		promise.Keep(t, len(b), 4*limit, func() {
			m, err := Decode(bytes.NewReader(b))
			if err == nil && (m.Bounds().Dx() != c.Width || m.Bounds().Dy() != c.Height) {
				t.Errorf("%v, but the header says %d x %d", m.Bounds(), c.Width, c.Height)
			}
		})
	})
}
