package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// load reads data under the eyes of the allocator, and demands what holds for
// every input: little memory, and an error of one readable line.
func load(t testing.TB, data []byte) (*StateDict, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Read(t.Context(), bytes.NewReader(data), int64(len(data)))
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4*len(data)+1<<20); got > limit {
		t.Errorf("%d bytes of input took %d bytes of memory, the limit is %d", len(data), got, limit)
	}
	if err != nil {
		if msg := err.Error(); strings.ContainsAny(msg, "\n\r\x00") || len(msg) > 700 {
			t.Errorf("not one readable line: %q", msg)
		}
	} else if s == nil || s.Len() == 0 && len(s.Metadata) == 0 && data[8] != '{' {
		t.Error("neither tensors nor an error")
	}
	return s, err
}

type hostile struct {
	name string
	data []byte
	want string // part of the error
}

func testHostile(t *testing.T, cases []hostile) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.data)
			if err == nil {
				t.Fatalf("no error, want %q", c.want)
			}
			// Where an int has 32 bits, some numbers are refused earlier.
			if !strings.Contains(err.Error(), c.want) && bits.UintSize == 64 {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

func TestUnknownFormats(t *testing.T) {
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	testHostile(t, []hostile{
		{"empty", nil, "empty file (0 bytes)"},
		{"one byte", []byte("x"), `begins with "x"`},
		{"text", []byte("these are not weights\n"), `begins with "these are not we"`},
		{"web page", []byte("<!DOCTYPE html>"), "web page"},
		{"git lfs", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:"), "git lfs pull"},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00"), "gzip"},
		{"keras", []byte("\x89HDF\r\n\x1a\n"), "HDF5"},
		{"numpy", []byte("\x93NUMPY\x01\x00"), ".npy"},
		{"tar", tar, "tar archive"},
		{"zeros", make([]byte, 4096), "not a PyTorch or safetensors checkpoint"},
	})
}

func TestLoadNamesThePath(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.pth")
	if err := os.WriteFile(text, []byte("these are not weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                             "expected a checkpoint file, found a folder",
		text:                            "not a PyTorch or safetensors checkpoint",
		filepath.Join(dir, "absent.pt"): "no such file",
		os.DevNull:                      "special file",
	} {
		_, err := Load(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), path) || (!strings.Contains(err.Error(), want) && runtime.GOOS != "windows") {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}

func TestHostilePickles(t *testing.T) {
	x := pVector("0", 4)
	good := entry{"x/data/0", fourFloats}
	// Each is the object of an otherwise valid archive.
	objects := []struct{ name, object, want string }{
		{"os.system", pGlobal("posix", "system") + pTuple(pStr("ls")) + "R", `found an object of "posix.system", which is not run`},
		{"eval", pStr("builtins") + pStr("eval") + "\x93" + pTuple(pStr("1")) + "R", `found an object of "builtins.eval", which is not run`},
		{"inst", "(i__main__\nrun\n", `an object of "__main__.run", which is not run`},
		{"allowed inst", "(icollections\nOrderedDict\n", "no tensors among no entries"},
		{"inst without a mark", "icollections\nOrderedDict\n", "no mark"},
		{"object of nothing", "(o", "an object without a class"},
		{"a global itself", pGlobal("nt", "system"), `found the global "nt.system", which is not run`},
		{"whole model", pGlobal("torchvision.models.resnet", "ResNet") + ")\x81", `an object of "torchvision.models.resnet.ResNet", which is not run (if the file holds a whole model, save model.state_dict() instead)`},
		{"own model", pGlobal("__main__", "Net") + ")\x81", "save model.state_dict() instead"},
		{"long global", pGlobal(strings.Repeat("a", 900), "b"), `aaa"... (902 bytes)`},
		{"endless global", "c" + strings.Repeat("a", 5000), "a line of more than 1024 bytes"},
		{"global of a number", "K\x01K\x02\x93", "a global whose name is no string"},
		{"extension", "\x82\x01", "unsupported instruction"},
		{"call of a number", "K\x01)R", "a call of an int"},
		{"call of no tuple", pGlobal("collections", "OrderedDict") + "K\x01R", "arguments are an int"},
		{"call of a storage class", pGlobal("torch", "FloatStorage") + ")R", "a call of a storage class"},

		{"empty stack", "0", "the stack holds 0 values"},
		{"tuple of nothing", "\x85", "the stack holds 0 values"},
		{"pop below a mark", "K\x01(\x85", "the stack holds 0 values"},
		{"no mark", "K\x01t", "no mark"},
		{"two values", "NN", "stops with 2 values"},
		{"open mark", "N(", "1 marks"},
		{"append to a dict", "}K\x01a", "appended to a dict"},
		{"set in a list", "]K\x01K\x01s", "set in a list"},
		{"key alone", "}(K\x01u", "a key without a value"},
		{"state on a number", "K\x01}b", "state set on an int"},
		{"memo", "h\x05", "memo entry 5 was never put"},
		{"memo gap", "Nq\x02h\x01", "memo entry 1 was never put"},
		{"memo bomb", "Nr\xff\xff\xff\xff", "memo index 4294967295 after 8 bytes"},
		{"protocol", "\x80\x09", "protocol 9"},
		{"string beyond the end", "X\xff\xff\xff\xffabc", "a length of 4294967295 bytes"},
		{"string of 2^63", "\x8d\x00\x00\x00\x00\x00\x00\x00\x80abc", "a length of 9223372036854775808 bytes"},
		{"bytes beyond the end", "B\xff\xff\xff\x7fabc", "a length of 2147483647 bytes"},
		{"frame beyond the end", "\x95\xff\x00\x00\x00\x00\x00\x00\x00N", "a length of 255 bytes"},
		{"integer of 256 bytes", "\x8b\x00\x01\x00\x00" + strings.Repeat("a", 256), "an integer of 256 bytes"},

		{"deep lists", strings.Repeat("]", 1<<18), "more memory"},
		{"deep tuples", "N" + strings.Repeat("\x85", 1<<18), "more memory"},
		{"marks", strings.Repeat("(", 1<<18), "more memory"},
		{"dicts", "(" + strings.Repeat("}", 1<<18), "more memory"},
		{"puts", "N" + strings.Repeat("\x94", 1<<18), "more memory"},
		// A list of 1000 pairs, made into an OrderedDict again and again by
		// four bytes each time.
		{"copies", "](" + strings.Repeat(pTuple("NN"), 1000) + "eq\x00\x85q\x01" + pGlobal("collections", "OrderedDict") + "q\x02h\x01R" + strings.Repeat("h\x02h\x01R", 1000), "more memory"},

		{"none", "N", "expected a state dict, found None"},
		{"list", "](" + x + "e", "expected a state dict, found a list"},
		{"tensor", x, "expected a state dict, found a tensor"},
		{"function", pGlobal("torch._utils", "_rebuild_tensor"), "found a function"},
		{"class", pGlobal("argparse", "Namespace"), "found a class"},
		{"object", pGlobal("argparse", "Namespace") + ")R", "found an object"},
		{"dtype", pGlobal("torch", "float32"), "found a dtype"},
		{"no entries", "}", "found no tensors among no entries"},
		{"no tensors", pDict(pStr("epoch"), "K\x05", "K\x07", "N", pStr("lr"), "G\x3f\xf0\x00\x00\x00\x00\x00\x00"), `found no tensors among its 3 entries, which are numbers`},
		{"numbers and texts", pDict(pStr("epoch"), "K\x05", "K\x07", pStr("a"), pStr("lr\n"), pStr("b")), `found no tensors among its 3 entries: (an int), "lr\n", and numbers`},
		{"wrapped nothing", pDict(pStr("state_dict"), pDict(pStr("model"), pDict(pStr("a"), pStr("b")))), `found no tensors among its 1 entries: "state_dict"`},
		{"whole models", pDict(pStr("model"), pGlobal("__main__", "Net")+")\x81", pStr("epoch"), "K\x05"), `its 2 entries: "model" (an object of "__main__.Net"), and numbers; an object is not run: if it is a whole model, save its state_dict() instead`},
		{"several dicts", pDict(pStr("G"), pDict(pStr("a.weight"), x), pStr("D"), pDict(pStr("b.weight"), x)), `2 entries hold weights ("G", "D"): name one of them`},
		{"unknown storage", pDict(pStr("w"), pView(pTuple(pStr("storage"), pGlobal("torch", "NewStorage"), pStr("0"), pStr("cpu"), pInt(4))+"Q", 0, pInts(4), pInts(1))), `"w" (an object of "torch.NewStorage")`},
		{"wraps itself", "}q\x00(" + pStr("state_dict") + "h\x00u", `found no tensors among its 1 entries: "state_dict"`},
		{"wraps in a ring", "}q\x00(" + pStr("state_dict") + "}(" + pStr("model") + "h\x00uu", `found no tensors`},
		{"number for a name", pDict("K\x05", x), "a tensor whose name is an int"},
		{"the same name twice", pDict(pStr("w"), x, pStr("w"), x), `tensor "w": a second tensor of that name`},
		{"name that is no text", pDict(pStr("w\xff"), x), "not valid UTF-8"},

		{"persistent number", "K\x01Q", "a persistent id that is no storage"},
		{"persistent module", pTuple(pStr("module"), pGlobal("a", "Net"), "NN") + "Q)\x81", `found an object of "a.Net"`},
		{"persistent text", "P('storage', FloatStorage, '0', 'cpu', 4)\n", "pickle protocol 0"},
		{"storage of another class", pTuple(pStr("storage"), pGlobal("torch", "Tensor"), pStr("0"), pStr("cpu"), pInt(4)) + "Q", "a storage id of unexpected types"},
		{"storage of negative size", pStorage("0", -1), `storage "0": -1 elements`},
		{"storage of 2^62 elements", pStorage("0", 1<<62), "4611686018427387904 elements of 4 bytes"},
		{"storage of two sizes", pTuple(pStorage("0", 4), pStorage("0", 5)), `storage "0": 20 bytes here, 16 before`},
		{"view of storage outside", pTuple(pStr("storage"), pGlobal("torch", "FloatStorage"), pStr("0"), pStr("cpu"), pInt(4), pTuple(pStr("1"), pInt(2), pInt(3))) + "Q", "a view outside its 4 elements"},
		{"view of storage overflows", pTuple(pStr("storage"), pGlobal("torch", "FloatStorage"), pStr("0"), pStr("cpu"), pInt(4), pTuple(pStr("1"), pInt(2), pInt(1<<63-1))) + "Q", "a view outside its 4 elements"},
		{"odd view of storage", pTuple(pStr("storage"), pGlobal("torch", "FloatStorage"), pStr("0"), pStr("cpu"), pInt(4), "K\x01") + "Q", "unexpected view an int"},

		{"arguments", pGlobal("torch._utils", "_rebuild_tensor_v2") + pTuple(pStorage("0", 4)) + "R", "1 arguments, expected 6 to 7"},
		{"no storage", pView("N", 0, pInts(4), pInts(1)), "the storage is None"},
		{"parameter of no tensor", pGlobal("torch._utils", "_rebuild_parameter") + pTuple("N", "\x89", "N") + "R", "the data is None, expected a tensor"},
		{"dtype that is none", pGlobal("torch._utils", "_rebuild_tensor_v3") + pTuple(pStorage("0", 4), "K\x00", pInts(4), pInts(1), "\x89", "N", "N") + "R", "the dtype is None"},
		{"types within types", pGlobal("torch._tensor", "_rebuild_from_type_v2") + "q\x00" + pTuple("h\x00", "N", ")", "N") + "R", "expected a function and its arguments"},
		{"shape that is no tuple", pView(pStorage("0", 4), 0, "K\x04", pInts(1)), "shape: an int, expected a tuple"},
		{"shape of floats", pView(pStorage("0", 4), 0, pTuple("G\x3f\xf0\x00\x00\x00\x00\x00\x00"), pInts(1)), "shape: axis 0: expected a size"},
		{"negative shape", pView(pStorage("0", 4), 0, pInts(2, -2), pInts(1, 1)), "axis 1: expected a size, found -2"},
		{"negative stride", pView(pStorage("0", 4), 3, pInts(4), pInts(-1)), "axis 0: expected a size, found -1"},
		{"negative offset", pView(pStorage("0", 4), -1, pInts(4), pInts(1)), "offset -1"},
		{"offset beyond", pView(pStorage("0", 4), 5, pInts(1), pInts(1)), "offset 5, expected within the 4 elements"},
		{"offset of nothing", pView(pStorage("0", 4), -1, pInts(0), pInts(1)), "offset -1"},
		{"shape without stride", pView(pStorage("0", 4), 0, pInts(4), pInts()), "another length than stride"},
		{"65 axes", pView(pStorage("0", 4), 0, pInts(make([]int64, 65)...), pInts(make([]int64, 65)...)), "65 axes"},
		{"shape overflows", pView(pStorage("0", 4), 0, pInts(1<<40, 1<<40), pInts(0, 0)), "overflows"},
		{"reaches outside", pView(pStorage("0", 4), 1, pInts(4), pInts(1)), `reaches outside the 4 elements of storage "0"`},
		{"stride overflows", pView(pStorage("0", 4), 0, pInts(3, 3), pInts(1<<62, 1<<62)), "reaches outside"},
		{"stride overflows at once", pView(pStorage("0", 4), 0, pInts(3), pInts(1<<63-1)), "reaches outside"},
		{"expanded", pDict(pStr("w"), pView(pStorage("0", 4), 0, pInts(1<<20, 1<<10), pInts(0, 0))), "more memory"},
		{"expanded beyond an int", pDict(pStr("w"), pView(pStorage("0", 4), 0, pInts(1<<62), pInts(0))), "the number of bytes overflows"},
		{"complex", pDict(pStr("w"), pGlobal("torch._utils", "_rebuild_tensor_v3")+pTuple(pStorage("0", 4), "K\x00", pInts(2), pInts(1), "\x89", "N", pGlobal("torch", "complex64"))+"R"), `the first of 1 is "w", torch.complex64`},
	}
	var cases []hostile
	for _, o := range objects {
		cases = append(cases, hostile{"zip/" + o.name, zipOf(t, o.object, good), o.want})
		if !strings.Contains(o.want, "bytes") { // whose lengths count from the pickle's end
			cases = append(cases, hostile{"legacy/" + o.name, legacyOf(o.object, []string{"0"}, legacyStorage(4, fourFloats)), o.want})
		}
	}
	testHostile(t, cases)
}

func TestHostileViews(t *testing.T) {
	// A thousand names for an expanded tensor, each within the budget.
	items := []string{}
	for i := range 1000 {
		items = append(items, pStr(string(rune('A'+i))), pView(pStorage("0", 4), 0, pInts(1<<14), pInts(0)))
	}
	testHostile(t, []hostile{
		{"many copies", zipOf(t, pDict(items...), entry{"x/data/0", fourFloats}), "more memory"},
	})
	// Within the budget it is a tensor like others.
	s, err := load(t, zipOf(t, pDict(pStr("w"), pView(pStorage("0", 4), 2, pInts(1<<10), pInts(0))), entry{"x/data/0", fourFloats}))
	if err != nil {
		t.Fatal(err)
	}
	w, _ := s.Get("w")
	if v, _ := w.Float32(); len(v) != 1<<10 || v[0] != 3 || v[1023] != 3 {
		t.Error("an expanded tensor of 1024 elements is not that")
	}
}

func TestHostileArchives(t *testing.T) {
	object := pDict(pStr("w"), pVector("0", 4))
	good := zipOf(t, object, entry{"x/data/0", fourFloats}, entry{"x/byteorder", "little"})
	if _, err := load(t, good); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian.AppendUint32
	damaged := bytes.Replace(good, []byte(fourFloats[:8]), []byte("damaged!"), 1)
	bomb := func(name string, n int, more ...entry) []byte {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		for _, e := range more {
			f, _ := w.Create(e.name)
			f.Write([]byte(e.data))
		}
		f, _ := w.Create(name)
		f.Write(make([]byte, n))
		w.Close()
		return buf.Bytes()
	}
	crowd := crowded(t, good, 50_000)
	// 40 names for one storage's bytes.
	items, same := []string{}, []entry{{"x/data/k", strings.Repeat("abcd", 1<<16)}}
	for i := range 40 {
		k := "s" + string(rune('A'+i))
		items = append(items, pStr(k), pVector(k, 1<<16))
		same = append(same, entry{"x/data/" + k, ""})
	}
	shared := zipOf(t, pDict(items...), same...)
	begin := bytes.LastIndex(shared, []byte("x/data/k")) - 46
	for _, e := range same[1:] {
		shared = patchDirectory(t, shared, e.name, dirCRC, shared[begin+dirCRC:begin+28]...)
		shared = patchDirectory(t, shared, e.name, dirPlace, shared[begin+dirPlace:begin+46]...)
	}
	testHostile(t, []hostile{
		{"trailing bytes beyond the search", append(bytes.Clone(good), make([]byte, 70_000)...), "no whole directory"},
		{"trailing archive end", append(bytes.Clone(good), "PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...), "NAME/data.pkl among its 0"},
		{"signature alone", []byte("PK\x03\x04"), "no whole directory"},
		{"no data.pkl", archiveOf(t, entry{"x/data/0", fourFloats}), "no record NAME/data.pkl among its 1"},
		{"data.pkl too deep", archiveOf(t, entry{"x/y/data.pkl", ""}), "no record NAME/data.pkl"},
		{"two data.pkl", zipOf(t, object, entry{"y/data.pkl", ""}), `records "x/data.pkl" and "y/data.pkl"`},
		{"empty data.pkl", archiveOf(t, entry{"x/data.pkl", ""}), "pickle byte 0: expected 1 more bytes, found 0"},
		{"torchscript", zipOf(t, object, entry{"x/constants.pkl", ""}), "TorchScript"},
		{"record missing", zipOf(t, object), `record "x/data/0" is missing`},
		{"record under another name", zipOf(t, object, entry{"y/data/0", fourFloats}), `record "x/data/0" is missing`},
		{"record twice", zipOf(t, object, entry{"x/data/0", fourFloats}, entry{"x/data/0", fourFloats}), `record "x/data/0": a second one`},
		{"record short", zipOf(t, object, entry{"x/data/0", fourFloats[:12]}), `record "x/data/0": 12 bytes, expected 16`},
		{"record long", zipOf(t, object, entry{"x/data/0", fourFloats + "more"}), `record "x/data/0": 20 bytes, expected 16`},
		{"record damaged", damaged, `record "x/data/0" at offset`},
		{"record encrypted", patchDirectory(t, good, "x/data/0", dirFlags, 1), "is encrypted"},
		{"record of method 9", patchDirectory(t, good, "x/data/0", dirMethod, 9), "compression method 9"},
		{"record not deflated", patchDirectory(t, good, "x/data/0", dirMethod, 8), "unpacking it"},
		{"sizes differ", patchDirectory(t, good, "x/data/0", dirCompressed, 15), "its sizes are 15 and 16"},
		{"place beyond the end", patchDirectory(t, good, "x/data/0", dirPlace, 0xff, 0xff, 0xff, 0x7f), `record "x/data/0": its header`},
		{"place of another", patchDirectory(t, good, "x/data/0", dirPlace, 5), `record "x/data/0": its header`},
		{"size beyond the end", patchDirectory(t, patchDirectory(t, zipOf(t, pDict(pStr("w"), pVector("0", 1<<28)), entry{"x/data/0", fourFloats}),
			"x/data/0", dirCompressed, le(nil, 1<<30)...), "x/data/0", dirSize, le(nil, 1<<30)...), "1073741824 bytes at offset"},
		{"data.pkl beyond the end", patchDirectory(t, patchDirectory(t, good, "x/data.pkl", dirCompressed, le(nil, 1<<30)...), "x/data.pkl", dirSize, le(nil, 1<<30)...), "1073741824 bytes at offset"},
		{"data.pkl damaged", bytes.Replace(good, []byte("FloatStorage"), []byte("fLOATsTORAGE"), 1), `record "x/data.pkl" at offset`},
		{"storage bomb", bomb("x/data/0", 8<<20, entry{"x/data.pkl", pickled(pDict(pStr("w"), pVector("0", 2<<20)))}), "more memory"},
		{"pickle bomb", bomb("x/data.pkl", 8<<20), "more memory"},
		{"size of a storage bomb", deflatedOf(t, 16, entry{"x/data/0", strings.Repeat("a", 1<<16)}, entry{"x/data.pkl", pickled(object)}), "expected the end of its data after 16 bytes"},
		{"checksum of a deflated record", deflatedOf(t, 16, entry{"x/data/0", fourFloats}, entry{"x/data.pkl", pickled(object)}), "checksum error"},
		{"byteorder", zipOf(t, object, entry{"x/byteorder", "middle"}), `expected "little" or "big"`},
		{"long byteorder", zipOf(t, object, entry{"x/byteorder", "little endian"}), `expected "little" or "big"`},
		{"no byteorder", zipOf(t, object, entry{"x/byteorder", ""}), `expected "little" or "big"`},
		{"big-endian of two sizes", zipOf(t, pDict(pStr("w"), pGlobal("torch._utils", "_rebuild_tensor_v3")+pTuple(pStorage("0", 4), "K\x00", pInts(8), pInts(1), "\x89", "N", pGlobal("torch", "uint16"))+"R"),
			entry{"x/data/0", fourFloats}, entry{"x/byteorder", "big"}), "several sizes"},
		{"crowded directory", crowd, "directory of the archive is too large"},
		{"shared bytes", shared, "more memory"},
	})
}

func TestHostileStreams(t *testing.T) {
	object := pDict(pStr("w"), pVector("0", 4), pStr("v"), pVector("1", 1))
	keys := []string{"1", "0"}
	tail := legacyStorage(1, fourFloats[4:8]) + legacyStorage(4, fourFloats)
	if _, err := load(t, legacyOf(object, keys, tail)); err != nil {
		t.Fatal(err)
	}
	testHostile(t, []hostile{
		{"magic number", []byte(pickled(pDict())), "expected the magic number of torch.save, found a dict"},
		{"pickled arrays", []byte("\x80\x04cnumpy\nfrombuffer\n."), `expected the magic number of torch.save, found the global "numpy.frombuffer"`},
		{"protocol", []byte("\x80\x02\x8a\x0a" + string(legacyMagic) + ".\x80\x02M\xea\x03."), "protocol number: expected 1001, found 1002"},
		{"keys that are no list", []byte(legacyHead + pickled(object) + pickled("N")), "storage keys: expected a list, found None"},
		{"key that is no string", []byte(legacyHead + pickled(object) + pickled("](}e")), "storage key 0 is a dict"},
		{"unknown key", legacyOf(object, []string{"1", "2"}, tail), `storage key "2": no tensor names it`},
		{"key twice", legacyOf(object, []string{"1", "1"}, tail), `storage key "1": no tensor names it, or it is there twice`},
		{"key missing", legacyOf(object, keys[:1], tail[:12]), `storage "0" is not in the list`},
		{"count", legacyOf(object, keys, legacyStorage(2, fourFloats[4:8])), `2 elements, expected 1`},
		{"huge count", legacyOf(object, keys, legacyStorage(-1, "")), "18446744073709551615 elements, expected 1"},
		{"storage cut", legacyOf(object, keys, tail[:len(tail)-1]), "expected 16 bytes, but the file has only 15 more"},
		{"count cut", legacyOf(object, keys, tail[:15]), "its length: offset"},
		{"huge storage", legacyOf(pDict(pStr("w"), pVector("0", 1<<40)), []string{"0"}, legacyStorage(1<<40, "")), "expected 4398046511104 bytes, but the file has only 0 more"},
	})
}

func TestHostileSafetensors(t *testing.T) {
	one := `{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`
	with := func(dtype, shape, offsets string) string {
		return `{"w":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	if _, err := load(t, safetensorsOf(one, fourFloats)); err != nil {
		t.Fatal(err)
	}
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), one...) }
	two := func(a, b string) string {
		return `{"a":{"dtype":"U8","shape":[4],"data_offsets":` + a + `},"b":{"dtype":"U8","shape":[4],"data_offsets":` + b + `}}`
	}
	cases := []hostile{
		{"header over 100 MB", length(100_000_001), "a header of 100000001 bytes, expected at most 100000000"},
		{"header of 2^64-1", length(1<<64 - 1), "expected at most 100000000"},
		{"header longer than the file", length(1000), "a header of 1000 bytes, but the file has only 55 more"},
		{"header of nothing", length(0), `offset 8: expected '{', found the header's end`},
		{"header cut", length(20), "the header's end"},
		{"nine bytes", length(1)[:9], `offset 9: expected '"', found the header's end`},
		{"data cut", safetensorsOf(one, fourFloats[:15]), "data_offsets [0, 16] are outside the 15 bytes"},
		{"trailing bytes", safetensorsOf(one, fourFloats+"more"), "the tensors take 16 bytes of data, found 20"},
		{"no tensors but data", safetensorsOf("{}", "more"), "the tensors take 0 bytes of data, found 4"},
	}
	for _, c := range []struct{ name, header, want string }{
		{"overlap", two("[0,4]", "[3,7]"), `tensor "b": its data begins at 3, inside that of tensor "a", which ends at 4`},
		{"the same place", two("[0,4]", "[0,4]"), "inside that of tensor"},
		{"hole", two("[0,4]", "[5,9]"), `tensor "b": its data begins at 5, expected 4`},
		{"hole at the start", two("[1,5]", "[5,9]"), `tensor "a": its data begins at 1, expected 0`},
		{"backwards", with("F32", "[4]", "[16,0]"), "outside the 16 bytes"},
		{"size and shape", with("F32", "[3]", "[0,16]"), "F32 of shape [3] takes 12 bytes, but its data_offsets [0, 16] hold 16"},
		{"scalar of no bytes", with("F32", "[]", "[0,0]"), "takes 4 bytes"},
		{"negative shape", with("F32", "[-4]", "[0,16]"), `expected a whole number, found "-"`},
		{"negative offset", with("F32", "[4]", "[-1,16]"), `expected a whole number, found "-"`},
		{"fraction", with("F32", "[4.0]", "[0,16]"), `expected ',' or ']', found "."`},
		{"exponent", with("F32", "[4e0]", "[0,16]"), `found "e"`},
		{"leading zero", with("F32", "[04]", "[0,16]"), "leading zero"},
		{"number overflows", with("F32", "[99999999999999999999]", "[0,16]"), "the number overflows"},
		{"shape overflows", with("F32", "[4294967296,4294967296,4294967296]", "[0,16]"), "the number of elements overflows"},
		{"bytes overflow", with("F32", "[4611686018427387904]", "[0,16]"), "the number of bytes overflows"},
		{"overflow hidden by zero", with("F32", "[4294967296,4294967296,4294967296,0]", "[0,16]"), "the number of elements overflows"},
		{"65 axes", with("F32", "["+strings.Repeat("1,", 64)+"4]", "[0,16]"), "more than 64 numbers"},
		{"one offset", with("F32", "[4]", "[16]"), "data_offsets: expected 2 numbers, found 1"},
		{"three offsets", with("F32", "[4]", "[0,8,16]"), "more than 2 numbers"},
		{"unknown dtype outside", with("F8_E5M2", "[4]", "[0,17]"), "outside the 16 bytes"},
		{"dtype without a name", with("", "[4]", "[0,16]"), `tensor "w": a dtype without a name`},
		{"unknown dtype cut", with("f32", "[4]", "[0,15]"), "the tensors take 15 bytes of data, found 16"},
		{"unknown field", `{"w":{"dtype":"F32","shape":[4],"offsets":[0,16]}}`, `unknown field "offsets"`},
		{"missing field", `{"w":{"dtype":"F32","shape":[4]}}`, "expected dtype, shape and data_offsets"},
		{"repeated dtype", `{"w":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, "a second dtype"},
		{"repeated shape", `{"w":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}`, "a second shape"},
		{"repeated offsets", `{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"data_offsets":[0,16]}}`, "a second data_offsets"},
		{"repeated name", one[:len(one)-1] + `,"w":{"dtype":"F32","shape":[0],"data_offsets":[16,16]}}`, `tensor "w": a second tensor of that name`},
		{"repeated metadata", `{"__metadata__":{},"__metadata__":{}}`, "a second __metadata__"},
		{"repeated key", `{"__metadata__":{"a":"","a":""}}`, `__metadata__: a second "a"`},
		{"metadata that is no string", `{"__metadata__":{"a":1}}`, `__metadata__ "a": offset 29: expected '"', found "1"`},
		{"array", "[]", "begins with"},
		{"after the end", one + "x", `expected the header's end, found "x"`},
		{"comma at the end", `{"w":{"dtype":"F32","shape":[4,],"data_offsets":[0,16]}}`, "expected a whole number"},
		{"no colon", `{"w"{}}`, `expected ':', found "{"`},
		{"open string", `{"w`, `expected '"'`},
		{"escape at the end", `{"w\`, `expected '"'`},
		{"bad escape", `{"\q":{}}`, "invalid string"},
		{"control character", "{\"w\n\":{}}", "a printable character"},
		{"name that is no text", "{\"w\xff\":{}}", "not valid UTF-8"},
		{"list for a tensor", `{"w":[]}`, `expected '{', found "["`},
		{"many axes", with("F32", "["+strings.Repeat("1,", 1<<18)+"4]", "[0,16]"), "more than 64 numbers"},
		{"much metadata", `{"__metadata__":{` + many(1<<16) + `}}`, "more memory"},
		{"nested", strings.Repeat(`{"a":`, 1<<16), `unknown field "a"`},
	} {
		cases = append(cases, hostile{c.name, safetensorsOf(c.header, fourFloats), c.want})
	}
	testHostile(t, cases)
}

// many returns n short entries of an object.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + string([]byte{'a' + byte(i%16), 'a' + byte(i/16%16), 'a' + byte(i/256%16), 'a' + byte(i/4096)}) + `":""`)
	}
	return b.String()
}

// A file cut anywhere is an error, and so is one with a byte of its tensors
// changed where there are checksums; a change anywhere never harms.
func TestCutAndBent(t *testing.T) {
	for _, name := range []string{"module.pth", "module.legacy.pth", "views.legacy.pth", "protocol-4.pth", "deflated.pth", "dtypes.safetensors", "odd.safetensors"} {
		t.Run(name, func(t *testing.T) {
			whole, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "checkpoint", name))
			if err != nil {
				t.Fatal(err)
			}
			for n := range whole {
				if n > 600 && n%5 != 0 && n < len(whole)-100 || raceEnabled && n%4 != 0 { // to take less time
					continue
				}
				if _, err := load(t, whole[:n]); err == nil {
					t.Fatalf("cut to %d of %d bytes: no error", n, len(whole))
				}
			}
			for i := range whole {
				if i%4 == 0 && len(whole) > 3000 || raceEnabled && i%4 != 1 {
					continue
				}
				bent := bytes.Clone(whole)
				bent[i] ^= []byte{1, 0x80, 0xff}[i%3]
				load(t, bent)
			}
		})
	}
}

func TestChecksumsCoverTheTensors(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "checkpoint", "module.pth"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, f := range z.File {
		if !strings.Contains(f.Name, "/data/") && !strings.HasSuffix(f.Name, "data.pkl") {
			continue
		}
		off, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(f.UncompressedSize64) {
			bent := bytes.Clone(whole)
			bent[off+i] ^= 4
			if _, err := load(t, bent); err == nil || !strings.Contains(err.Error(), "damaged") {
				t.Fatalf("%s, byte %d changed: error %v", f.Name, i, err)
			}
			tested++
		}
	}
	if tested < 1000 {
		t.Errorf("%d bytes tested", tested)
	}
}

// A shrinking file ends before its size says so.
type shrinking struct {
	*bytes.Reader
	end int64
}

func (s shrinking) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.end {
		return 0, io.EOF
	}
	n, err := s.Reader.ReadAt(p[:min(int64(len(p)), s.end-off)], off)
	if n < len(p) && err == nil {
		err = io.EOF
	}
	return n, err
}

// failing fails for good from an offset on.
type failing struct {
	*bytes.Reader
	from int64
}

var errDisk = errors.New("input/output error")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errDisk
	}
	return f.Reader.ReadAt(p, off)
}

func TestReadErrors(t *testing.T) {
	for _, name := range []string{"module.pth", "module.legacy.pth", "deflated.pth", "dtypes.safetensors"} {
		whole, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "checkpoint", name))
		if err != nil {
			t.Fatal(err)
		}
		size := int64(len(whole))
		for end := int64(0); end < size; end += 7 {
			if _, err := Read(t.Context(), shrinking{bytes.NewReader(whole), end}, size); err == nil {
				t.Errorf("%s: shrunk to %d bytes: no error", name, end)
			}
			// A zip's directory at its end is read first, so errors anywhere
			// but in unneeded entries are found.
			if _, err := Read(t.Context(), failing{bytes.NewReader(whole), end}, size); !errors.Is(err, errDisk) {
				t.Errorf("%s: failing from %d on: error %v", name, end, err)
			}
		}
	}
	if _, err := Read(t.Context(), bytes.NewReader(nil), -1); err == nil {
		t.Error("a negative size: no error")
	}
}
