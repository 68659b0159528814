package gif

import (
	"bytes"
	"context"
	"image"
	stdgif "image/gif"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// counter counts the bytes that are read.
type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// header is a screen of 4 x 3 pixels with two colours.
const header = "GIF89a\x04\x00\x03\x00\x80\x00\x00abcdef"

// frameOf returns a frame of w x h pixels, both below 128, with codes of 2 bits and more.
func frameOf(w, h int, blocks string) string {
	return ",\x00\x00\x00\x00" + string([]byte{byte(w), 0, byte(h), 0, 0, 2}) + blocks + "\x00"
}

// blocks cuts codes into blocks of n bytes.
func blocks(codes string, n int) string {
	var b strings.Builder
	for ; len(codes) > 0; codes = codes[min(n, len(codes)):] {
		part := codes[:min(n, len(codes))]
		b.WriteByte(byte(len(part)))
		b.WriteString(part)
	}
	return b.String()
}

// whole are the codes of 12 pixels of index 1, each after a clear code: 4, 1, 4, 1.
var whole = func() string {
	var bits, n uint64
	var out []byte
	for i := range 24 {
		code := uint64(4)
		if i%2 == 1 {
			code = 1
		}
		bits |= code << n
		if n += 3; n >= 24 {
			out = append(out, byte(bits), byte(bits>>8), byte(bits>>16))
			bits, n = bits>>24, n-24
		}
	}
	return string(out)
}()

// TestWork counts the bytes read of hostile files, and the looks at the context.
func TestWork(t *testing.T) {
	const many = 50000
	good := frameOf(4, 3, blocks(whole, 255))
	clears := strings.Repeat("\x24\x49\x92", 255) // the code 4, and nothing else
	for name, c := range map[string]struct {
		file  string
		bytes int // 0: as many as the file has
		bad   bool
	}{
		"good":             {header + good, 0, false},
		"frames behind":    {header + good + strings.Repeat(frameOf(1, 1, ""), many), 4096, false},
		"frames of pixels": {header + strings.Repeat(good, many), 4096, false},
		"much more data":   {header + frameOf(4, 3, blocks(whole+strings.Repeat(clears, 300), 255)), 4096, false},
		"empty comments":   {header + strings.Repeat("!\xfe\x00", many) + good, 0, false},
		"tiny blocks":      {header + "!\xfe" + strings.Repeat("\x01a", many) + "\x00" + good, 0, false},
		"controls":         {header + strings.Repeat("!\xf9\x04\x00\x00\x00\x00\x00", many) + good, 0, false},
		"garbage":          {header + strings.Repeat("x", many) + good, 0, false},
		"clear codes":      {header + frameOf(4, 3, blocks(strings.Repeat(clears, 300), 255)), 0, true},
		"codes of a byte":  {header + frameOf(4, 3, blocks(whole, 1)), 0, false},
		"empty frames":     {header + strings.Repeat(frameOf(4, 3, ""), many), 4096, true},
	} {
		r := &counter{Reader: strings.NewReader(c.file)}
		ctx := countdown.New(t.Context(), math.MaxInt)
		var err error
		promise.Keep(t, len(c.file), 0, func() {
			r.Reader, r.n = strings.NewReader(c.file), 0
			_, err = Decode(ctx, r)
		})
		if bad := err != nil; bad != c.bad {
			t.Errorf("%s: error %v", name, err)
		}
		if c.bytes > 0 && r.n > c.bytes {
			t.Errorf("%s: read %d bytes of %d, want at most %d", name, r.n, len(c.file), c.bytes)
		}
		if n := ctx.Looks(); n > 3*4 { // up to four tries
			t.Errorf("%s: %d looks at the context for 3 rows", name, n)
		}
	}
}

// TestStops ends the context at points all over the decoding.
func TestStops(t *testing.T) {
	f := header + frameOf(4, 100, blocks(strings.Repeat(whole, 34), 255))
	if total := countdown.Stops(t, "decoding", 50, 1, func(ctx context.Context) error {
		_, err := Decode(ctx, strings.NewReader(f))
		return err
	}); total < 100 {
		t.Errorf("%d looks at the context for 100 rows", total)
	}
}

// TestMessages holds errors to what they say.
func TestMessages(t *testing.T) {
	for want, f := range map[string]string{
		"expected GIF87a or GIF89a":          "GIF88a" + header[6:] + frameOf(4, 3, blocks(whole, 255)),
		"unexpected EOF":                     header[:12],
		"the file has no picture":            header + ";",
		"a frame of 0 x 3 pixels":            header + frameOf(0, 3, ""),
		"the frame ends before its last pix": header + frameOf(5, 3, blocks(whole, 255)),
		"codes of 77 bits, expected at most": header + ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x4d",
		"a code that is not in the table":    header + frameOf(4, 3, blocks("\x3c", 255)),
		"a graphic control of 2 bytes":       header + "!\xf9\x02\x00\x00\x00",
	} {
		if _, err := Decode(t.Context(), strings.NewReader(f)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// FuzzDecode holds the reader to its bounds, and to image/gif where that reads the
// first frame.
func FuzzDecode(f *testing.F) {
	g := golden.Open(f, "data/pictures.safetensors")
	for _, name := range g.Names() {
		if b := g.Bytes(name); strings.HasSuffix(name, ".gif: file") {
			f.Add(b)
		}
	}
	const limit = 1 << 14
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width > limit/c.Height {
			return
		}
		var im image.Image
		ctx := countdown.New(context.Background(), math.MaxInt)
		promise.Keep(t, len(b), 4*limit, func() {
			im, err = Decode(ctx, bytes.NewReader(b))
		})
		if n := ctx.Looks(); n > 4*c.Height {
			t.Errorf("%d looks at the context for %d x %d pixels", n, c.Width, c.Height)
		}
		std, stdErr := stdgif.Decode(bytes.NewReader(b))
		if err != nil || stdErr != nil {
			return
		}
		if r := im.Bounds(); r.Dx() != c.Width || r.Dy() != c.Height || !std.Bounds().In(r) {
			t.Fatalf("bounds %v, image/gif %v, DecodeConfig %d x %d", r, std.Bounds(), c.Width, c.Height)
		}
		ours, theirs := im.(*image.Paletted), std.(*image.Paletted)
		for y := theirs.Rect.Min.Y; y < theirs.Rect.Max.Y; y++ {
			for x := theirs.Rect.Min.X; x < theirs.Rect.Max.X; x++ {
				if ours.ColorIndexAt(x, y) != theirs.ColorIndexAt(x, y) {
					t.Fatalf("(%d, %d): index %d, image/gif %d", x, y, ours.ColorIndexAt(x, y), theirs.ColorIndexAt(x, y))
				}
			}
		}
	})
}
