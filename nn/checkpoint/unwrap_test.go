package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wrapped is a state dict of one tensor, and what tells it from others: its name.
func wrapped(name string) string { return pDict(pStr(name), pVector("0", 4)) }

// The entry that is taken follows the rule that Read states.
func TestWhichEntry(t *testing.T) {
	optimizer := pDict(pStr("state"), pDict("K\x00", pDict(pStr("exp_avg"), pVector("0", 4))), pStr("param_groups"), "]")
	history := pDict(pStr("loss"), "](G\x3f\xf0\x00\x00\x00\x00\x00\x00e", pStr("best"), pVector("0", 4))
	type c struct{ name, object, key, taken, tensor, others string }
	cases := []c{
		{"itself", wrapped("a.weight"), "", "", "a.weight", ""},
		{"itself, without dots", wrapped("weight"), "", "", "weight", ""},
		{"itself, with a dict of the name", pDict(pStr("a.weight"), pVector("0", 4), pStr("model"), wrapped("b.weight")), "", "", "a.weight", ""},
		{"beside a tensor", pDict(pStr("best"), pVector("0", 4), pStr("model"), wrapped("b.weight")), "", "model", "b.weight", ""},
		{"plain before average", pDict(pStr("model_ema"), wrapped("b.weight"), pStr("model"), wrapped("a.weight")), "", "model", "a.weight", "model_ema"},
		{"an average alone", pDict(pStr("model_ema"), wrapped("b.weight"), pStr("optimizer"), optimizer), "", "model_ema", "b.weight", ""},
		{"asked for", pDict(pStr("model_ema"), wrapped("b.weight"), pStr("model"), wrapped("a.weight")), "model_ema", "model_ema", "b.weight", ""},
		{"params before params_ema", pDict(pStr("params_ema"), wrapped("b.weight"), pStr("params"), wrapped("a.weight")), "", "params", "a.weight", "params_ema"},
		{"teacher before student", pDict(pStr("student"), wrapped("b.weight"), pStr("teacher"), wrapped("a.weight")), "", "teacher", "a.weight", "student"},
		{"beside an unknown key with weights", pDict(pStr("backbone"), wrapped("a.weight"), pStr("my head"), wrapped("b.weight"), pStr("optimizer"), optimizer, pStr("history"), history), "", "backbone", "a.weight", "my head"},
		{"nested", pDict(pStr("checkpoint"), pDict(pStr("state"), pDict(pStr("model"), wrapped("a.weight")))), "", "checkpoint/state/model", "a.weight", ""},
		{"nested and asked for", pDict(pStr("checkpoint"), pDict(pStr("ema"), wrapped("b.weight"), pStr("model"), wrapped("a.weight"))), "checkpoint/ema", "checkpoint/ema", "b.weight", ""},
		{"asked for, then by the rule", pDict(pStr("x"), pDict(pStr("model"), wrapped("b.weight")), pStr("model"), wrapped("a.weight")), "x", "x/model", "b.weight", ""},
		{"a slash in a key", pDict(pStr("a/b"), wrapped("b.weight"), pStr("model"), wrapped("a.weight")), "a/b", "a/b", "b.weight", ""},
		{"an unknown key", pDict(pStr("my net"), wrapped("a.weight"), pStr("optimizer"), optimizer, pStr("history"), history), "", "my net", "a.weight", ""},
		{"an unknown key behind others", pDict(pStr("about"), pStr("text"), "K\x05", wrapped("x.weight"), pStr("optimizer"), optimizer, pStr("my net"), wrapped("a.weight")), "", "my net", "a.weight", ""},
		{"an unknown key, deep", pDict(pStr("ema"), pDict(pStr("shadow"), wrapped("a.weight"))), "", "ema/shadow", "a.weight", ""},
		{"a module of one layer", pDict(pStr("layer"), wrapped("weight")), "", "layer", "weight", ""},
		{"the last of two entries", pDict(pStr("model"), wrapped("b.weight"), pStr("model"), wrapped("a.weight")), "", "model", "a.weight", ""},
		{"no tensors under a better key", pDict(pStr("state_dict"), optimizer, pStr("network"), wrapped("a.weight")), "", "network", "a.weight", ""},
		{"a better key with an object", pDict(pStr("state_dict"), pGlobal("a", "B")+")R", pStr("network"), wrapped("a.weight")), "", "network", "a.weight", ""},
		{"the same dict under two keys", "}(" + pStr("one") + wrapped("a.weight") + "q\x01" + pStr("two") + "h\x01u", "", "one", "a.weight", ""},
	}
	for _, key := range wrapperKeys {
		cases = append(cases, c{key, pDict(pStr("epoch"), "K\x05", pStr(key), wrapped("a.weight"), pStr("optimizer"), optimizer), "", key, "a.weight", ""})
	}
	dir := t.TempDir()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, "x.pth")
			if err := os.WriteFile(path, zipOf(t, c.object, entry{"x/data/0", fourFloats}), 0o644); err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 { // the other format
				if err := os.WriteFile(path, legacyOf(c.object, []string{"0"}, legacyStorage(4, fourFloats)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s, err := LoadWith(t.Context(), path, Options{Key: c.key})
			if err != nil {
				t.Fatal(err)
			}
			if s.Taken != c.taken || !slices.Equal(s.Names(), []string{c.tensor}) && c.name != "itself, with a dict of the name" || strings.Join(s.Others, " ") != c.others {
				t.Errorf("taken %q of %v, others %q; want %q, %q", s.Taken, s.Names(), s.Others, c.taken, c.others)
			}
		})
	}
}

func TestKeyErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pth")
	load := func(data []byte, key string) error {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := LoadWith(t.Context(), path, Options{Key: key})
		return err
	}
	file := zipOf(t, pDict(pStr("model"), pDict(pStr("a"), wrapped("x.weight")), pStr("n\n"), "K\x05"), entry{"x/data/0", fourFloats})
	for key, want := range map[string]string{
		"ema":       `no dict "ema" among its 2 entries: "model", and numbers`,
		"n\n":       `no dict "n\n" among`,
		"model/b":   `"model": no dict "b" among its 1 entries: "a"`,
		"model/a/x": `"model/a": no dict "x" among its 1 entries: "x.weight"`,
	} {
		if err := load(file, key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", key, err, want)
		}
	}
	if err := load(safetensorsOf(`{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, fourFloats), "model"); err == nil || !strings.Contains(err.Error(), `no entry "model"`) {
		t.Errorf("safetensors: error %v", err)
	}
}

// Dicts within each other in many ways take no time.
func TestManyPaths(t *testing.T) {
	// 2000 dicts, each with all those before it: more paths than can be walked.
	object := "}q\x00"
	for i := range 200 {
		object += "0}("
		for j := range min(i+1, 200) {
			object += pStr(string(rune('a'+j%26))+string(rune('a'+j/26))) + "h" + string([]byte{byte(j)})
		}
		object += "uq" + string([]byte{byte(i + 1)})
	}
	if _, err := load(t, zipOf(t, object)); err == nil || !strings.Contains(err.Error(), "found no tensors") {
		t.Errorf("error %v", err)
	}
}

// What stands where a tensor should, and tensors of other types, are told and not read.
func TestSkipped(t *testing.T) {
	complex64 := pGlobal("torch._utils", "_rebuild_tensor_v3") + pTuple(pStorage("0", 4), "K\x00", pInts(2), pInts(1), "\x89", "N", pGlobal("torch", "complex64")) + "R"
	newer := pGlobal("torch._utils", "_rebuild_tensor_v3") + pTuple(pStorage("0", 4), "K\x00", pInts(2), pInts(1), "\x89", "N", pGlobal("torch", "float3")) + "R"
	ofClass := pGlobal("torch._tensor", "_rebuild_from_type_v2") + pTuple(pGlobal("torch._utils", "_rebuild_tensor_v9"), pGlobal("my", "Tensor"), pTuple("N"), "N") + "R"
	object := pDict("K\x06", pGlobal("os", "popen"), pStr("module.a"), pVector("0", 4), pStr("module.c"), complex64, pStr("module.n"), newer, pStr("module.t"), ofClass,
		pStr("module.q"), pGlobal("torch._utils", "_rebuild_qtensor")+")R", pStr("g"), pGlobal("os", "system"), "K\x05", pGlobal("os", "system"))
	s, err := load(t, zipOf(t, object, entry{"x/data/0", fourFloats}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range s.Skipped {
		got = append(got, x.Name+": "+x.Type)
	}
	want := []string{
		"c: torch.complex64", `n: an object of "torch.float3"`, `t: an object of "torch._utils._rebuild_tensor_v9"`,
		`q: an object of "torch._utils._rebuild_qtensor"`, `g: the global "os.system"`,
	}
	if !slices.Equal(s.Names(), []string{"a"}) || !slices.Equal(got, want) || !slices.Equal(s.Skipped[0].Shape, []int{2}) || s.Skipped[1].Shape != nil {
		t.Errorf("%v, skipped %q of shape %v", s.Names(), got, s.Skipped[0].Shape)
	}
	s, err = load(t, safetensorsOf(`{"a":{"dtype":"F8_E4M3","shape":[2,3],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}`, "abcdefgh"))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := s.Get("b")
	if x := s.Skipped; len(x) != 1 || x[0].Name != "a" || x[0].Type != "F8_E4M3" || !slices.Equal(x[0].Shape, []int{2, 3}) || string(b.Bytes()) != "gh" || s.Len() != 1 {
		t.Errorf("skipped %+v, read %v", x, s.Names())
	}
}

// A tensor without elements shares nothing and reads nothing, and the first element beyond
// an int64 is found as well as others.
func TestViewOfNothing(t *testing.T) {
	// The storage's record is missing, which is no matter to a view of no elements.
	s, err := load(t, zipOf(t, pDict(pStr("w"), pView(pStorage("0", 4), 1<<62, pInts(2, 0), pInts(1, 1)))))
	if err != nil {
		t.Fatal(err)
	}
	if w, _ := s.Get("w"); w.Len() != 0 || !slices.Equal(w.Shape, []int{2, 0}) {
		t.Errorf("%v", w)
	}
	big, err := NewTensor("big", U64, []int{2}, []byte{0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := big.Int64(); err == nil || !strings.Contains(err.Error(), "element 0 is 9223372036854775808") {
		t.Errorf("2^63: error %v", err)
	}
}

// A bool has no negative.
func TestNegativeBool(t *testing.T) {
	storage := pTuple(pStr("storage"), pGlobal("torch", "BoolStorage"), pStr("0"), pStr("cpu"), pInt(4)) + "Q"
	with := func(metadata string) string {
		return pDict(pStr("w"), pGlobal("torch._utils", "_rebuild_tensor_v2")+pTuple(storage, "K\x00", pInts(4), pInts(1), "\x89", "N", metadata)+"R")
	}
	for metadata, want := range map[string]string{
		pDict(pStr("neg"), "\x89"):  "a negative of bools",
		pDict(pStr("neg"), "N"):     "a negative of bools",
		pDict(pStr("conj"), "\x88"): "",
		"N":                         "",
		"}":                         "",
	} {
		_, err := load(t, zipOf(t, with(metadata), entry{"x/data/0", "\x00\x01\x01\x00"}))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want %q", metadata, err, want)
		}
	}
}

// What a training notes at length beside a small network is within its bounds: losses by
// the step, orders of samples, names of files, versions of modules.
func TestHonestMetadata(t *testing.T) {
	const n = 200_000
	if raceEnabled {
		t.Skip("measures nothing new")
	}
	// As Python writes them: a thousand at a time, and a text once.
	batches := func(begin, end string, n int, item func(i int) string) string {
		var b strings.Builder
		b.WriteString(begin)
		for i := range n {
			if i%1000 == 0 {
				b.WriteString("(")
			}
			b.WriteString(item(i))
			if i%1000 == 999 || i == n-1 {
				b.WriteString(end)
			}
		}
		return b.String()
	}
	list := func(item string) string { return batches("]", "e", n, func(int) string { return item }) }
	floats, ints, bytes, wide := list("G\x3f\xf0\x01\x00\x00\x00\x00\x00"), list("M\x00\x10"), list("K\x10"), list("J\x00\x00\x10\x00")
	memo := func(i int) string { return "r" + string([]byte{byte(i), byte(i >> 8), byte(i >> 16), 0}) }
	known := pStr("epoch") + "q\x000" + pStr("loss") + "q\x010" + pStr("version") + "q\x020"
	epochs := known + batches("]", "e", n/10, func(i int) string {
		return "}" + memo(i+3) + "(h\x00M\x00\x10h\x01G\x3f\xf0\x01\x00\x00\x00\x00\x00u"
	})
	key := func(prefix string, i int) string { return pStr(fmt.Sprint(prefix, i)) }
	steps := batches("}", "u", n/10, func(i int) string { return key("loss/", i) + memo(i) + "G\x3f\xf0\x01\x00\x00\x00\x00\x00" })
	files := batches("]", "e", n/10, func(i int) string { return key("/data/train/n01440764/n01440764_", i) + memo(i) })
	metadata := known + batches("}", "u", n/10, func(i int) string {
		return key("layer1.0.conv1.module", i) + memo(2*i+3) + "}" + memo(2*i+4) + "h\x02K\x01s"
	})
	for name, object := range map[string]string{"floats": floats, "ints": ints, "small ints": bytes, "wide ints": wide, "epochs": epochs, "steps": steps, "files": files, "metadata": metadata} {
		t.Run(name, func(t *testing.T) {
			if s, err := load(t, zipOf(t, pDict(pStr("history"), object, pStr("model"), wrapped("a.weight")), entry{"x/data/0", fourFloats})); err != nil {
				t.Error(err)
			} else if s.Len() != 1 {
				t.Errorf("%v", s.Names())
			}
		})
	}
}
