package render

import (
	"image"
	"image/color"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	w, err := newWriter(16)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "i", "cat", "German short-haired pointer", "AVAVAVAVAVAV", "Größe Ёжик ñandú", strings.Repeat("W", 1000), "a\xffb\xfec\xfdd"} {
		full := w.width(text)
		for width := -3; width <= min(full, 300)+3; width++ {
			got := w.fit(text, width)
			if width >= full {
				if got != text {
					t.Errorf("fit(%.20q, %d) = %.20q, and the text is %d wide", text, width, got, full)
				}
				continue
			}
			if w.width(got) > max(width, 0) {
				t.Errorf("fit(%.20q, %d) = %.20q is %d wide", text, width, got, w.width(got))
			}
			kept, cut := strings.CutSuffix(got, "…")
			if got != "" && (!cut || kept == "" || !strings.HasPrefix(text, kept)) {
				t.Errorf("fit(%.20q, %d) = %.20q", text, width, got)
			}
			// One letter more would not fit.
			_, size := utf8.DecodeRuneInString(text[len(kept):])
			if longer := text[:len(kept)+size] + "…"; w.width(longer) <= width {
				t.Errorf("fit(%.20q, %d) = %.20q, but %.20q fits", text, width, got, longer)
			}
		}
	}
	long := strings.Repeat("word ", 1<<20)
	if n := testing.AllocsPerRun(1, func() { w.fit(long, 100) }); n > 1000 {
		t.Errorf("%v allocations to shorten a long text", n)
	}
}

func TestWrap(t *testing.T) {
	w, err := newWriter(16)
	if err != nil {
		t.Fatal(err)
	}
	const text = "Class activation maps of the predicted class"
	for width := 90; width < 400; width += 7 {
		lines := w.wrap(text, width)
		if strings.Join(lines, " ") != text {
			t.Errorf("%d: %q", width, lines)
		}
		for i, line := range lines {
			if w.width(line) > width {
				t.Errorf("%d: %q is %d wide", width, line, w.width(line))
			}
			if i > 0 {
				first, _, _ := strings.Cut(line, " ")
				if w.width(lines[i-1]+" "+first) <= width {
					t.Errorf("%d: %q leaves room for %q", width, lines[i-1], first)
				}
			}
		}
	}
	if got := w.wrap(" \n ", 100); len(got) != 0 {
		t.Errorf("blanks make lines %q", got)
	}
	if got := w.wrap("incomprehensibilities are", 60); len(got) != 2 || !strings.HasSuffix(got[0], "…") {
		t.Errorf("a long word makes lines %q", got)
	}
}

// What width, ascent and descent promise holds for the pixels drawn.
func TestTextStaysInItsBox(t *testing.T) {
	for _, size := range []float64{10, 13.5, 16, 32} {
		w, err := newWriter(size)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"Ångström", "jpqyg", "(|)[]{}", "ÀÉÎÕÜ", "fjord", "WAVE", "日本"} {
			im := image.NewRGBA(image.Rect(0, 0, 400, 100))
			w.draw(im, 20, 60, text, color.Black)
			box, n := extent(im, im.Rect, func(c color.RGBA) bool { return c.A > 0 })
			// A j reaches back over its start by 1/20 em, as fonts have it.
			lean := 1 + int(size/20)
			room := image.Rect(20-lean, 60-w.ascent, 20+w.width(text)+lean, 60+w.descent)
			if n == 0 || !box.In(room) {
				t.Errorf("%q at %v: ink in %v, room %v", text, size, box, room)
			}
		}
		im := image.NewRGBA(image.Rect(0, 0, 100, 100))
		w.draw(im, 20, 60, "H", color.Black)
		if box, _ := extent(im, im.Rect, func(c color.RGBA) bool { return c.A > 127 }); box.Dy() < w.capital-1 || box.Dy() > w.capital+1 {
			t.Errorf("size %v: H is %d high, said %d", size, box.Dy(), w.capital)
		}
	}
}
