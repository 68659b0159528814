package render

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// fontsGolden is what testdata/export/fonts.py wrote.
type fontsGolden struct {
	Boxes map[string][5]int // x0, y0, x1, y1 and the advance, in a thousandth of an em
	Lines [][2]string       // as stored, and as seen
}

func readFontsGolden(t testing.TB) (g fontsGolden) {
	t.Helper()
	b, err := os.ReadFile(golden.Path(t, "fonts", "fonts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestLeftToRight(t *testing.T) {
	lines := readFontsGolden(t).Lines
	if len(lines) < 500 {
		t.Fatalf("%d lines", len(lines))
	}
	wrong := 0
	for _, l := range lines {
		// python-bidi does not mirror brackets (L4).
		if got := leftToRight(l[0]); folded(got) != folded(l[1]) && hasRightToLeft(l[0]) {
			if wrong++; wrong < 20 {
				t.Errorf("%q is seen as %q, want %q", l[0], got, l[1])
			}
		}
	}
	t.Logf("%d of %d lines differ", wrong, len(lines))
	// Marks stay behind their letters (L3), brackets open to what they hold (L4).
	for text, want := range map[string]string{
		"":                 "",
		"cat":              "cat",
		"a\u0301b":         "a\u0301b",
		"ש\u05c1ל\u05b8ום": "םול\u05b8ש\u05c1",
		"a (1) 猫":          "a (1) 猫",
		"\u05d0\u05b0":     "\u05d0\u05b0",
		"חתול (12)":        "(12) לותח",
		"(א) [ב] {ג}":      "{ג} [ב] (א)",
		"א < ב":            "ב > א",
		"cat (חתול)":       "cat (לותח)",
		"\u0301א":          "א\u0301",
	} {
		if got := leftToRight(text); got != want {
			t.Errorf("%q is seen as %q, want %q", text, got, want)
		}
	}
}

func FuzzLeftToRight(f *testing.F) {
	for _, s := range []string{"אב (12) cat", "سيارة 3.5%", "((((א))))", "\u0301\u0301א"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		count := map[rune]int{}
		for _, r := range s {
			count[fold(r)]++
		}
		for _, r := range leftToRight(s) {
			count[fold(r)]--
		}
		for r, n := range count {
			if n != 0 {
				t.Errorf("%q: %d of %q are lost", s, n, r)
			}
		}
	})
}

func folded(s string) string { return strings.Map(fold, s) }

// fold takes a bracket and its mirror for the same.
func fold(r rune) rune {
	if m, ok := mirrors[r]; ok {
		return slices.Min([]rune{r, m})
	}
	return r
}
