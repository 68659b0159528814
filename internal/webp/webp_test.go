package webp

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"strings"
	"testing"

	stdwebp "golang.org/x/image/webp"

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

// riff returns a chunk.
func riff(kind, data string) string {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data)))
	return string(b) + data + strings.Repeat("\x00", len(data)%2)
}

// file returns a file of chunks.
func file(chunks ...string) string {
	body := "WEBP" + strings.Join(chunks, "")
	return string(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))) + body
}

// animated is the canvas of an animation of 20 x 15 pixels.
var animated = riff("VP8X", "\x02\x00\x00\x00\x13\x00\x00\x0e\x00\x00")

// still is a lossless picture of 13 x 10 pixels, from Pillow.
func still(t testing.TB) string {
	f := golden.Open(t, "data/pictures.safetensors").Bytes("lossless.webp: file")
	return string(f[12:])
}

// TestWork counts the bytes read of hostile files: what is beside the picture is
// passed over once, and nothing is taken for it.
func TestWork(t *testing.T) {
	const many = 20000
	frame := func(data string) string { return riff("ANMF", strings.Repeat("\x00", 16)+data) }
	for name, c := range map[string]struct {
		file string
		bad  bool
	}{
		"still":               {file(still(t)), false},
		"frames behind":       {file(animated, frame(still(t)), strings.Repeat(frame(""), many)), false},
		"frames of pictures":  {file(animated, strings.Repeat(frame(still(t)), 200)), false},
		"empty frames":        {file(animated, strings.Repeat(frame(""), many)), true},
		"small chunks":        {file(animated, strings.Repeat(riff("abcd", ""), many), frame(still(t))), false},
		"metadata":            {file(animated, strings.Repeat(riff("EXIF", "abc"), many), frame(still(t)), riff("EXIF", strings.Repeat("x", 1<<20))), false},
		"alpha":               {file(animated, frame(riff("ALPH", strings.Repeat("x", 1<<20))+still(t))), false},
		"a chunk without end": {file(animated, frame(still(t)), "abcd\xff\xff\xff\xff"), true},
		"a picture too long":  {file("VP8L\xff\xff\xff\x7f" + still(t)[8:]), true},
	} {
		var err error
		r := &counter{}
		promise.Keep(t, len(c.file), 3<<20, func() { // beside: vp8l's tables for 130 pixels
			r.Reader, r.n = strings.NewReader(c.file), 0
			_, err = Decode(r, int64(len(c.file)))
		})
		if bad := err != nil; bad != c.bad {
			t.Errorf("%s: error %v", name, err)
		}
		if r.n > len(c.file) {
			t.Errorf("%s: read %d bytes of %d", name, r.n, len(c.file))
		}
		promise.Keep(t, len(c.file), 0, func() { Metadata(strings.NewReader(c.file), int64(len(c.file))) })
		promise.Keep(t, len(c.file), 0, func() { DecodeConfig(strings.NewReader(c.file)) })
	}
}

// TestMessages holds errors to what they say.
func TestMessages(t *testing.T) {
	whole := file(still(t))
	at := func(x, y byte) string {
		return riff("ANMF", string([]byte{x, 0, 0, y, 0, 0})+strings.Repeat("\x00", 10)+still(t))
	}
	for want, f := range map[string]string{
		"expected RIFF and WEBP":              "RIFF\x04\x00\x00\x00AVI \x00\x00\x00\x00",
		"the file ends too early: ":           whole[:len(whole)-9],
		"the file ends without a picture":     file(animated),
		"lies outside of its frames":          file(animated, still(t)),
		"animation lies outside of its frame": file(animated, riff("ANMF", strings.Repeat("\x00", 16)), still(t)),
		"reaches beyond its frame":            file(animated, riff("ANMF", strings.Repeat("\x00", 16)+"VP8L\x30\x00\x00\x00")+still(t)),
		"at (8,6) on a canvas of 20 x 15":     file(animated, at(4, 3)),
		"a picture of 13 x 10 pixels":         file(riff("VP8X", strings.Repeat("\x00", 10)), still(t)),
		"the chunk VP8L begins with 0x30":     file(strings.Replace(still(t), "\x2f", "\x30", 1)),
		"expected a key frame":                file(riff("VP8 ", "\x11\x00\x00\x9d\x01\x2a\x01\x00\x01\x00")),
		"a partition of 10 bytes in a chunk ": file(riff("VP8 ", "\x50\x01\x00\x9d\x01\x2a\x01\x00\x01\x00")),
		"a picture of 0 x 1 pixels":           file(riff("VP8 ", "\x10\x00\x00\x9d\x01\x2a\x00\x00\x01\x00")),
		"a chunk of 3 bytes, expected":        file(riff("VP8X", "abc")),
	} {
		if _, err := Decode(strings.NewReader(f), int64(len(f))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// FuzzDecode holds the reader to its bounds, and to golang.org/x/image/webp where
// that reads the file.
func FuzzDecode(f *testing.F) {
	g := golden.Open(f, "data/pictures.safetensors")
	for _, name := range g.Names() {
		if strings.HasSuffix(name, ".webp: file") {
			f.Add(g.Bytes(name))
		}
	}
	const limit = 1 << 12
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		promise.Keep(t, len(b), 0, func() { Metadata(bytes.NewReader(b), size) })
		c, err := DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width > limit/c.Height {
			return
		}
		var frame *Frame
		// Beside the pixels vp8l takes tables, for up to 2,600 groups of codes.
		promise.Keep(t, len(b), 24*limit+64<<20, func() {
			frame, err = Decode(bytes.NewReader(b), size)
		})
		if err != nil {
			return
		}
		canvas := image.Rect(0, 0, frame.Width, frame.Height)
		at := frame.Picture.Bounds().Add(frame.At)
		if frame.Width != c.Width || frame.Height != c.Height || !at.In(canvas) {
			t.Fatalf("a picture at %v on a canvas of %v, DecodeConfig %d x %d", at, canvas, c.Width, c.Height)
		}
		std, err := stdwebp.Decode(bytes.NewReader(b))
		if err != nil || bytes.Contains(b, []byte("ANMF")) { // a chunk that it passes over
			return
		}
		switch m := frame.Picture.(type) {
		case *image.YCbCr:
			theirs, ok := std.(*image.YCbCr)
			if alpha, is := std.(*image.NYCbCrA); is {
				theirs, ok = &alpha.YCbCr, true
			}
			if !ok || !bytes.Equal(m.Y, theirs.Y) || !bytes.Equal(m.Cb, theirs.Cb) || !bytes.Equal(m.Cr, theirs.Cr) {
				t.Fatal("differs from golang.org/x/image/webp")
			}
		case *image.NRGBA:
			if theirs, ok := std.(*image.NRGBA); !ok || !bytes.Equal(m.Pix, theirs.Pix) {
				t.Fatal("differs from golang.org/x/image/webp")
			}
		}
	})
}
