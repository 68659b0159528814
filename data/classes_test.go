package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// The bytes of encoded texts are what Python's str.encode makes.
func TestParseClassNames(t *testing.T) {
	for _, c := range []struct{ text, want, encoding string }{
		{"cat\ndog", "cat|dog", "UTF-8"},
		{"cat\ndog\n", "cat|dog", "UTF-8"},
		{"\ncat\r\ndog\r\n\r\n", "cat|dog", "UTF-8"},
		{"cat\rdog\r", "cat|dog", "UTF-8"},
		{" cat \n\tdog", "cat|dog", "UTF-8"},
		{"tench, Tinca tinca\ngoldfish, Carassius auratus", "tench, Tinca tinca|goldfish, Carassius auratus", "UTF-8"},
		{"cat,dog, bird\n", "cat|dog|bird", "UTF-8"},
		{"cat", "cat", "UTF-8"},
		{"crane\nmaillot\ncrane", "crane|maillot|crane", "UTF-8"},
		{"\xef\xbb\xbfcat\n\xc3\xa9t\xc3\xa9", "cat|été", "UTF-8"},
		{"\xef\xbb\xbf[\"cat\"]", "cat", "UTF-8"},
		{"\xff\xfec\x00a\x00t\x00\r\x00\n\x00\xe9\x00", "cat|é", "UTF-16LE"},
		{"\xfe\xff\x00c\x00a\x00t\x00\n\x00\xe9", "cat|é", "UTF-16BE"},
		{"\xff\xfe\x2b\x73\x0a\x00\x3d\xd8\x31\xdc", "猫|🐱", "UTF-16LE"},
		{"\xfe\xff\x73\x2b\x00\x0a\xd8\x3d\xdc\x31", "猫|🐱", "UTF-16BE"},
		{"c\x00a\x00t\x00\n\x00d\x00", "cat|d", "UTF-16LE"},
		{"\x00c\x00a\x00t\x00\n\x00d", "cat|d", "UTF-16BE"},
		{"[\x00\"\x00a\x00\"\x00]\x00", "a", "UTF-16LE"},
		{"caf\xe9\n\xc5ngstr\xf6m", "café|Ångström", "Latin-1"},
		{"l\x92\xe9t\xe9\n\x80", "l’été|€", "Latin-1"},

		{`["cat", "dog"]`, "cat|dog", "UTF-8"},
		{`['cat', "dog's",]`, "cat|dog's", "UTF-8"},
		{`("cat", u'dog', 7)`, "cat|dog|7", "UTF-8"},
		{` [ "cat" , [ "n02", "dog" ], ("a", "b") ] ` + "\n", "cat|dog|b", "UTF-8"},
		{`["a\"\\\/\b\f\n\r\tb", "\u00e9\ud83d\udc31", '\x41\U0001F431\'']`, "a\"\\/\b\f\n\r\tb|é🐱|A🐱'", "UTF-8"},
		{`{"0": "cat", "1": "dog"}`, "cat|dog", "UTF-8"},
		{`{"10": "k", "1": "b", "0": "a", "2": "c", "3": "d", "4": "e", "5": "f", "6": "g", "7": "h", "8": "i", "9": "j"}`, "a|b|c|d|e|f|g|h|i|j|k", "UTF-8"},
		{`{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}`, "tench|goldfish", "UTF-8"},
		{"{0: 'tench, Tinca tinca',\n 1: \"jack-o'-lantern\"}", "tench, Tinca tinca|jack-o'-lantern", "UTF-8"},
		{`{"cat": 0, "dog": 1}`, "cat|dog", "UTF-8"},
		{`{"dog": 1, "cat": 0, "dog": 2}`, "cat|dog|dog", "UTF-8"},
		{`{"dog": "1", "cat": "0"}`, "cat|dog", "UTF-8"},
		{`{"0": "1", "1": "0"}`, "1|0", "UTF-8"},
		{`{"0": 0, "1": 1}`, "0|1", "UTF-8"},
		{`{"names": 0, "classes": 1}`, "names|classes", "UTF-8"},
		{`{"model": {"x": [1, {"y": true}], "z": -1.5e3}, "ok": null, "label2id": {"a": 0}, "id2label": {"0": "cat", "1": "dog"}, "n": 2}`, "cat|dog", "UTF-8"},
		{`{"classes": ["cat", "dog"], "lr": 0.1}`, "cat|dog", "UTF-8"},
		{`{"class_to_idx": {"dog": 1, "cat": 0}}`, "cat|dog", "UTF-8"},
		{"[unknown]\n[mask]\ncat", "[unknown]|[mask]|cat", "UTF-8"},
		{"{a}\nb", "{a}|b", "UTF-8"},
		{"(sea) lion\nseal", "(sea) lion|seal", "UTF-8"},
	} {
		names, encoding, err := ParseClassNames([]byte(c.text))
		if got := strings.Join(names, "|"); err != nil || got != c.want || encoding != c.encoding {
			t.Errorf("%q: %q in %s, %v; want %q in %s", c.text, got, encoding, err, c.want, c.encoding)
		}
	}
}

func TestParseClassNamesErrors(t *testing.T) {
	deep := `{"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}"
	many := strings.Repeat("a\n", 1<<16) + "b"
	for text, want := range map[string]string{
		"":                                  "it is empty",
		"\xef\xbb\xbf \n":                   "it is empty",
		"\xff\xfe":                          "it is empty",
		"cat\n\ndog":                        "class name 2 is empty",
		"cat,,dog":                          "class name 2 is empty",
		"\xff\xfe\x00\x00c\x00\x00\x00":     "UTF-32",
		"\x00\x00\xfe\xff\x00\x00\x00c":     "UTF-32",
		"\xff\xfec\x00a":                    "3 bytes, an odd number",
		"\xff\xfe\x3d\xd8a\x00":             "half a character at byte 0",
		"\xff\xfea\x00\x3d\xd8":             "half a character at byte 2",
		"\xff\xfe\x31\xdca\x00":             "half a character",
		"\xff\xfea\x00\x00\x00":             "zero characters",
		"cat\x00dog\n":                      "zero bytes",
		"a\x00\x00b":                        "zero bytes",
		"PK\x03\x04\x00\x00\x00\x00":        "zero bytes",
		"\xc3\xa9t\xc3":                     "neither UTF-8 nor Latin-1: byte 0",
		"a\x81":                             "neither UTF-8 nor Latin-1: byte 1 is 0x81",
		`["cat", "dog"`:                     "line 1, column 14: want a comma or ], found the end",
		"[\"cat\"\n \"dog\"]":               `line 2, column 2: want a comma or ], found '"'`,
		`["cat", , "dog"]`:                  "want a text in quotes or a number, found ','",
		`["cat", null]`:                     "column 9: want a class name in quotes, found 'n'",
		`["cat", 1.5]`:                      "want a class name in quotes",
		`["cat", {"a": 1}]`:                 "want a text in quotes or a number, found '{'",
		`["cat", [true]]`:                   "want a class name in quotes",
		`["cat", []]`:                       "want a name in the list",
		`["cat", " "]`:                      "the name of class 1 is empty",
		`["cat"] x`:                         "want nothing more, found 'x'",
		`["c`:                               "want a quotation mark, found the end",
		"[\"c\nat\"]":                       "before the end of the line",
		`["\q"]`:                            "want an escape",
		`["\`:                               "want an escape",
		`["\u12"]`:                          "want 4 digits from 0 to f",
		`["\u12`:                            "want 4 digits from 0 to f",
		`["\ud83d"]`:                        "want the escape of a character",
		`["\ud83d\u0041"]`:                  "want the escape of a character",
		`["\UFFFFFFFF"]`:                    "want 8 digits",
		`["\U00110000"]`:                    "want the escape of a character",
		`[]`:                                "a list of 0 class names",
		`{}`:                                "a map of 0 class names",
		`{"0": "cat", "2": "dog"}`:          "class number 2 of 2 classes, want each of 0 to 1 once; do they count from 1?",
		`{"1": "cat", "2": "dog", "5": ""}`: "class number 5 of 3 classes, want each of 0 to 2 once",
		`{"0": "cat", "0": "dog"}`:          "class number 0 of 2 classes",
		`{"0": "cat", "-1": "dog"}`:         "class number -1",
		`{"cat": 0, "dog": 0}`:              "class number 0 of 2",
		`{"0": "cat", "1": ""}`:             "the name of class 1 is empty",
		`{"": 0}`:                           "the name of class 0 is empty",
		`{"cat": "feline"}`:                 "want a map of numbers to names",
		`{"cat": 0, "1": "dog"}`:            "want a map of numbers to names",
		`{"cat": 0.5}`:                      "want a map of numbers to names",
		`{"cat": [0]}`:                      "want a map of numbers to names",
		`{"0" "cat"}`:                       `want a colon after the key "0"`,
		`{"0": "cat"`:                       "want a comma or }",
		`{"classes": ["a", 1.5]}`:           "classes: line 1",
		`{"id2label": {}}`:                  "id2label: a map of 0",
		`{"99999999999999999999": "cat"}`:   "want a map of numbers",
		deep:                                "at most 64 brackets",
		many:                                "65537 class names, want at most 65536",
		"[" + strings.Repeat("1,", 1<<16+1): "",
		"[" + strings.Repeat("1,", 1<<16+1) + "]":          "a list of 65537",
		`{"x": 1,` + strings.Repeat(`"a":0,`, 1<<16) + "}": "a map of 65537",
		strings.Repeat("a", MaxClassFile+1):                "4194305 bytes are too many",
	} {
		names, _, err := ParseClassNames([]byte(text))
		if want == "" && err == nil && strings.HasPrefix(text, "[") {
			t.Errorf("%.60q accepted", text)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q: %.80q, %v; want %q", text, names, err, want)
		}
	}
	for _, n := range []int{1 << 16, 1} {
		names, _, err := ParseClassNames([]byte(strings.Repeat("a\n", n)))
		if err != nil || len(names) != n {
			t.Errorf("%d names: %d, %v", n, len(names), err)
		}
	}
}

// What is written of names is read again as the same names.
func FuzzParseClassNames(f *testing.F) {
	for _, s := range []string{
		"cat\ndog", "\xef\xbb\xbfcat", "\xff\xfec\x00a\x00", "\x00c\x00a", "caf\xe9", `["cat", 'd\u00e9g']`, `{"0": ["n", "cat"], "1": "x"}`,
		`{"cat": 0, "dog": 1}`, `{0: 'a', 1: "b",}`, `{"a": [1, {"b": null}], "id2label": {"0": "cat"}}`, "[x]\ny", "a,b,c", `("a", u'b')`, `["\ud83d\udc31"]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var names []string
		var err error
		promise.Keep(t, len(content), 0, func() { names, _, err = ParseClassNames(content) })
		if err != nil {
			return
		}
		if len(names) == 0 || slices.Contains(names, "") {
			t.Fatalf("%q: names %q", content, names)
		}
		list, numbers := "[", "{"
		for i, name := range names {
			list += fmt.Sprintf("%s, ", pythonQuote(name))
			numbers += fmt.Sprintf("%d: %s, ", i, pythonQuote(name))
		}
		for _, text := range []string{list + "]", numbers + "}"} {
			again, _, err := ParseClassNames([]byte(text))
			if err != nil || !slices.Equal(again, names) {
				t.Fatalf("%q: %q, then %q, %v", content, names, again, err)
			}
		}
	})
}

// pythonQuote writes a text in single quotes.
func pythonQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}
