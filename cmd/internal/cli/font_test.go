package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func withFonts(t *testing.T, args ...string) (*Fonts, error) {
	t.Helper()
	f := &Fonts{}
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(&strings.Builder{})
	f.AddFlags(flags, true)
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	return f, f.Load(t.Context())
}

func TestFonts(t *testing.T) {
	ttc, otf := golden.Path(t, "fonts", "boxes.ttc"), golden.Path(t, "fonts", "boxes.otf")
	f, err := withFonts(t, "-font", ttc, "-font", otf)
	if err != nil || len(f.Fonts()) != 3 || len(f.Inputs()) != 2 || f.Inputs()[1] != (File{"font", otf}) {
		t.Errorf("%d fonts, %v, %v", len(f.Fonts()), f.Inputs(), err)
	}
	text := filepath.Join(t.TempDir(), "text.ttf")
	if err := os.WriteFile(text, []byte("this is no font"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"", "an empty text"},
		{text + "x", "-font: stat "},
		{t.TempDir(), "want a font file (.ttf, .otf, .ttc)"},
		{text, `text.ttf: the file begins with "this", not as a font`},
		{golden.Path(t, "fonts", "bomb.otf"), ""},
	} {
		if _, err := withFonts(t, "-font", c.path); c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || c.want == "" && err != nil {
			t.Errorf("%q: %v, want %q", c.path, err, c.want)
		}
	}
}

func TestFontsWarn(t *testing.T) {
	none, err := withFonts(t)
	if err != nil {
		t.Fatal(err)
	}
	some, err := withFonts(t, "-font", golden.Path(t, "fonts", "boxes.ttf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fonts  *Fonts
		figure string
		texts  []string
		want   string
	}{
		{none, "a.png", []string{"cat", "Größe Ёжик\n"}, ""},
		{none, "a.png", []string{"猫", "ねこ猫"}, "note: a.png shows boxes for 3 characters that the built-in font lacks: 猫 ね こ (Han, Hiragana); a font that has them can be given by -font\n"},
		{none, "a.SVG", []string{"猫"}, ""},
		{some, "a.png", []string{"猫"}, ""},
		{some, "a\n.png", []string{"犬"}, "note: a\\n.png shows boxes for 1 character that the built-in font and -font lack: 犬 (Han); a font that has them can be given by -font\n"},
		{some, "a.png", []string{"ཀ"}, "note: a.png shows letters of Tibetan one by one, neither joined nor combined\n"},
		{none, "a.png", []string{"0123456789 一二三四五六七八九十百"}, "note: a.png shows boxes for 11 characters that the built-in font lacks: 一 二 三 四 五 六 七 八 九 十 … (Han); a font that has them can be given by -font\n"},
	} {
		var b strings.Builder
		c.fonts.Warn(&b, c.figure, c.texts...)
		if b.String() != c.want {
			t.Errorf("%q: %q, want %q", c.texts, b.String(), c.want)
		}
	}
}
