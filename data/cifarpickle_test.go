package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Batches of all protocols, with keys of text and of bytes, labels of all kinds, by NumPy 1
// and 2.
func TestPickledCIFARProtocols(t *testing.T) {
	f := golden.Open(t, "data/cifarpickles.safetensors")
	for protocol := range 6 {
		for numpy := 1; numpy <= 2; numpy++ {
			name := fmt.Sprintf("protocol %d, numpy %d", protocol, numpy)
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, map[string][]byte{"test_batch": f.Bytes("file " + name), "batches.meta": f.Bytes("file meta " + name)})
				ds, err := Open(t.Context(), dir, OpenOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if want := strings.Fields("avion auto oiseau chat cerf chien grenouille cheval bateau camion"); !slices.Equal(ds.Classes(), want) {
					t.Errorf("classes %v", ds.Classes())
				}
				got, pix := readAll(t, ds)
				if want := labels(name, 1, 10); len(got) != 1 || got[0] != int64(want[0]) {
					t.Errorf("labels %v, want %v", got, want)
				}
				if want := fromPlanes(pixels(name, cifarImage), cifarSide, cifarSide); !bytes.Equal(pix, want.Pix) {
					t.Error("the image differs")
				}
			})
		}
	}
}

// Batches that are bent.
func TestBadPickledCIFAR(t *testing.T) {
	f := golden.Open(t, "data/cifarpickles.safetensors")
	for _, c := range []struct{ name, old, new, want string }{
		{"protocol 1, numpy 1", "U", "U", ""},
		{"protocol 2, numpy 2", "X\x06\x00\x00\x00latin1", "X\x06\x00\x00\x00latin2", "called with 2 arguments that it does not take"},
		{"protocol 2, numpy 1", "_codecs\nencode", "_codecs\ndecode", `refused: "_codecs.decode" is not part`},
		{"protocol 3, numpy 2", "X\x02\x00\x00\x00u1", "X\x02\x00\x00\x00i1", "not one of bytes, but of type"},
		{"protocol 3, numpy 2", "K\x01K\x03K K t", "K\x01K\x03K!K t", "an array of 1 x 3 x 33 x 32 in 3072 bytes"},
		{"protocol 3, numpy 2", "K\x01K\x03K K t", "K\x01K K K\x03t", "an array of 1 x 32 x 32 x 3 in 3072 bytes"},
		{"protocol 3, numpy 2", "K\x01K\x03K K t", "K\x02K\x03K K t", "an array of 2 x 3 x 32 x 32 in 3072 bytes"},
		{"protocol 3, numpy 2", "K\x01K\x03K K t", "K\x01NK\x03K t", "an array whose shape has None"},
		{"protocol 3, numpy 2", "(K\x01K\x03K K t", "(NNNNNt", "an array of 5 dimensions"},
		{"protocol 4, numpy 1", "\x8c\x01|\x94", "\x8c\x01?\x94", "has parts, or no byte order"},
		{"protocol 5, numpy 2", "\x8c\x01C\x94", "\x8c\x01F\x94", "Fortran order"},
	} {
		b := f.Bytes("file " + c.name)
		if !bytes.Contains(b, []byte(c.old)) && c.want != "" {
			t.Errorf("%s: no %q", c.name, c.old)
			continue
		}
		dir := t.TempDir()
		write(t, dir, map[string][]byte{"test_batch": bytes.Replace(b, []byte(c.old), []byte(c.new), 1)})
		ds, err := Open(t.Context(), dir, OpenOptions{})
		if err == nil {
			ds.Close()
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %q: error %v, want %q", c.name, c.new, err, c.want)
		}
	}
}

// Integers of every type, by the definition of two's complement.
func TestNumPyIntegers(t *testing.T) {
	for _, c := range []struct {
		name string
		big  bool
		data string
		want []int64
	}{
		{"i1", false, "\x80\xff\x7f", []int64{-128, -1, 127}},
		{"u1", false, "\x80\xff\x7f", []int64{128, 255, 127}},
		{"i2", false, "\xfe\xff\x01\x02", []int64{-2, 513}},
		{"i2", true, "\xff\xfe\x01\x02", []int64{-2, 258}},
		{"u2", true, "\xff\xfe\x01\x02", []int64{65534, 258}},
		{"i4", false, "\x00\x00\x00\x80", []int64{-1 << 31}},
		{"u4", true, "\x80\x00\x00\x01", []int64{1<<31 + 1}},
		{"i8", false, "\x07\x00\x00\x00\x00\x00\x00\x00", []int64{7}},
		{"i8", true, "\xff\xff\xff\xff\xff\xff\xff\xf9", []int64{-7}},
		{"u8", true, "\x00\x00\x00\x00\x00\x00\x01\x00", []int64{256}},
		{"i4", false, "", []int64{}},
	} {
		if got, err := (&dtype{c.name, c.big}).integers([]byte(c.data)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s of %q: %v, %v; want %v", c.name, c.data, got, err, c.want)
		}
	}
	for _, c := range []struct{ name, data string }{{"f4", "abcd"}, {"b1", "a"}, {"i3", "abc"}, {"", ""}, {"i4", "abc"}} {
		if got, err := (&dtype{name: c.name}).integers([]byte(c.data)); err == nil {
			t.Errorf("%s of %q: %v", c.name, c.data, got)
		}
	}
}
