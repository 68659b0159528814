package pickle

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// hexTexts is text, with the bytes of strings.
func hexTexts(v any) string {
	var parts []string
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("text %x", v)
	case Tuple:
		for _, x := range v {
			parts = append(parts, hexTexts(x))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case *List:
		for _, x := range v.Items {
			parts = append(parts, hexTexts(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *Dict:
		for _, e := range v.Entries {
			parts = append(parts, hexTexts(e.Key)+": "+hexTexts(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return text(v, 1)
}

func TestText(t *testing.T) {
	for _, c := range textCases {
		t.Run(c.name, func(t *testing.T) {
			v, next, err := decode(c.data + "after")
			if err != nil {
				t.Fatal(err)
			}
			got := hexTexts(v)
			if strings.HasPrefix(c.name, "protocol") {
				got = text(v, 4)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if next != int64(len(c.data)) {
				t.Errorf("ends at %d, want %d", next, len(c.data))
			}
			for n := range len(c.data) {
				if _, _, err := decode(c.data[:n]); err == nil {
					t.Errorf("cut to %d of %d bytes: no error", n, len(c.data))
				}
			}
		})
	}
}

func TestTextErrors(t *testing.T) {
	for data, want := range map[string]string{
		"Iabc\n.":                              `expected an integer, found "abc"`,
		"I1L\n.":                               `expected an integer, found "1L"`,
		"I\n.":                                 `expected an integer, found ""`,
		"L99999999999999999999x\n.":            `expected an integer`,
		"I" + strings.Repeat("9", 1025) + "\n": "a line of more than 1024 bytes",
		"I" + strings.Repeat("9", 9999):        "a line of more than 1024 bytes",
		"Fx\n.":                                `expected a number, found "x"`,
		"F1e999\n.":                            `expected a number, found "1e999"`,
		"Sabc\n.":                              "expected a string in quotes",
		"S\n.":                                 "expected a string in quotes",
		"S'\n.":                                "expected a string in quotes",
		"S'a\"\n.":                             "expected a string in quotes",
		"S'a\\'\n.":                            "expected a string in quotes",
		"S'\\x1'\n.":                           `an escape of "1'"`,
		"S'\\x'\n.":                            "an escape that the line's end cuts",
		"V\\u12\n.":                            "an escape that the line's end cuts",
		"V\\u12g4\n.":                          `an escape of "12g4"`,
		"V\\U00110000\n.":                      "a character of code 0x110000",
		"V\\Uffffffff\n.":                      "a character of code",
		"Npx\n.":                               `expected a memo index, found "x"`,
		"Np-1\n.":                              `expected a memo index, found "-1"`,
		"Np4294967296\n.":                      `expected a memo index`,
		"Np7\n.":                               "memo index 7 after 4 bytes",
		"g0\n.":                                "memo entry 0 was never put",
		"2.":                                   "the stack holds 0 values",
		"\x80\x06N.":                           "protocol 6, expected at most 5",
		"(Nd.":                                 "a key without a value",
		"l.":                                   "no mark",
		"d.":                                   "no mark",
		"ia\nb\n.":                             "no mark",
		"o.":                                   "no mark",
		"(o.":                                  "an object without a class",
		"N)\x92.":                              "the stack holds 2 values, expected 3",
		"NN}\x92.":                             "arguments are None",
	} {
		if _, _, err := decode(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v, want %q", data, err, want)
		}
	}
}

// Objects by the older instructions, and what is dropped in an opaque one.
func TestObjects(t *testing.T) {
	for data, want := range map[string]string{
		"(I1\nI2\nia\nb\n.":      "a.b(1, 2)",
		"(ca\nb\nI1\nI2\no.":     "a.b(1, 2)",
		"ca\nb\n(I1\nt}\x92.":    "a.b(1)",
		"Pa b c\n.":              `persistent("a b c")`,
		"((I1\nt(I2\nlI3\nt.":    "((1), [2], 3)",
		"(I1\nI2\nI3\nI4\nd.":    "{1: 2, 3: 4}",
		"](I1\nI2\ne2\x86.":      "([1, 2], [1, 2])",
		"(I1\nI2\n2I0\n(I3\n1t.": "(1, 2, 2, 0)",
	} {
		v, _, err := decode(data)
		if err != nil || text(v, 4) != want {
			t.Errorf("%q: %s, %v; want %s", data, text(v, 4), err, want)
		}
	}
}

type opaque struct{}

func (opaque) Opaque() {}

// shyEnv makes opaque objects of all names, and needs no numbers.
type shyEnv struct{ openEnv }

func (shyEnv) Global(module, name string) (any, error) { return opaque{}, nil }
func (shyEnv) Unneeded(key, value any) bool {
	_, number := value.(int64)
	return number && key != "keep" || value == 0.0
}

func TestOpaqueAndUnneeded(t *testing.T) {
	for data, want := range map[string]string{
		"ca\nb\n(I1\nNe.":  "{}",
		"ca\nb\nNa.":       "{}",
		"ca\nb\nNNs.":      "{}",
		"ca\nb\n(NNu.":     "{}",
		"ca\nb\nca\nb\nR.": "{}()",
		"](I1\nI2\nVa\nG@\x04\x00\x00\x00\x00\x00\x00Ne.": `["a", None]`,
		"(I1\nVa\nl.":   `["a"]`,
		"](I1\nVa\nea.": "",
		"}(Va\nI1\nVkeep\nI2\nVb\nVc\nF2.5\nF0.5\nu.": `{"keep": 2, "b": "c"} 2`,
		"(I1\nI2\nt.": "(1, 2)",
	} {
		v, _, err := Decode(strings.NewReader(data), 0, int64(len(data)), budget.New(1000), shyEnv{})
		if want == "" {
			if err == nil {
				t.Errorf("%q: no error", data)
			}
			continue
		}
		got := text(v, 4)
		if d, ok := v.(*Dict); ok {
			got += fmt.Sprint(" ", d.LeftOut)
		}
		if err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", data, got, err, want)
		}
	}
}

// Lines of any length, over the ends of the decoder's buffer.
func TestLongLines(t *testing.T) {
	for _, before := range []int{0, 1, 4090, 4095, 4096, 5000} {
		for _, n := range []int{0, 1, 4089, 4090, 4091, 4095, 4096, 4097, 8191, 8192, 8193, 100_000} {
			s := strings.Repeat("0123456789abc", n/13+1)[:n]
			head := strings.Repeat("N0", before)
			for op, line := range map[string]string{"V": s, "S": "'" + s + "'"} {
				v, _, err := decode(head + op + line + "\n.")
				if err != nil || v != s {
					t.Errorf("%s of %d bytes after %d: %v", op, n, before, err)
				}
			}
		}
	}
	// Escapes across it.
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var raw, want strings.Builder
		for want.Len() < 6000 {
			b := byte(rng.Uint32())
			want.WriteByte(b)
			if rng.IntN(2) == 0 || b == '\n' || b == '\\' || b == '\'' {
				fmt.Fprintf(&raw, "\\x%02x", b)
			} else {
				raw.WriteByte(b)
			}
		}
		if v, _, err := decode("S'" + raw.String() + "'\n."); err != nil || v != want.String() {
			t.Fatalf("escapes: %v", err)
		}
	}
}

// A tuple's memory is booked, and an index may be no larger than what was read.
func TestTupleAndMemoBounds(t *testing.T) {
	data := "(" + strings.Repeat("N", 1000) + "tq\x00" + strings.Repeat("(h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00t0", 1<<14)
	promise.Keep(t, len(data), 0, func() { decode(data) })
	for data, fails := range map[string]bool{"Nq\x02.": false, "Nq\x03.": true, "NN0q\x04.": false, "NN0q\x05.": true} {
		if _, _, err := decode(data); (err != nil) != fails {
			t.Errorf("%q: error %v", data, err)
		}
	}
}

// Integers are booked as the allocator counts them.
func TestIntegersAreBooked(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates beside")
	}
	for _, piece := range []string{"M\xff\xff", "J\xff\xff\xff\xff", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "I256\n", "L99L\n", "F2.5\n", "G@\x04\x00\x00\x00\x00\x00\x00"} {
		data := "(" + strings.Repeat(piece, 1<<18)
		promise.Keep(t, len(data), 0, func() {
			if _, _, err := decode(data); err == nil {
				t.Errorf("%q: an open mark is no error", piece)
			}
		})
	}
}

// The longest integer.
func TestLongestInteger(t *testing.T) {
	digits := strings.Repeat("a", 255)
	if v, _, err := decode("\x8b\xff\x00\x00\x00" + digits + "."); err != nil || v != Long(digits) {
		t.Errorf("255 bytes: %v, %v", v, err)
	}
	if _, _, err := decode("\x8b\x00\x01\x00\x00" + digits + "a."); err == nil || !strings.Contains(err.Error(), "an integer of 256 bytes") {
		t.Errorf("256 bytes: %v", err)
	}
}
