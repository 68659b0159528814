package pnm

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// What becomes of files, byte for byte, is held to Pillow in package data; here are
// the kinds of picture, and the words of refusals.
func TestKinds(t *testing.T) {
	for file, want := range map[string]color.Model{
		"P1 1 2 1 0":               color.GrayModel,
		"P2 1 2 255 1 2":           color.GrayModel,
		"P2 1 2 256 1 2":           color.Gray16Model,
		"P3 1 2 65535 1 2 3 4 5 6": color.NRGBAModel,
		"P4 1 2\n\x80\x00":         color.GrayModel,
		"P5 1 2 254\n\x80\x00":     color.GrayModel,
		"P5 1 2 65535\n1234":       color.Gray16Model,
		"P6 1 2 255\n123456":       color.NRGBAModel,
		"Pf 1 2 1\n12345678":       color.GrayModel,
	} {
		m, err := Decode(iotest.OneByteReader(strings.NewReader(file)))
		if err != nil {
			t.Errorf("%q: %v", file, err)
			continue
		}
		c, err := DecodeConfig(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if m.Bounds() != image.Rect(0, 0, 1, 2) || c.Width != 1 || c.Height != 2 || m.ColorModel() != want || c.ColorModel != want {
			t.Errorf("%q: %T of %v, config %d x %d", file, m, m.Bounds(), c.Width, c.Height)
		}
		if m, opaque := m.(*image.NRGBA); opaque && !m.Opaque() {
			t.Errorf("%q is not opaque", file)
		}
		// Cut anywhere: an error that says so.
		for n := range len(file) {
			if n > strings.LastIndexByte(file, ' ') && file[1] < '4' {
				break // a shorter number, or none but white space
			}
			if _, err := Decode(strings.NewReader(file[:n])); err == nil {
				t.Errorf("%q was read", file[:n])
			}
		}
		boom := errors.New("input/output error")
		if _, err := Decode(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(file)))); !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("%q: error %v", file, err)
		}
		if _, err := DecodeConfig(iotest.ErrReader(boom)); !errors.Is(err, boom) {
			t.Errorf("error %v", err)
		}
	}
}

func TestRefused(t *testing.T) {
	for file, want := range map[string]string{
		"":                           "ends before",
		"P":                          "ends before",
		"P8 1 1 255 1":               "expected P1 to P6",
		"P51 1 255 1":                "expected P1 to P6",
		"P7\nWIDTH 1":                "pamtopnm",
		"PF 1 1 1\n":                 "pfmtopam",
		"P2 x 1 255 1":               `"x" in the header, expected a width`,
		"P2 1 1.5 255 1":             `"1.5" in the header, expected a height`,
		"P2 1 1 1e3 1":               `"1e3" in the header, expected a largest value`,
		"P2 -1 1 255 1":              "-1 x 1",
		"P2 1 0 255 1":               "1 x 0",
		"P2 12345678901 1 255 1":     "longer than 10",
		"P2 1 1 0 0":                 "largest value of 0",
		"P2 1 1 65536 0":             "largest value of 65536",
		"P2 1 1 255 256":             `"256", expected 0 to 255`,
		"P2 1 1 255 -1":              `"-1", expected 0 to 255`,
		"P2 1 1 255 z":               `"z", expected 0 to 255`,
		"P2 1 1 255 00000000001":     "more than 10",
		"P2 1 1 255":                 "ends before",
		"P2 1 1 255 # 1":             "ends before",
		"P1 1 1 2":                   `'2', expected 0 or 1`,
		"P1 1 1 # 1":                 "ends before",
		"Pf 1 1 0 1234":              `scale "0"`,
		"Pf 1 1 nan 1234":            `scale "nan"`,
		"Pf 1 1 -inf 1234":           `scale "-inf"`,
		"Pf 1 1 x 1234":              `scale "x"`,
		"P6 1 1 65535\n\x01\x02\x03": "ends before",
	} {
		_, err := Decode(strings.NewReader(file))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "pnm: ") {
			t.Errorf("%q: error %v, want one with %q", file, err, want)
		}
	}
}

// FuzzDecode bends files of all kinds.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{
		"P1 # a\n4 2 1010 1#b\r01 1", "P2 2 2 100 1 2 #c\n3 100", "P3 1 1 300\n1 2 300", "P4 9 2\nabcd",
		"P5 2 1 255\nab", "P5 2 1 4095\nabcd", "P6 1 1 65535\nabcdef", "P6\r\n1 1\r\n255\nabc",
		"Pf 1 1 -1.0\n1234", "Pf 2 1 2e3\n12345678", "P7\nWIDTH 1\n", "PF 1 1 1\n",
	} {
		f.Add([]byte(file))
		for n := range len(file) {
			f.Add([]byte(file[:n]))
		}
	}
	const limit = 1 << 14 // pixels
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeConfig(bytes.NewReader(b))
		if err == nil && c.Width > limit/c.Height {
			return
		}
		promise.Keep(t, len(b), 4*limit, func() {
			m, whole := Decode(bytes.NewReader(b))
			switch {
			case whole == nil && err != nil:
				t.Errorf("decoded, but the header: %v", err)
			case whole == nil && (m.Bounds() != image.Rect(0, 0, c.Width, c.Height) || m.ColorModel() != c.ColorModel):
				t.Errorf("%T of %v, but the header says %d x %d, %v", m, m.Bounds(), c.Width, c.Height, c.ColorModel)
			}
		})
	})
}
