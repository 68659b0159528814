package bmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// file is a bitmap file of w x h pixels with a header of the given size; behind is what
// stands between the header and the pixels.
func file(size, w, h, bits, compression int, behind, pixels []byte) []byte {
	dib := binary.LittleEndian.AppendUint32(nil, uint32(size))
	dib = binary.LittleEndian.AppendUint32(dib, uint32(int32(w)))
	dib = binary.LittleEndian.AppendUint32(dib, uint32(int32(h)))
	dib = binary.LittleEndian.AppendUint16(dib, 1)
	dib = binary.LittleEndian.AppendUint16(dib, uint16(bits))
	dib = binary.LittleEndian.AppendUint32(dib, uint32(compression))
	dib = slices.Concat(dib, make([]byte, 124))[:size]
	head := binary.LittleEndian.AppendUint32([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00"), uint32(14+len(dib)+len(behind)))
	return slices.Concat(head, dib, behind, pixels)
}

// masks are bit fields as they are stored.
func masks(m ...uint32) []byte {
	var b []byte
	for _, m := range m {
		b = binary.LittleEndian.AppendUint32(b, m)
	}
	return b
}

// reds is a palette whose colour i is i+1, 0, 0.
func reds(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, 0, 0, byte(i+1), 0)
	}
	return b
}

// inHeader puts bit fields in their place in a header of 52 bytes and more.
func inHeader(b []byte, m ...uint32) []byte {
	copy(b[14+40:], masks(m...))
	return b
}

// TestBeyondPillow has pixels of files that Pillow refuses, by the formats' own words.
func TestBeyondPillow(t *testing.T) {
	le16 := func(v ...uint16) []byte {
		var b []byte
		for _, v := range v {
			b = binary.LittleEndian.AppendUint16(b, v)
		}
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		want []uint8 // of pixels up to 8 bits the red, of others all
	}{
		"2 bits": {file(40, 5, 2, 2, 0, reds(4), []byte{0x1b, 0x40, 0, 0, 0xe4, 0xc0, 0, 0}),
			[]uint8{4, 3, 2, 1, 4, 1, 2, 3, 4, 2}},
		"4444": {file(40, 2, 1, 16, 3, masks(0xf00, 0xf0, 0xf), le16(0x1234, 0xfedc)),
			[]uint8{2 * 17, 3 * 17, 4 * 17, 14 * 17, 13 * 17, 12 * 17}},
		"4444 and alpha": {file(40, 1, 1, 16, 6, masks(0xf00, 0xf0, 0xf, 0xf000), append(le16(0x1234), 0, 0)),
			[]uint8{2 * 17, 3 * 17, 4 * 17}},
		"alpha's field in the header": {inHeader(file(56, 1, 1, 32, 6, nil, masks(0x11223344)), 0xff, 0xff00, 0xff0000, 0xff000000),
			[]uint8{0x44, 0x33, 0x22}},
		"2, 3, 1": {file(40, 2, 1, 16, 3, masks(0x3, 0x1c, 0x20), le16(1|5<<2|1<<5, 3|2<<2)),
			[]uint8{85, 182, 255, 255, 72, 0}},
		"10 bits": {file(40, 1, 1, 32, 3, masks(0x3ff00000, 0xffc00, 0x3ff), masks(1023<<20|512<<10|5)),
			[]uint8{255, 127, 1}},
		"no blue": {file(40, 1, 1, 32, 3, masks(0xffff0000, 0xffff, 0), masks(0x8000ffff)),
			[]uint8{127, 255, 0}},
		"all of a pixel": {file(40, 1, 1, 32, 3, masks(0xffffffff, 0x80000000, 1), masks(0x80000000)),
			[]uint8{127, 255, 0}},
		"24 bits": {file(40, 1, 1, 24, 3, masks(0xff, 0xff00, 0xff0000), []byte{1, 2, 3, 0}),
			[]uint8{1, 2, 3}},
		"24 bits, 12 and 12": {file(40, 1, 1, 24, 3, masks(0xfff, 0xfff000, 0xfff), []byte{0xff, 0xff, 0x7f, 0}),
			[]uint8{255, 127, 255}},
		"OS/2, header of 16":    {file(16, 1, 1, 24, 0, nil, []byte{1, 2, 3, 0}), []uint8{3, 2, 1}},
		"OS/2, header of 16, 8": {file(16, 2, 1, 8, 0, reds(256), []byte{7, 9, 0, 0}), []uint8{8, 10}},
		"OS/2, header of 24":    {file(24, 3, 1, 8, 1, reds(256), []byte{3, 7, 0, 1}), []uint8{8, 8, 8}},
		"OS/2, header of 63":    {file(63, 1, -2, 24, 0, nil, []byte{1, 2, 3, 0, 4, 5, 6, 0}), []uint8{3, 2, 1, 6, 5, 4}},
		"runs of 24 bits": {file(64, 3, 2, 24, 4, nil, []byte{2, 1, 2, 3, 1, 4, 5, 6, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 1}),
			[]uint8{3, 2, 1, 6, 5, 4, 9, 8, 7, 3, 2, 1, 3, 2, 1, 6, 5, 4}},
		"runs of 24 bits, left out": {file(20, 2, 1, 24, 4, nil, []byte{0, 2, 1, 0, 1, 9, 8, 7, 0, 1}),
			[]uint8{0, 0, 0, 7, 8, 9}},
		"picture ends early": {file(40, 3, 2, 8, 1, reds(256), []byte{1, 5, 0, 0, 2, 6, 0, 1}), []uint8{7, 7, 1, 6, 1, 1}},
		"picture is empty":   {file(40, 2, 1, 8, 1, reds(256), []byte{0, 1}), []uint8{1, 1}},
		"row left out":       {file(40, 2, 3, 8, 1, reds(256), []byte{2, 5, 0, 0, 0, 0, 2, 6, 0, 1}), []uint8{7, 7, 1, 1, 6, 6}},
		"row left out, pixels are missing": {file(40, 2, 4, 8, 1, reds(256), []byte{2, 5, 0, 0, 0, 0, 1, 6, 0, 1}),
			[]uint8{1, 1, 7, 1, 1, 1, 6, 6}},
		"row left out, no end": {file(40, 2, 3, 8, 1, reds(256), []byte{2, 5, 0, 0, 0, 0, 2, 6}), []uint8{7, 7, 1, 1, 6, 6}},
		"too many colours":     {withColours(file(40, 2, 1, 8, 0, reds(300), []byte{7, 255, 0, 0}), 300, 54), []uint8{8, 0}},
		// Pillow reads these as if they had one bit a pixel.
		"8 bits, black and white": {withColours(file(40, 4, 1, 8, 0, []byte{0, 0, 0, 0, 255, 255, 255, 0}, []byte{0, 1, 1, 0}), 2, 62), []uint8{0, 255, 255, 0}},
		"4 bits, black and white": {withColours(file(40, 4, 1, 4, 0, []byte{0, 0, 0, 0, 255, 255, 255, 0}, []byte{0x01, 0x10, 0, 0}), 2, 62), []uint8{0, 255, 255, 0}},
	} {
		m, err := Decode(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []uint8
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				p := m.At(x, y).(color.NRGBA)
				if got = append(got, p.R); m.ColorModel() == color.NRGBAModel {
					got = append(got, p.G, p.B)
				}
				if p.A != 255 {
					t.Errorf("%s: alpha %d", name, p.A)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// withColours sets how many colours the palette has, and where pixels begin.
func withColours(b []byte, n, offset uint32) []byte {
	binary.LittleEndian.PutUint32(b[10:], offset)
	binary.LittleEndian.PutUint32(b[14+32:], n)
	if n > 256 {
		binary.LittleEndian.PutUint32(b[10:], 54+4*n)
	}
	return b
}

func TestRefused(t *testing.T) {
	whole := file(40, 1, 1, 24, 0, nil, make([]byte, 4))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "ends before"},
		"other":              {append([]byte("BA"), whole[2:]...), "expected \"BM\""},
		"header":             {whole[:30], "ends before"},
		"header of 66":       {file(66, 1, 1, 24, 0, nil, nil), "a header of 66 bytes"},
		"header of 13":       {file(13, 1, 1, 24, 0, nil, nil), "a header of 13 bytes"},
		"width":              {file(40, -1, 1, 24, 0, nil, nil), "-1 x 1"},
		"height":             {file(40, 1, 0, 24, 0, nil, nil), "1 x 0"},
		"64 bits":            {file(40, 1, 1, 64, 0, nil, nil), "64 bits a pixel"},
		"0 bits":             {file(40, 1, 1, 0, 0, nil, nil), "0 bits a pixel"},
		"JPEG":               {file(40, 1, 1, 0, 4, nil, nil), "JPEG"},
		"PNG":                {file(124, 1, 1, 0, 5, nil, nil), "PNG"},
		"fax":                {file(64, 1, 1, 1, 3, nil, nil), "fax"},
		"compression 7":      {file(40, 1, 1, 24, 7, nil, nil), "compression 7"},
		"rle24 of 8":         {file(64, 1, 1, 8, 4, nil, nil), "of 8 bits"},
		"rle8 of 16":         {file(40, 1, 1, 16, 1, nil, nil), "of 16 bits"},
		"fields of 8":        {file(40, 1, 1, 8, 3, nil, nil), "of 8 bits"},
		"fields of OS/2":     {file(32, 1, 1, 16, 3, nil, nil), "header of 32"},
		"alpha of OS/2":      {file(64, 1, 1, 16, 6, nil, nil), "header of 64"},
		"fields apart":       {file(40, 1, 1, 16, 3, masks(0xf0f, 0xf0, 0xf000), nil), "0xf0f"},
		"fields beyond":      {file(40, 1, 1, 16, 3, masks(0x1f0000, 0xf0, 0xf), nil), "0x1f0000"},
		"no fields":          {file(40, 1, 1, 16, 3, masks(0, 0, 0), nil), "all 0"},
		"fields cut":         {file(40, 1, 1, 16, 3, masks(0xf00, 0xf0), nil), "ends before"},
		"colours":            {withColours(file(40, 1, 1, 8, 0, reds(256), []byte{0}), 1<<16+1, 0), "65537 colours"},
		"colours, negative":  {withColours(file(40, 1, 1, 8, 0, reds(256), []byte{0}), 1<<31, 0), "2147483648 colours"},
		"pixels":             {whole[:len(whole)-2], "ends before"},
		"offset":             {withColours(file(40, 1, 1, 24, 0, nil, make([]byte, 4)), 0, 1<<32-1), "ends before"},
		"runs":               {file(40, 3, 1, 8, 1, reds(256), []byte{2, 1}), "ends before"},
		"runs, an escape":    {file(40, 3, 1, 8, 1, reds(256), []byte{2, 1, 0, 2, 1}), "ends before"},
		"runs, row left out": {file(40, 1, 3, 8, 1, reds(256), []byte{0, 0, 1, 1}), "ends before"},
		"runs of 24 bits":    {file(64, 2, 1, 24, 4, nil, []byte{2, 1, 2}), "ends before"},
	} {
		_, err := Decode(bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "bmp: ") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestReadErrors fails the reader at every byte: its error comes out.
func TestReadErrors(t *testing.T) {
	b := file(40, 2, 2, 8, 1, reds(256), []byte{2, 5, 0, 0, 2, 6, 0, 1})
	boom := errors.New("input/output error")
	for n := range len(b) - 2 { // the end of the picture is not looked for
		r := &failing{Reader: bytes.NewReader(b), left: n, err: boom}
		if _, err := Decode(r); !errors.Is(err, boom) {
			t.Errorf("byte %d: error %v", n, err)
		}
		if _, err := DecodeConfig(iotest.ErrReader(boom)); !errors.Is(err, boom) {
			t.Errorf("config: error %v", err)
		}
	}
}

// failing is a reader that fails when it gets to an offset.
type failing struct {
	*bytes.Reader
	left int
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	at := int(f.Reader.Size()) - f.Reader.Len()
	if at >= f.left {
		return 0, f.err
	}
	return f.Reader.Read(p[:min(len(p), f.left-at)])
}

// TestConfig holds the size and the colours to those of the picture.
func TestConfig(t *testing.T) {
	for _, b := range [][]byte{
		file(40, 3, -2, 8, 0, reds(256), make([]byte, 8)),
		file(12, 3<<16|2, 0, 0, 0, nil, nil),
		file(40, 3, 2, 32, 0, nil, make([]byte, 24)),
	} {
		if b[14] == 12 {
			copy(b[18:], []byte{3, 0, 2, 0, 1, 0, 24, 0})
			b = append(b, make([]byte, 24)...)
		}
		c, err := DecodeConfig(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if c.Width != 3 || c.Height != 2 || m.Bounds() != image.Rect(0, 0, 3, 2) {
			t.Errorf("config %d x %d, picture %v", c.Width, c.Height, m.Bounds())
		}
		_, paletted := m.(*image.Paletted)
		if _, is := c.ColorModel.(color.Palette); is != paletted {
			t.Errorf("colour model %v of %T", c.ColorModel, m)
		}
	}
}
