package visible

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// The characters are those of Unicode 15: their categories are in UnicodeData.txt,
// the orders of Persian and emoji in chapters 9.2 and 23.1 of the standard and UTS 51.
func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"cat":                             "cat",
		"German short-haired pointer":     "German short-haired pointer",
		`C:\new\table`:                    `C:\new\table`,
		"a\nb\tc\r":                       `a\nb\tc\r`,
		"\x1b[2Jred\x00\x7f":              `\x1b[2Jred\x00\x7f`,
		"\u0085\u009b31m":                 `\u0085\u009b31m`,
		"ab\u202ecd\u202c":                `ab\u202ecd\u202c`,
		"\u2066a\u2069\u200e\u200f\u061c": `\u2066a\u2069\u200e\u200f\u061c`,
		"a\u2028b\u2029":                  `a\u2028b\u2029`,
		"zero\u200bwidth\ufeff":           `zero\u200bwidth\ufeff`,
		"soft\u00adhyphen":                `soft\u00adhyphen`,
		"\U000e0041tag":                   `\U000e0041tag`,
		"\u115f\u3164\uffa0":              `\u115f\u3164\uffa0`,
		"\uffff\ufdd0":                    `\uffff\ufdd0`,
		"bad \xff\xc3(":                   `bad \xff\xc3(`,
		"\xed\xa0\x80":                    `\xed\xa0\x80`, // half of a surrogate pair
		"\ufffd":                          "\ufffd",
		"Größe Ёжик ñandú e\u0301":        "Größe Ёжик ñandú e\u0301",
		"猫 고양이 ねこ قط חתול แมว बिल्ली": "猫 고양이 ねこ قط חתול แมว बिल्ली",
		"wide\u3000space\u00a0":   "wide\u3000space\u00a0",
		"می\u200cخواهم":           "می\u200cخواهم", // "I want": a non-joiner within a word
		"क\u094d\u200dष":          "क\u094d\u200dष",
		"👩\u200d🔬 ❤\ufe0f\u200d🔥": "👩\u200d🔬 ❤\ufe0f\u200d🔥",
		"ad\u200dmin \u200c":      `ad\u200dmin \u200c`, // nothing to join
		"猫\u200d\u200d\u200d":     "猫\u200d" + `\u200d\u200d`,
		"\u200d":                  `\u200d`,
		"\xab\u200d":              `\xab\u200d`,
		"\ufe0f":                  `\ufe0f`,
		"\u0600١٢":                "\u0600١٢", // a number sign, which is seen
		"private \ue000":          "private \ue000",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%+q) = %+q, want %+q", text, got, want)
		} else if again := Text(got); again != got {
			t.Errorf("Text(%+q) = %+q the second time", got, again)
		}
	}
}

// No character passes that a terminal acts on.
func TestNothingActs(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		got := Text("a" + string(r))
		if unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp) && (strings.ContainsRune(got, r) || !strings.Contains(got, `\`)) {
			t.Errorf("%U becomes %+q", r, got)
		}
		if unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs) && !strings.ContainsRune(got, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			t.Errorf("%U becomes %+q", r, got)
		}
	}
}

func TestList(t *testing.T) {
	many := strings.Fields(strings.Repeat("n ", 21))
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"a\n", "b"}, `a\n, b`},
		{many[:20], strings.Repeat("n, ", 19) + "n"},
		{many, strings.Repeat("n, ", 19) + "n and 1 more"},
		{[]string{strings.Repeat("é", 60)}, strings.Repeat("é", 60)},
		{[]string{strings.Repeat("é", 61)}, strings.Repeat("é", 60) + "…"},
	} {
		if got := List(c.names); got != c.want {
			t.Errorf("List(%q) = %q, want %q", c.names, got, c.want)
		}
	}
	if got := Modules([]string{"layer1.0.conv1", "layer1.0", "layer1", "fc"}); got != "layer1, fc, layer1.0, layer1.0.conv1" {
		t.Errorf("modules %q", got)
	}
	huge := make([]string, 1000)
	for i := range huge {
		huge[i] = strings.Repeat("x", 10000)
	}
	if got := List(huge); len(got) > 20*65+20 {
		t.Errorf("a list of %d bytes", len(got))
	}
}

func TestMessage(t *testing.T) {
	if got := Message("a\nb"); got != `a\nb` {
		t.Errorf("%q", got)
	}
	for _, letter := range []string{"x", "é", "猫", "🔬", "\x80"} {
		for pad := range 5 {
			long := "begin" + strings.Repeat("_", pad) + strings.Repeat(letter, 20000) + "end: -flag"
			got := Message(long)
			if len(got) > 9000 || !strings.HasPrefix(got, "begin") || !strings.HasSuffix(got, "end: -flag") || !strings.Contains(got, " bytes) …") {
				t.Errorf("%d bytes, %.20q...%q", len(got), got, got[len(got)-20:])
			}
			if letter != "\x80" && strings.Contains(got, `\x`) {
				t.Errorf("%q is cut within a letter", letter)
			}
		}
	}
	if whole := strings.Repeat("y", 2000); Message(whole) != whole {
		t.Error("a message of 2,000 bytes is cut")
	}
	if cut := Message(strings.Repeat("y", 2001)); cut != strings.Repeat("y", 1200)+"… (101 bytes) …"+strings.Repeat("y", 700) {
		t.Errorf("%q", cut)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\nb\xff\u202e猫\u200d")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || Text(got) != got || len(got) > 10*len(s) {
			t.Errorf("Text(%+q) = %+q", s, got)
		}
		for _, r := range got {
			if unicode.In(r, unicode.Cc, unicode.Bidi_Control) {
				t.Errorf("Text(%+q) has %U", s, r)
			}
		}
	})
}
