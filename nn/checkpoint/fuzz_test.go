package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// FuzzLoad reads any bytes as a checkpoint of whichever format.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", "checkpoint", "*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		if filepath.Ext(path) == "" { // a folder
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		if len(data) > 8000 {
			continue
		}
		for _, at := range boundaries(data) {
			bent := bytes.Clone(data)
			bent[at] ^= 0xff
			f.Add(bent)
			f.Add(data[:at])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkPromises(t, data) })
}

// FuzzSafetensors reads any header over some data, so that the mutations need
// not keep the length right.
func FuzzSafetensors(f *testing.F) {
	for _, name := range []string{"dtypes", "odd"} {
		file, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "checkpoint", name+".safetensors"))
		if err != nil {
			f.Fatal(err)
		}
		n := 8 + binary.LittleEndian.Uint64(file)
		header := file[8:n]
		f.Add(header, file[n:])
		for i := 0; i < len(header); i += 1 + len(header)/50 {
			bent := bytes.Clone(header)
			bent[i] ^= 1
			f.Add(bent, file[n:])
			f.Add(header[:i], file[n:])
		}
	}
	f.Add([]byte(`{"__metadata__":{"a":"b"},"w":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}`), []byte("abcd"))
	f.Fuzz(func(t *testing.T, header, data []byte) { checkPromises(t, safetensorsOf(string(header), string(data))) })
}

// FuzzObject reads any pickle, and the bytes of its storages "0" and "1", in
// both of torch.save's formats: mutations of an archive would mostly break
// its checksums.
func FuzzObject(f *testing.F) {
	for _, object := range []string{
		pDict(pStr("w"), pVector("0", 4)),
		pDict(pStr("module.w"), pView(pStorage("0", 4), 0, pInts(2, 2), pInts(1, 2)), pStr("module.v"), pVector("1", 2)),
		pDict(pStr("state_dict"), pDict(pStr("w"), pView(pStorage("0", 4), 1, pInts(5, 3), pInts(0, 1))), pStr("epoch"), "K\x05"),
		pDict(pStr("w"), pGlobal("torch._utils", "_rebuild_tensor_v3")+pTuple(pStorage("0", 4), "K\x00", pInts(8), pInts(1), "\x89", "N", pGlobal("torch", "uint16"))+"R"),
		pDict(pStr("w"), pGlobal("torch._utils", "_rebuild_parameter")+pTuple(pVector("1", 2), "\x88", "N")+"R"),
		pGlobal("collections", "OrderedDict") + pTuple("]("+pTuple(pStr("w"), pVector("0", 4))+"e") + "R",
	} {
		f.Add([]byte(object), []byte(fourFloats), []byte(fourFloats[:8]))
	}
	f.Fuzz(func(t *testing.T, object, zero, one []byte) {
		checkPromises(t, zipOf(t, string(object), entry{"x/data/0", string(zero)}, entry{"x/data/1", string(one)}))
		tail := legacyStorage(int64(len(zero)/4), string(zero)) + legacyStorage(int64(len(one)/4), string(one))
		checkPromises(t, legacyOf(string(object), []string{"0", "1"}, tail))
	})
}

// checkPromises reads data and demands what Read promises: no panic, memory
// within bounds, and that what is accepted can be written as safetensors and
// is the same when read again.
func checkPromises(t *testing.T, data []byte) {
	t.Helper()
	var s *StateDict
	var err error
	promise.Keep(t, len(data), 0, func() { s, err = Read(t.Context(), bytes.NewReader(data), int64(len(data))) })
	if err != nil {
		if msg := err.Error(); msg == "" || strings.ContainsAny(msg, "\n\r\x00") {
			t.Fatalf("not one readable line: %q", msg)
		}
		return
	}
	for x := range s.All() {
		want, err := byteSize(x.DType, x.Shape)
		if err != nil || want != len(x.Bytes()) || !aligned(x.Bytes(), x.DType.Size()) {
			t.Fatalf("tensor %q: %v %v over %d bytes: %v", x.Name, x.DType, x.Shape, len(x.Bytes()), err)
		}
	}
	var file bytes.Buffer
	if err := WriteSafetensors(&file, s); err != nil {
		if _, ok := s.Get(metadataKey); ok {
			return
		}
		t.Fatal(err)
	}
	again, err := Read(t.Context(), bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatalf("what was accepted cannot be read again: %v", err)
	}
	requireEqual(t, again, s)
}

// boundaries are the places where a part of a checkpoint begins.
func boundaries(data []byte) []int {
	at := []int{0, 1, len(data) / 2, len(data) - 1}
	find := func(parts ...string) {
		for _, part := range parts {
			for i := 0; ; i++ {
				j := bytes.Index(data[i:], []byte(part))
				if j < 0 {
					break
				}
				i += j
				at = append(at, i, i+len(part))
			}
		}
	}
	switch {
	case string(data[:2]) == "PK":
		find("PK\x01\x02", "PK\x05\x06", "PK\x06\x06")
		if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
			for _, f := range z.File {
				if off, err := f.DataOffset(); err == nil {
					at = append(at, int(off), int(off)+int(f.CompressedSize64))
				}
			}
		}
	case data[0] == 0x80:
		find(".\x80", "storage")
	default:
		find(`{"`, "}")
		at = append(at, 8)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	return slices.DeleteFunc(at, func(i int) bool { return i >= len(data) })
}
