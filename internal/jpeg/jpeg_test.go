package jpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	std "image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// encoded is a file by another program.
func encoded(t testing.TB, name string) []byte {
	f := golden.Open(t, "jpeg.safetensors")
	for _, n := range f.Names() {
		if strings.HasPrefix(n, name) && strings.HasSuffix(n, ": file") {
			return f.Bytes(n)
		}
	}
	t.Fatalf("no file %q in the golden", name)
	return nil
}

// TestInverseDCT holds the transform to its definition (T.81 A.3.3) in float64.
func TestInverseDCT(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, l := range append(machine(), &portable) {
		worst := 0.0
		for n := range 300 {
			var b [64]int16
			for range 1 + n%20 {
				b[r.IntN(64)] = int16(r.IntN(400) - 200)
			}
			var got [64]uint8
			inverseDCT(l, &b, got[:], 8)
			for y := range 8 {
				for x := range 8 {
					sum := 0.0
					for v := range 8 {
						for u := range 8 {
							c := float64(b[8*v+u]) / 4
							if u == 0 {
								c /= math.Sqrt2
							}
							if v == 0 {
								c /= math.Sqrt2
							}
							sum += c * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
						}
					}
					want := max(0, min(sum+128, 255))
					worst = max(worst, math.Abs(want-float64(got[8*y+x])))
				}
			}
		}
		t.Logf("%s: at most %.3f away", l.name, worst)
		// Half for the last rounding. Columns are rounded by an eighth at most, of which
		// rows make sums of 1 + 7*sqrt(2)*cos(pi/16) of them at most, and an eighth of that.
		if worst > 0.5+(1+7*math.Sqrt2*math.Cos(math.Pi/16))/64 {
			t.Errorf("%s: %g away", l.name, worst)
		}
	}
}

// TestLoops holds the loops in assembly to those in Go, at all widths, with what damaged
// files have in them as well.
func TestLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n int) []uint8 {
		s := make([]uint8, n)
		for i := range s {
			s[i] = uint8(r.Uint32())
		}
		return s
	}
	for _, l := range machine() {
		for n := range 4000 {
			var b [64]int16
			limit := []int{3, 300, 1 << 13, 1 << 16}[n%4]
			for range r.IntN(64) {
				b[r.IntN([]int{8, 64}[n/4%2])] = int16(r.IntN(limit) - limit/2)
			}
			var quant [64]uint16
			for i := range quant {
				quant[i] = uint16(r.Uint32())
			}
			var quick, slow [64]int16
			dequantize(l, &quick, &b, &quant)
			dequantize(&portable, &slow, &b, &quant)
			if quick != slow {
				t.Fatalf("%s: %v times %v: %v, want %v", l.name, b, quant, quick, slow)
			}
			got, want := make([]uint8, 8*13), make([]uint8, 8*13)
			inverseDCT(l, &b, got, 13)
			inverseDCT(&portable, &b, want, 13)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: transform of %v:\n%v, want\n%v", l.name, b, got, want)
			}
		}
		for w := 1; w < 150; w++ {
			y, cb, cr := random(w), random(w), random(w)
			got, want := make([]uint8, 3*w), make([]uint8, 3*w)
			rgb(l, got, y, cb, cr)
			rgb(&portable, want, y, cb, cr)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: colours of %d pixels differ", l.name, w)
			}
			if w < 3 {
				continue
			}
			got, want = make([]uint8, 2*w), make([]uint8, 2*w)
			doubleWidth(l, got, y)
			doubleWidth(&portable, want, y)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d samples doubled differ", l.name, w)
			}
			doubleBoth(l, got, y, cb)
			doubleBoth(&portable, want, y, cb)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d samples of two rows doubled differ", l.name, w)
			}
		}
	}
}

// TestColours holds the conversion to T.871 in float64, for all that there is of a colour.
func TestColours(t *testing.T) {
	for y := range 256 {
		for c := range 256 {
			for _, pair := range [][2]int{{c, 255 - c}, {c, c}, {128, c}, {c, 128}} {
				r, g, b := pixel(int32(y), int32(pair[0]), int32(pair[1]))
				cb, cr := float64(pair[0]-128), float64(pair[1]-128)
				for i, want := range []float64{float64(y) + 1.402*cr, float64(y) - 0.344136*cb - 0.714136*cr, float64(y) + 1.772*cb} {
					got := float64([]uint8{r, g, b}[i])
					if math.Abs(got-max(0, min(want, 255))) > 0.502 {
						t.Fatalf("%d, %v: colour %d is %g, want %g", y, pair, i, got, want)
					}
				}
			}
		}
	}
}

// TestManyScans counts the work of a file whose scans tell nothing, one after the other.
func TestManyScans(t *testing.T) {
	file := []byte{0xff, markerSOI, 0xff, markerDQT, 0, 67, 0}
	file = append(file, bytes.Repeat([]byte{1}, 64)...)
	file = append(file, 0xff, markerSOF2, 0, 11, 8, 8, 0, 8, 0, 1, 1, 0x11, 0) // 2048 x 2048, gray
	file = append(file, 0xff, markerDHT, 0, 20, 0x10, 0, 1)
	file = append(file, make([]byte, 14)...)
	file = append(file, 0) // the end of a block
	for i := range 1000 {
		high := byte(0)
		if i > 0 {
			high = 0x10
		}
		file = append(file, 0xff, MarkerSOS, 0, 8, 1, 1, 0, 1, 63, high, 0xff, 0)
	}
	file = append(file, 0xff, MarkerEOI)
	d := &decoder{ctx: t.Context(), file: file, work: new(workspace)}
	err := d.read()
	if err == nil || !strings.Contains(err.Error(), "more scans") {
		t.Fatalf("%v, want that there are too many scans", err)
	}
	const blocks = 256 * 256
	if limit := (maxPasses+1)*blocks + 100*len(file); d.visits > limit {
		t.Errorf("%d blocks visited, want at most %d", d.visits, limit)
	}
}

func TestErrors(t *testing.T) {
	good := encoded(t, "gray: file")
	sof := bytes.Index(good, []byte{0xff, markerSOF0})
	sos := bytes.Index(good, []byte{0xff, MarkerSOS})
	with := func(at int, v ...byte) []byte {
		b := slices.Clone(good)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no JPEG"},
		{"another format", []byte("GIF89a"), "no JPEG"},
		{"no more than the beginning", good[:2], "ends too early"},
		{"the end at once", []byte{0xff, 0xd8, 0xff, 0xd9}, "no picture"},
		{"12 bits", with(sof+4, 12), "12 bits"},
		{"no rows", with(sof+5, 0, 0), "0 pixels"},
		{"two components", with(sof+9, 2), "frame header of"},
		{"no sampling factor", with(sof+11, 0x01), "sampling factors"},
		{"a lossless file", with(sof+1, 0xc3), "lossless"},
		{"a hierarchical file", with(sof+1, 0xc5), "hierarchical"},
		{"an unknown component", with(sos+5, 9), "component 9"},
		{"a quantization table that is missing", with(sof+12, 3), "quantization table 3"},
		{"a Huffman table that is missing", with(sos+6, 0x33), "Huffman table 3"},
		{"a table of no class", with(bytes.Index(good, []byte{0xff, markerDHT})+4, 0x20), "class 2"},
		{"a scan before the frame", append([]byte{0xff, 0xd8}, good[sos:]...), "before the frame"},
		{"two frames", append(slices.Clone(good[:sos]), good[sof:]...), "second frame"},
		{"a byte behind the tables", slices.Insert(slices.Clone(good), sof, 0xff, markerDHT, 0, 3, 0), "Huffman table of 1 bytes"},
		{"too many codes", with(bytes.Index(good, []byte{0xff, markerDHT})+5, 3), "Huffman table"},
	} {
		_, err := Decode(t.Context(), c.file, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := Decode(t.Context(), good, Options{MaxPixels: 20*19 - 1}); err == nil || !strings.Contains(err.Error(), "limit of 379") {
		t.Errorf("a picture above the limit: %v", err)
	}
	if _, err := Decode(t.Context(), good, Options{MaxPixels: 20 * 19}); err != nil {
		t.Errorf("a picture at the limit: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, good, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}

// TestWithoutTheEnd: a file of which nothing but the end's marker is missing is read; a
// progressive one that lacks a scan is not, but where it is asked for.
func TestWithoutTheEnd(t *testing.T) {
	for _, name := range []string{"gray: file", "gray -progressive: file", "gray -arithmetic: file", "rgb: file"} {
		file := encoded(t, name)
		want, err := Decode(t.Context(), file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(t.Context(), file[:len(file)-2], Options{})
		if name == "gray -arithmetic: file" {
			// Such data may go on with zeros that are not written: only the end tells.
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: %v, want %v", name, err, ErrTruncated)
			}
			continue
		}
		if err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s: %v, want the same picture", name, err)
		}
	}
	file := encoded(t, "gray -progressive: file")
	last := bytes.LastIndex(file, []byte{0xff, MarkerSOS})
	for _, end := range [][]byte{nil, {0xff, MarkerEOI}} {
		lacks := append(slices.Clone(file[:last]), end...)
		if _, err := Decode(t.Context(), lacks, Options{}); err == nil {
			t.Error("a file that lacks a scan is read")
		}
		if _, err := Decode(t.Context(), lacks, Options{Truncated: true}); err != nil {
			t.Errorf("a file that lacks a scan, with Truncated: %v", err)
		}
	}
}

// TestEveryCut cuts a file anywhere: an error that says so, or the picture, or what there
// is of it where that is asked for; rows above the cut are those of the whole.
func TestEveryCut(t *testing.T) {
	file := encoded(t, "15x25 sampling 2x1")
	whole, err := Decode(t.Context(), file, Options{Truncated: true})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Index(file, []byte{0xff, MarkerSOS}) + 14
	for n := range len(file) - 2 {
		if _, err := Decode(t.Context(), file[:n], Options{}); err == nil {
			if p, _ := Decode(t.Context(), file[:n], Options{}); !bytes.Equal(p.Pix, whole.Pix) {
				t.Errorf("cut after %d bytes, another picture without an error", n)
			}
		}
		p, err := Decode(t.Context(), file[:n], Options{Truncated: true})
		if n >= data && (err != nil || p.Width != whole.Width) {
			t.Errorf("cut after %d bytes, which should be read: %v", n, err)
		}
	}
}

// TestTables reads a file whose tables stand elsewhere, as in TIFF.
func TestTables(t *testing.T) {
	file := encoded(t, "rgb: file")
	want, err := Decode(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tables, rest, at := []byte{0xff, markerSOI}, []byte{0xff, markerSOI}, 2
	for {
		n := 2 + (int(file[at+2])<<8 | int(file[at+3]))
		if m := file[at+1]; m == markerDQT || m == markerDHT {
			tables = append(tables, file[at:at+n]...)
		} else {
			rest = append(rest, file[at:at+n]...)
		}
		at += n
		if file[at+1] == MarkerSOS {
			break
		}
	}
	tables = append(tables, 0xff, MarkerEOI)
	rest = append(rest, file[at:]...)
	if _, err := Decode(t.Context(), rest, Options{}); err == nil {
		t.Error("read without its tables")
	}
	got, err := Decode(t.Context(), rest, Options{Tables: tables})
	if err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("%v, want the picture of the file with its tables", err)
	}
	// What colours there are can be said.
	plain, err := Decode(t.Context(), file, Options{Colours: Plain})
	if err != nil {
		t.Fatal(err)
	}
	converted, err := Decode(t.Context(), file, Options{Colours: YCbCr})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain.Pix, want.Pix) || bytes.Equal(converted.Pix, want.Pix) {
		t.Error("colours that are said are not those that are made")
	}
}

// TestOfTheStandardLibrary reads what image/jpeg writes; the two agree within rounding.
func TestOfTheStandardLibrary(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 37, 21))
	for y := range 21 {
		for x := range 37 {
			m.SetGray(x, y, color.Gray{Y: uint8(5*x + 3*y)})
		}
	}
	var b bytes.Buffer
	if err := std.Encode(&b, m, &std.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	p, err := Decode(t.Context(), b.Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Pix {
		if d := int(v) - int(m.Pix[i]); d < -2 || d > 2 {
			t.Fatalf("sample %d is %d, %d was written", i, v, m.Pix[i])
		}
	}
}

// FuzzDecode bends small files of all kinds. The size is known before memory is taken.
func FuzzDecode(f *testing.F) {
	g := golden.Open(f, "jpeg.safetensors")
	for i, name := range g.Names() {
		if strings.HasSuffix(name, ": file") && i%5 == 0 {
			f.Add(g.Bytes(name), i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, truncated bool) {
		opt := Options{MaxPixels: 1 << 14, Truncated: truncated}
		p, err := Decode(t.Context(), file, opt)
		if err != nil {
			return
		}
		w, h, n, err := Header(bytes.NewReader(file))
		if err != nil || w != p.Width || h != p.Height || n != p.Components || len(p.Pix) != w*h*n || w*h > opt.MaxPixels {
			t.Fatalf("header of %d x %d x %d, %v; picture of %d x %d x %d", w, h, n, err, p.Width, p.Height, p.Components)
		}
		again, err := Decode(t.Context(), file, opt)
		if err != nil || !bytes.Equal(again.Pix, p.Pix) {
			t.Fatal("decoded again, another picture")
		}
	})
}
