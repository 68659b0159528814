package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// call is what the tests' Env makes of a call.
type call struct {
	f    any
	args Tuple
}

func (call) Kind() string { return "a call" }

// openEnv accepts every name. It allocates little, so books nothing.
type openEnv struct{}

func (openEnv) Global(module, name string) (any, error) { return module + "." + name, nil }
func (openEnv) Call(f any, args Tuple) (any, error)     { return call{f, args}, nil }
func (openEnv) Build(obj, state any) (any, error)       { return call{"build", Tuple{obj, state}}, nil }
func (openEnv) Persistent(id any) (any, error)          { return call{"persistent", Tuple{id}}, nil }

func decode(s string) (any, int64, error) {
	return Decode(strings.NewReader(s), 0, int64(len(s)), budget.New(int64(len(s))), openEnv{})
}

// text writes a value as Python would, to a depth.
func text(v any, depth int) string {
	if depth == 0 {
		return "..."
	}
	join := func(list []any) string {
		var parts []string
		for _, x := range list {
			parts = append(parts, text(x, depth-1))
		}
		return strings.Join(parts, ", ")
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return fmt.Sprintf("%q", v)
	case Long:
		return fmt.Sprintf("Long(%x)", string(v))
	case Span:
		return fmt.Sprintf("bytes[%d:%d]", v.Off, v.Off+v.Len)
	case Tuple:
		return "(" + join(v) + ")"
	case *List:
		return "[" + join(v.Items) + "]"
	case *Dict:
		var parts []string
		for _, e := range v.Entries {
			parts = append(parts, text(e.Key, depth-1)+": "+text(e.Value, depth-1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case call:
		return fmt.Sprint(v.f) + "(" + join(v.args) + ")"
	}
	return fmt.Sprint(v)
}

// The pickles are pickle.dumps's of CPython 3.11, of
//
//	{'a': [1, -2, 300, 70000, 2**31, -2**31-1, 2**63-1, -2**63, 2**63, 2**100, -2**100],
//	 'b': (None, True, False), 'c': ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), 'd': 2.5,
//	 'e': b'abc', 'f': 'größe', 'g': {1}, 'h': frozenset([2]), '': {}}
//
// and of small values that share and hold themselves.
func TestDecode(t *testing.T) {
	const nested = `{"a": [1, -2, 300, 70000, 2147483648, -2147483649, 9223372036854775807, -9223372036854775808, ` +
		`Long(000000000000008000), Long(00000000000000000000000010), Long(000000000000000000000000f0)], ` +
		`"b": (None, true, false), "c": ((), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "d": 2.5, "e": %s, ` +
		`"f": "größe", "g": %s, "h": %s, "": {}}`
	for _, c := range []struct{ name, data, want string }{
		{
			"protocol 2", "\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x05\x00\x00\x00\x80\x00\x8a\x05\xff\xff\xff\x7f\xff\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0eX\x01\x00\x00\x00bq\x03N\x88\x89\x87q\x04X\x01\x00\x00\x00cq\x05()K\x01\x85q\x06K\x01K\x02\x86q\x07K\x01K\x02K\x03\x87q\x08(K\x01K\x02K\x03K\x04tq\x09tq\x0aX\x01\x00\x00\x00dq\x0bG@\x04\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00eq\x0cc_codecs\x0aencode\x0aq\x0dX\x03\x00\x00\x00abcq\x0eX\x06\x00\x00\x00latin1q\x0f\x86q\x10Rq\x11X\x01\x00\x00\x00fq\x12X\x07\x00\x00\x00gr\xc3\xb6\xc3\x9feq\x13X\x01\x00\x00\x00gq\x14c__builtin__\x0aset\x0aq\x15]q\x16K\x01a\x85q\x17Rq\x18X\x01\x00\x00\x00hq\x19c__builtin__\x0afrozenset\x0aq\x1a]q\x1bK\x02a\x85q\x1cRq\x1dX\x00\x00\x00\x00q\x1e}q\x1fu.",
			fmt.Sprintf(nested, `_codecs.encode("abc", "latin1")`, "__builtin__.set([1])", "__builtin__.frozenset([2])"),
		},
		{
			"protocol 4", "\x80\x04\x95\xd2\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x05\x00\x00\x00\x80\x00\x8a\x05\xff\xff\xff\x7f\xff\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0e\x8c\x01b\x94N\x88\x89\x87\x94\x8c\x01c\x94()K\x01\x85\x94K\x01K\x02\x86\x94K\x01K\x02K\x03\x87\x94(K\x01K\x02K\x03K\x04t\x94t\x94\x8c\x01d\x94G@\x04\x00\x00\x00\x00\x00\x00\x8c\x01e\x94C\x03abc\x94\x8c\x01f\x94\x8c\x07gr\xc3\xb6\xc3\x9fe\x94\x8c\x01g\x94\x8f\x94(K\x01\x90\x8c\x01h\x94(K\x02\x91\x94\x8c\x00\x94}\x94u.",
			fmt.Sprintf(nested, "bytes[177:180]", "[1]", "(2)"),
		},
		{"shared", "\x80\x02]q\x00(]q\x01X\x01\x00\x00\x00sq\x02ah\x01X\x01\x00\x00\x00tq\x03h\x03\x86q\x04e.", `[["s"], ["s"], ("t", "t")]`},
		{"shared, protocol 5", "\x80\x05\x95\x16\x00\x00\x00\x00\x00\x00\x00]\x94(]\x94\x8c\x01s\x94ah\x01\x8c\x01t\x94h\x03\x86\x94e.", `[["s"], ["s"], ("t", "t")]`},
		{"a list in itself", "\x80\x02]q\x00h\x00a.", "[[[[...]]]]"},
		{"a tuple in itself", "\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94h\x00\x85\x94a0h\x01.", "([([...])])"},
		{"bytearray", "\x80\x05\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x96\x03\x00\x00\x00\x00\x00\x00\x00xyz\x94.", "bytes[20:23]"},
		{"python 2 string", "\x80\x02U\x03abcq\x00.", `"abc"`},
		{"zero", "\x80\x02\x8a\x00.", "0"},
		{"long memo index", "(" + strings.Repeat("N0", 300) + "Nr\x00\x01\x00\x00j\x00\x01\x00\x00t.", "(None, None)"},
		{"popped mark", "N(0.", "None"},
		{"popped to the mark", "N(NN1.", "None"},
		{"build", "N}b.", "build(None, {})"},
		{"persistent", "K\x05Q.", "persistent(5)"},
		{"new object", "ca\nb\n(K\x01t\x81.", "a.b(1)"},
		{"stack global", "\x8c\x01a\x8c\x01b\x93.", `"a.b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, next, err := decode(c.data + "after")
			if err != nil {
				t.Fatal(err)
			}
			if got := text(v, 4); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if next != int64(len(c.data)) {
				t.Errorf("ends at %d, want %d", next, len(c.data))
			}
		})
	}
}

// Long strings cross the decoder's buffer; long bytes are never read.
func TestLongStrings(t *testing.T) {
	for _, n := range []int{4090, 4096, 4097, 10_000, 65_535, 65_536, 100_000} {
		s := strings.Repeat("0123456789abc", n/13+1)[:n]
		size := string([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0})
		v, _, err := decode("X" + size + s + ".")
		if err != nil || v != s {
			t.Errorf("unicode of %d bytes: %v", n, err)
		}
		v, _, err = decode("B" + size + s + ".")
		if err != nil || v != (Span{5, int64(n)}) {
			t.Errorf("bytes of %d bytes: %v, %v", n, v, err)
		}
		v, _, err = decode("T" + size + s + ".")
		if want := (Span{5, int64(n)}); err != nil || (n < MaxString && v != s) || (n >= MaxString && v != want) {
			t.Errorf("python 2 string of %d bytes: %v", n, err)
		}
	}
}

type strictEnv struct{ openEnv }

var errRefused = errors.New("refused")

func (strictEnv) Global(module, name string) (any, error) { return nil, errRefused }

func TestRefusal(t *testing.T) {
	for _, data := range []string{"cposix\nsystem\n.", "\x8c\x05posix\x8c\x06system\x93.", "(iposix\nsystem\n."} {
		_, _, err := Decode(strings.NewReader(data), 0, int64(len(data)), budget.New(100), strictEnv{})
		if !errors.Is(err, errRefused) || !strings.HasPrefix(err.Error(), "pickle byte ") {
			t.Errorf("%q: error %v", data, err)
		}
	}
}

// Decode reads its range of the file and no more.
func TestRange(t *testing.T) {
	data := "garbageK\x07.garbage"
	v, next, err := Decode(strings.NewReader(data), 7, 10, budget.New(100), openEnv{})
	if v != int64(7) || next != 10 || err != nil {
		t.Errorf("got %v, %d, %v", v, next, err)
	}
	if _, _, err := Decode(strings.NewReader(data), 7, 9, budget.New(100), openEnv{}); err == nil {
		t.Error("a pickle that ends after its range: no error")
	}
	if _, _, err := Decode(bytes.NewReader([]byte(data)), 7, 100, budget.New(100), openEnv{}); err == nil {
		t.Error("a range beyond the file: no error")
	}
}

func TestCut(t *testing.T) {
	whole := "\x80\x04\x95\x16\x00\x00\x00\x00\x00\x00\x00]\x94(]\x94\x8c\x01s\x94ah\x01\x8c\x01t\x94h\x03\x86\x94G@\x04\x00\x00\x00\x00\x00\x00\x8a\x02\x01\x02ca\nb\n)Re."
	if _, _, err := decode(strings.Replace(whole, "\x16", "\x20", 1)); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if _, _, err := decode(whole[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
}

func TestKind(t *testing.T) {
	for want, v := range map[string]any{
		"None": nil, "a bool": true, "an int": int64(1), "a float": 1.5, "a str": "", "bytes": Span{},
		"a tuple": Tuple{}, "a list": &List{}, "a dict": &Dict{}, "a call": call{}, "a struct {}": struct{}{},
	} {
		if got := Kind(v); got != want {
			t.Errorf("Kind(%v) = %q, want %q", v, got, want)
		}
	}
	if Kind(Long("")) != "an int" {
		t.Error("a Long is an int")
	}
}
