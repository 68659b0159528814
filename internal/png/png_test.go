package png

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	stdpng "image/png"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// chunk returns a chunk of a file.
func chunk(kind, data string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(b, kind+data...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

// file returns a file of a size, 8 bits and a kind of color, and the chunks that follow.
func file(w, h int, kind byte, chunks ...string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(w))
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return signature + chunk("IHDR", string(append(b, 8, kind, 0, 0, 0))) + strings.Join(chunks, "")
}

// packed returns zlib's packing of n zero bytes.
func packed(n int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(make([]byte, n))
	z.Close()
	return b.String()
}

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

// TestWork counts the bytes read of hostile files, and the looks at the context
// while the picture is unpacked: 32 KiB or a row each.
func TestWork(t *testing.T) {
	const many = 20000
	data := chunk("IDAT", packed(4*(1+4*3)))
	for name, c := range map[string]struct {
		file         string
		bytes, looks int // 0: as many as the file has
		bad          bool
	}{
		"good":                  {file(4, 4, rgb, data), 0, 20, false},
		"empty pieces":          {file(4, 4, rgb, strings.Repeat(chunk("IDAT", ""), many), data), 0, 20, false},
		"small texts":           {file(4, 4, rgb, strings.Repeat(chunk("tEXt", "a\x00"), many), data), 0, 20, false},
		"frames before data":    {file(4, 4, rgb, strings.Repeat(chunk("acTL", "\x00\x00\x00\x09\x00\x00\x00\x00"), many), data), 0, 20, false},
		"chunks behind":         {file(4, 4, rgb, data, strings.Repeat(chunk("IDAT", ""), many)), 8192, 20, false},
		"bomb":                  {file(4, 4, rgb, chunk("IDAT", packed(1<<25))), 8192 + 4096, 20, false},
		"bomb, nothing but it":  {file(4, 4, rgb, chunk("zTXt", "a\x00\x00"+packed(1<<25)), data), 0, 20, false},
		"a picture of zeros":    {file(2000, 2000, rgb, chunk("IDAT", packed(2000*6001))), 0, 2000 + 12000000/32768 + 20, false},
		"a row of zeros":        {file(4e6, 1, rgb, chunk("IDAT", packed(12e6+1))), 0, 12000000/32768 + 20, false},
		"a column of zeros":     {file(1, 1e5, rgb, chunk("IDAT", packed(4e5))), 0, 1e5 + 20, false},
		"a chunk without end":   {file(4, 4, rgb, "\xff\xff\xff\xffIDAT"+packed(100)), 0, 20, false},
		"a text without end":    {file(4, 4, rgb, "\xff\xff\xff\xfftEXtabc"), 0, 20, true},
		"a palette without end": {file(4, 4, palette, "\xff\xff\xff\xffPLTEabc"), 0, 20, true},
	} {
		r := &counter{Reader: strings.NewReader(c.file)}
		ctx := countdown.New(t.Context(), math.MaxInt)
		_, err := Decode(ctx, r)
		if bad := err != nil; bad != c.bad {
			t.Errorf("%s: error %v", name, err)
		}
		if limit := c.bytes; limit > 0 && r.n > limit {
			t.Errorf("%s: read %d bytes of %d, want at most %d", name, r.n, len(c.file), limit)
		}
		if ctx.Looks() > c.looks {
			t.Errorf("%s: %d looks at the context, want at most %d", name, ctx.Looks(), c.looks)
		}
		Metadata(strings.NewReader(c.file))
	}
}

// TestStops ends the context at points all over the decoding.
func TestStops(t *testing.T) {
	f := file(300, 400, rgb, chunk("IDAT", packed(400*901)))
	total := countdown.Stops(t, "decoding", 50, 1, func(ctx context.Context) error {
		_, err := Decode(ctx, strings.NewReader(f))
		return err
	})
	if total < 400 {
		t.Errorf("%d looks at the context for 400 rows", total)
	}
}

// TestMetadataBounds packs much text into few bytes, often.
func TestMetadataBounds(t *testing.T) {
	text := chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+packed(1<<24)) + chunk("zTXt", "Raw profile type exif\x00\x00"+packed(1<<24))
	for _, f := range []string{
		file(1, 1, gray, strings.Repeat(text, 20)),
		file(1, 1, gray, strings.Repeat(chunk("zTXt", "Raw profile type exif\x00\x00"+packed(9)), 5000)),
		file(1, 1, gray, "\x7f\xff\xff\xffeXIfabc"),
	} {
		promise.Keep(t, len(f), 0, func() {
			exif, xmp := Metadata(strings.NewReader(f))
			if len(exif) > longest || len(xmp) > longest {
				t.Errorf("%d bytes of Exif data, %d of XMP", len(exif), len(xmp))
			}
		})
	}
}

// TestMessages holds errors to what they say.
func TestMessages(t *testing.T) {
	data := chunk("IDAT", packed(13*4))
	broken := chunk("tEXt", "abc")
	for want, f := range map[string]string{
		"unexpected EOF":                           file(4, 4, rgb),
		"checksum":                                 file(4, 4, rgb, broken[:len(broken)-1]+"\x00", data),
		"an image of 0 x 4 pixels":                 file(0, 4, rgb, data),
		"color type 5 with 8 bits":                 file(4, 4, 5, data),
		"filter 7, expected 0 to 4":                file(1, 1, gray, chunk("IDAT", "\x78\x01\x01\x02\x00\xfd\xff\x07\x01\x00\x16\x00\x09")),
		"zlib: invalid checksum":                   file(1, 1, gray, chunk("IDAT", "\x78\x01\x01\x02\x00\xfd\xff\x01\x01\x00\x16\x00\x09")),
		"more than 256 colours":                    file(4, 4, palette, chunk("PLTE", strings.Repeat("abc", 257)), data),
		"a frame of 3 x 2 pixels at (2, 2)":        file(4, 4, rgb, chunk("fcTL", "\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x02"+"\x00\x00\x00\x00\x00\x00"), data),
		"the chunk IEND comes before":              file(4, 4, rgb, chunk("IEND", "")),
		`a chunk named "ab!d"`:                     file(4, 4, rgb, chunk("ab!d", ""), data),
		"image data before the chunk IHDR":         signature + data,
		"a chunk fdAT before the first fcTL":       file(4, 4, rgb, chunk("fdAT", "abcd")),
		"a chunk fdAT without a sequence number":   file(4, 4, rgb, chunk("fcTL", "\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00"), chunk("fdAT", "abc")),
		"the chunk fcTL before IHDR":               signature + chunk("fcTL", strings.Repeat("\x00", 26)),
		"the chunk fcTL has 2 bytes, expected 26":  file(4, 4, rgb, chunk("fcTL", "ab"), data),
		"the chunk fcTL has the number 1, expecte": file(4, 4, rgb, chunk("fcTL", "\x00\x00\x00\x01"+strings.Repeat("\x00", 22)), data),
		"it begins with":                           "GIF89a, and more",
	} {
		if _, err := Decode(t.Context(), strings.NewReader(f)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// FuzzDecode holds the reader to its bounds, and to image/png where that reads the
// file and no more than it.
func FuzzDecode(f *testing.F) {
	g := golden.Open(f, "data/pictures.safetensors")
	for _, name := range g.Names() {
		if strings.HasSuffix(name, ".png: file") {
			f.Add(g.Bytes(name))
		}
	}
	const limit = 1 << 14
	f.Fuzz(func(t *testing.T, b []byte) {
		promise.Keep(t, len(b), 0, func() { Metadata(bytes.NewReader(b)) })
		c, err := DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width > limit/c.Height {
			return
		}
		var im image.Image
		ctx := countdown.New(context.Background(), math.MaxInt)
		promise.Keep(t, len(b), 16*limit, func() {
			im, err = Decode(ctx, bytes.NewReader(b))
		})
		if n := ctx.Looks(); n > 4*(2*c.Height+8+8*limit/32768) {
			t.Errorf("%d looks at the context for %d x %d pixels", n, c.Width, c.Height)
		}
		for _, own := range []string{"tRNS", "fcTL", "fdAT"} {
			if bytes.Contains(b, []byte(own)) {
				return
			}
		}
		std, stdErr := stdpng.Decode(bytes.NewReader(b))
		if stdErr != nil {
			return
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "a chunk named") || strings.Contains(err.Error(), "IHDR") {
				return
			}
			t.Fatalf("%v, image/png reads it", err)
		}
		if im.Bounds() != std.Bounds() || im.Bounds().Dx() != c.Width || im.Bounds().Dy() != c.Height {
			t.Fatalf("bounds %v, image/png %v, DecodeConfig %d x %d", im.Bounds(), std.Bounds(), c.Width, c.Height)
		}
		for y := range c.Height {
			for x := range c.Width {
				r0, g0, b0, a0 := im.At(x, y).RGBA()
				if r, g, b, a := std.At(x, y).RGBA(); r != r0 || g != g0 || b != b0 || a != a0 {
					t.Fatalf("(%d, %d): %v, image/png %v", x, y, im.At(x, y), std.At(x, y))
				}
			}
		}
	})
}
