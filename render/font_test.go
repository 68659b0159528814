package render

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

func fontFileOf(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(golden.Path(t, "fonts", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func boxFonts(t testing.TB, name string) []*Font {
	t.Helper()
	fonts, err := ParseFonts(fontFileOf(t, name))
	if err != nil {
		t.Fatal(name, err)
	}
	return fonts
}

// A box of a font covers the pixels that its outline says, wherever its letter stands,
// from fonts of both kinds of outlines and from a collection.
func TestFontsSetWhatIsMissing(t *testing.T) {
	g := readFontsGolden(t)
	const size = 40.0
	for _, name := range []string{"boxes.ttf", "boxes.otf", "boxes.ttc"} {
		w, err := newWriter(size, boxFonts(t, name)...)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := newWriter(size)
		if err != nil {
			t.Fatal(err)
		}
		for letter, box := range g.Boxes {
			if name == "boxes.ttc" && !strings.Contains("A猫אבג", letter) {
				continue
			}
			if letter == "A" || letter == "龘" { // the Go font has it; too large
				if got, want := w.width(letter), plain.width(letter); got != want {
					t.Errorf("%s: %s is %d wide, want the Go font's %d", name, letter, got, want)
				}
				continue
			}
			if got, want := w.width(letter), int(math.Ceil(float64(box[4])*size/1000)); got != want {
				t.Errorf("%s: %s is %d wide, want %d", name, letter, got, want)
			}
			im := image.NewAlpha(image.Rect(0, 0, 200, 200))
			w.draw(im, 50, 100, "A"+letter+"A", color.Opaque)
			// After an A, whose end is between two pixels.
			at := 50 + float64(plain.advance("A"))/64
			left, right := at+float64(box[0])*size/1000, at+float64(box[2])*size/1000
			top, bottom := 100-float64(box[3])*size/1000, 100-float64(box[1])*size/1000
			if letter == "🔬" {
				continue // in TestCurves
			}
			for y := int(top) - 2; y < int(bottom)+3; y++ {
				for x := int(left) + 3; x < int(right)-3; x++ {
					want := 255 * overlap(float64(y), top, bottom)
					if got := float64(im.AlphaAt(x, y).A); math.Abs(got-want) > 6 {
						t.Fatalf("%s: %s: pixel (%d, %d) is covered by %v, want %v", name, letter, x, y, got, want)
					}
				}
				if y < int(top)+2 || y > int(bottom)-2 {
					continue
				}
				for x := int(left) - 1; x < int(left)+2; x++ {
					want := 255 * overlap(float64(x), left, right)
					if got := float64(im.AlphaAt(x, y).A); left-at > 2 && math.Abs(got-want) > 10 {
						t.Fatalf("%s: %s: pixel (%d, %d) is covered by %v, want %v", name, letter, x, y, got, want)
					}
				}
			}
		}
	}
}

// advance is the width of a text before it is rounded, in 64ths of a pixel.
func (w *writer) advance(text string) int {
	n, _ := w.within(text, 1<<30)
	return int(n)
}

// overlap is the part of the pixel from v to v+1 that lies in [lo, hi].
func overlap(v, lo, hi float64) float64 { return max(0, min(v+1, hi)-max(v, lo)) }

// The lens is what four parabolas leave of a square of 800: each cuts off a sixth of a
// quarter square (the area under a quadratic Bézier curve about a right angle).
func TestCurves(t *testing.T) {
	const size = 100
	for _, name := range []string{"boxes.ttf", "boxes.otf"} {
		w, err := newWriter(size, boxFonts(t, name)...)
		if err != nil {
			t.Fatal(err)
		}
		im := image.NewAlpha(image.Rect(0, 0, 200, 200))
		w.draw(im, 50, 150, "🔬", color.Opaque)
		sum := 0.0
		for _, v := range im.Pix {
			sum += float64(v) / 255
		}
		// The curve from the middle of one side to the next about their corner leaves
		// 1/6 of the quarter outside.
		if want := 80.0 * 80 * 5 / 6; math.Abs(sum/want-1) > 0.01 {
			t.Errorf("%s: the lens covers %.0f pixels, want %.0f", name, sum, want)
		}
	}
}

func TestRightToLeftIsDrawn(t *testing.T) {
	const size = 40
	w, err := newWriter(size, boxFonts(t, "boxes.ttf")...)
	if err != nil {
		t.Fatal(err)
	}
	im := image.NewAlpha(image.Rect(0, 0, 200, 100))
	w.draw(im, 10, 60, "אבג", color.Opaque)
	// From the left gimel, bet, alef: 0.6, 0.2 and 0.4 em with 0.1 em between.
	var runs []int
	for x, run := 0, 0; x < 200; x++ {
		if im.AlphaAt(x, 50).A > 127 {
			run++
		} else if run > 0 {
			runs = append(runs, run)
			run = 0
		}
	}
	if want := []int{24, 8, 16}; !slices.Equal(runs, want) {
		t.Errorf("boxes of %v pixels, want %v", runs, want)
	}
}

// Widthless characters take no room, and no box.
func TestWidthless(t *testing.T) {
	w, err := newWriter(20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "\u200d\ufe0f\u200c\u034f\U000e0101" {
		if n := w.width(string(r)); n != 0 {
			t.Errorf("%U is %d pixels wide", r, n)
		}
	}
}

// Fonts that a figure does not need change nothing in it; those that it does set the
// room above and below, within reason.
func TestNeededFonts(t *testing.T) {
	fonts := boxFonts(t, "boxes.ttc")
	for text, want := range map[string]int{"cat A": 0, "猫": 1, "ב": 2, "猫ב": 3, "ש": 0} {
		got, err := needed(fonts, []string{"x", text})
		if err != nil {
			t.Fatal(err)
		}
		have := 0
		for _, f := range got {
			have |= 1 << slices.Index(fonts, f)
		}
		if have != want {
			t.Errorf("%q needs the fonts %b, want %b", text, have, want)
		}
	}
	series := clusters(30, 3)
	plain := mustScatter(t, series, ScatterOptions{})
	with := mustScatter(t, series, ScatterOptions{Fonts: fonts})
	if !bytes.Equal(pixels(t, plain).Pix, pixels(t, with).Pix) {
		t.Error("a font that is not needed changes the figure")
	}
	w, err := newWriter(100, fonts...)
	if err != nil || w.ascent != 120 || w.descent != 30 {
		t.Errorf("room of %d above and %d below, want the font's 120 and 30, %v", w.ascent, w.descent, err)
	}
}

func TestMissing(t *testing.T) {
	fonts := boxFonts(t, "boxes.ttc")
	for _, c := range []struct {
		fonts []*Font
		texts []string
		want  string
	}{
		{nil, []string{"Größe Ёжик ñandú Ωmega", "ąćęłńóśźż ěščřžýáíé ığş"}, ""},
		{nil, []string{"猫 and 犬", "猫", "ש"}, "猫犬ש"},
		{fonts, []string{"猫 and 犬", "אש"}, "犬ש"},
		{nil, []string{"a\nb\u202e\u200d"}, ""}, // drawn as escapes, or not at all
		{fonts, []string{"龘"}, "龘"},
	} {
		if got := string(Missing(c.fonts, c.texts...)); got != c.want {
			t.Errorf("of %q %q are missing, want %q", c.texts, got, c.want)
		}
	}
	if got := Unshaped("cat", "قطة", "बिल्ली x", "猫 חתול แมว"); !slices.Equal(got, []string{"Arabic", "Devanagari"}) {
		t.Errorf("unshaped %q", got)
	}
}

// The characters of a figure come from the fonts that it is given, in all of them.
func TestFiguresUseFonts(t *testing.T) {
	fonts := boxFonts(t, "boxes.ttf")
	series := clusters(30, 3)
	series[0].Name = "猫"
	cells := []Cell{picture(96, 96, 60, 0, "猫")}
	for name, draw := range map[string]func(fonts []*Font) ([]uint8, error){
		"scatter": func(f []*Font) ([]uint8, error) {
			return pixels(t, mustScatter(t, series, ScatterOptions{Fonts: f})).Pix, nil
		},
		"scatter title": func(f []*Font) ([]uint8, error) {
			return pixels(t, mustScatter(t, clusters(9, 1), ScatterOptions{Fonts: f, Title: "猫"})).Pix, nil
		},
		"scatter x": func(f []*Font) ([]uint8, error) {
			return pixels(t, mustScatter(t, clusters(9, 1), ScatterOptions{Fonts: f, XLabel: "猫"})).Pix, nil
		},
		"scatter y": func(f []*Font) ([]uint8, error) {
			return pixels(t, mustScatter(t, clusters(9, 1), ScatterOptions{Fonts: f, YLabel: "猫"})).Pix, nil
		},
		"scree": func(f []*Font) ([]uint8, error) {
			fig, err := Scree([]float64{0.5}, ScreeOptions{Title: "猫", Fonts: f})
			if err != nil {
				return nil, err
			}
			return pixels(t, fig).Pix, nil
		},
		"grid":         func(f []*Font) ([]uint8, error) { return gridPix(t, cells, GridOptions{Fonts: f}) },
		"grid title":   func(f []*Font) ([]uint8, error) { return gridPix(t, cells[:1], GridOptions{Fonts: f, Title: "猫"}) },
		"grid caption": func(f []*Font) ([]uint8, error) { return gridPix(t, cells[:1], GridOptions{Fonts: f, Caption: "猫"}) },
		"table": func(f []*Font) ([]uint8, error) {
			im, err := Table(t.Context(), []string{"a"}, []TableRow{{"猫", []TableCell{{"b", 0.5}}}}, TableOptions{Fonts: f})
			if err != nil {
				return nil, err
			}
			return im.Pix, nil
		},
		"table column": func(f []*Font) ([]uint8, error) {
			im, err := Table(t.Context(), []string{"猫"}, []TableRow{{"a", []TableCell{{"b", 0.5}}}}, TableOptions{Fonts: f})
			if err != nil {
				return nil, err
			}
			return im.Pix, nil
		},
		"table cell": func(f []*Font) ([]uint8, error) {
			im, err := Table(t.Context(), []string{"a"}, []TableRow{{"b", []TableCell{{"猫", 0.5}}}}, TableOptions{Fonts: f})
			if err != nil {
				return nil, err
			}
			return im.Pix, nil
		},
	} {
		without, err := draw(nil)
		if err != nil {
			t.Fatal(name, err)
		}
		with, err := draw(fonts)
		if err != nil {
			t.Fatal(name, err)
		}
		if bytes.Equal(without, with) {
			t.Errorf("%s: the font changes nothing", name)
		}
	}
}

func gridPix(t *testing.T, cells []Cell, opt GridOptions) ([]uint8, error) {
	im, err := Grid(t.Context(), cells, opt)
	if err != nil {
		return nil, err
	}
	return im.Pix, nil
}

func TestParseFontsErrors(t *testing.T) {
	ttf, otf := fontFileOf(t, "boxes.ttf"), fontFileOf(t, "boxes.otf")
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":   {nil, "0 bytes are too few"},
		"text":      {[]byte("a text that is no font"), `begins with "a te"`},
		"WOFF":      {[]byte("wOFF\x00\x01\x00\x00        "), "WOFF"},
		"WOFF2":     {[]byte("wOF2\x00\x01\x00\x00        "), "WOFF"},
		"cut":       {ttf[:len(ttf)/2], "render: font: "},
		"cut OTF":   {otf[:len(otf)/2], "render: font: "},
		"head":      {ttf[:12], "render: font: "},
		"empty ttc": {[]byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x00"), "render: font: "},
	} {
		fonts, err := ParseFonts(c.content)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d fonts, %v, want %q", name, len(fonts), err, c.want)
		}
	}
	// Boxes, and no outline.
	blank := slices.Clone(ttf)
	table := tableOf(blank, "glyf")
	for i := 0; i < len(table); i++ {
		table[i] = 0
	}
	if _, err := ParseFonts(blank); err == nil || !strings.Contains(err.Error(), "no outlines") {
		t.Errorf("a font without outlines: %v", err)
	}
	if _, err := ParseFonts(goregular.TTF); err != nil {
		t.Error("the Go font:", err)
	}
}

// Fonts take no more memory than is promised, those that are refused too.
func TestFontMemory(t *testing.T) {
	for _, content := range [][]byte{goregular.TTF, goregular.TTF[:len(goregular.TTF)/2], fontFileOf(t, "boxes.ttf"), fontFileOf(t, "boxes.otf"), fontFileOf(t, "boxes.ttc"), compoundBomb(t), pointBomb(t), fontFileOf(t, "bomb.otf")} {
		promise.Keep(t, len(content), 0, func() { ParseFonts(content) })
	}
}

// tableOf is a table of a TrueType font.
func tableOf(font []byte, tag string) []byte {
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		e := font[12+16*i:]
		if string(e[:4]) == tag {
			off, n := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
			return font[off:][:n]
		}
	}
	return nil
}

// A glyph of glyphs of glyphs, and one of endless points, are refused in little time
// and memory, and so are subroutines that call each other: such a letter is missing.
func TestGlyphBombs(t *testing.T) {
	for name, content := range map[string][]byte{"compound": compoundBomb(t), "points": pointBomb(t), "subroutines": fontFileOf(t, "bomb.otf")} {
		began := time.Now()
		fonts, err := ParseFonts(content)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := string(Missing(fonts, "猫אג")); !strings.Contains(got, "猫") {
			t.Errorf("%s: missing %q, want 猫 too", name, got)
		}
		w, err := newWriter(16, fonts...)
		if err != nil {
			t.Fatal(err)
		}
		if w.face.more[0].sets('猫'); !fonts[0].file.spent {
			t.Errorf("%s: refused for something else than its work", name)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s takes %v", name, took)
		}
	}
}

// compoundBomb is a font whose glyphs are each made of eight times the next.
func compoundBomb(t *testing.T) []byte {
	levels := 7 // with two glyphs before them as many as boxes.ttf has
	var glyphs [][]byte
	simple := boxGlyph(t)
	for i := range levels {
		if i == levels-1 {
			glyphs = append(glyphs, simple)
			break
		}
		g := []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
		for k := range 8 {
			more := byte(0x20)
			if k == 7 {
				more = 0
			}
			g = append(g, 0, more|2, 0, byte(i+3), 0, 0)
		}
		glyphs = append(glyphs, g)
	}
	return withGlyphs(t, glyphs)
}

// pointBomb is a font of one glyph that repeats a point 65,536 times, many times over.
func pointBomb(t *testing.T) []byte {
	g := []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}
	for range 256 {
		g = append(g, 0x01|0x08|0x10|0x20, 255)
	}
	compound := []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	for k := range 60 {
		more := byte(0x20)
		if k == 59 {
			more = 0
		}
		compound = append(compound, 0, more|2, 0, 3, 0, 0)
	}
	return withGlyphs(t, [][]byte{compound, g})
}

// withGlyphs makes a TrueType font like boxes.ttf of other glyphs; the first is 猫.
// Before it is an honest one.
func withGlyphs(t *testing.T, glyphs [][]byte) []byte {
	t.Helper()
	old := fontFileOf(t, "boxes.ttf")
	var glyf, loca []byte
	loca = binary.BigEndian.AppendUint32(loca, 0) // .notdef is empty
	for _, g := range append([][]byte{boxGlyph(t)}, glyphs...) {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, g...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	n := len(tableOf(old, "hmtx"))/4 - 1 // as many glyphs as before
	for len(loca) < 4*(n+2) {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	}
	tables := map[string][]byte{"glyf": glyf, "loca": loca}
	head := slices.Clone(tableOf(old, "head"))
	binary.BigEndian.PutUint16(head[50:], 1) // long offsets
	tables["head"] = head
	// A map of format 6: 猫 is glyph 2.
	cmap := []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12, 0, 6, 0, 12, 0, 0, 0x73, 0x2b, 0, 1, 0, 2}
	tables["cmap"] = cmap
	var out, body []byte
	count := int(binary.BigEndian.Uint16(old[4:]))
	out = append(out, old[:12]...)
	for i := range count {
		e := old[12+16*i:][:16]
		tag := string(e[:4])
		content, ok := tables[tag]
		if !ok {
			content = tableOf(old, tag)
		}
		out = append(out, e[:8]...)
		out = binary.BigEndian.AppendUint32(out, uint32(12+16*count+len(body)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(content)))
		body = append(body, content...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(out, body...)
}

// boxGlyph is the first glyph of boxes.ttf.
func boxGlyph(t *testing.T) []byte {
	old := fontFileOf(t, "boxes.ttf")
	loca := tableOf(old, "loca") // half the offsets
	return tableOf(old, "glyf")[2*int(binary.BigEndian.Uint16(loca[2:])) : 2*int(binary.BigEndian.Uint16(loca[4:]))]
}

// A font serves several goroutines.
func TestFontsByManyGoroutines(t *testing.T) {
	fonts := boxFonts(t, "boxes.ttc")
	cells := []Cell{picture(96, 96, 60, 0, "猫 אבג")}
	want, err := gridPix(t, cells, GridOptions{Fonts: fonts})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, err := gridPix(t, cells, GridOptions{Fonts: fonts}); err != nil || !bytes.Equal(got, want) {
				t.Errorf("another figure, %v", err)
			}
		})
	}
	group.Wait()
}

// Whatever is in a font file, it is read or refused, in bounded time and memory, and
// what it sets stays in its place.
func FuzzFont(f *testing.F) {
	for _, name := range []string{"boxes.ttf", "boxes.otf", "boxes.ttc"} {
		f.Add(fontFileOf(f, name), "猫אבג🔬龘ཀ")
	}
	f.Fuzz(func(t *testing.T, content []byte, text string) {
		if len(text) > 100 || len(content) > 1<<16 {
			return
		}
		var fonts []*Font
		var err error
		promise.Keep(t, len(content), 0, func() { fonts, err = ParseFonts(content) })
		if err != nil {
			return
		}
		Missing(fonts, text)
		w, err := newWriter(16, fonts...)
		if err != nil {
			t.Fatal(err)
		}
		im := image.NewAlpha(image.Rect(0, 0, 300, 100))
		w.draw(im, 50, 50, w.fit(text, 200), color.Opaque)
	})
}
