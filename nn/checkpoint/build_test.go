package checkpoint

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"
)

// This file puts checkpoints together, valid and otherwise, for the tests.

// Pieces of pickles. Each leaves one value on the stack.

func pStr(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func pInt(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func pTuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

func pInts(list ...int64) string {
	var items []string
	for _, n := range list {
		items = append(items, pInt(n))
	}
	return pTuple(items...)
}

func pGlobal(module, name string) string { return "c" + module + "\n" + name + "\n" }

// pDict is a dict of alternating keys and values.
func pDict(items ...string) string { return "}(" + strings.Join(items, "") + "u" }

// pStorage is a storage of float32s.
func pStorage(key string, numel int64) string {
	return pTuple(pStr("storage"), pGlobal("torch", "FloatStorage"), pStr(key), pStr("cpu"), pInt(numel)) + "Q"
}

// pView is _rebuild_tensor_v2 of a storage; shape and stride are tuples.
func pView(storage string, offset int64, shape, stride string) string {
	return pGlobal("torch._utils", "_rebuild_tensor_v2") +
		pTuple(storage, pInt(offset), shape, stride, "\x89", pGlobal("collections", "OrderedDict")+")R") + "R"
}

// pVector is a whole storage as a vector.
func pVector(key string, numel int64) string {
	return pView(pStorage(key, numel), 0, pInts(numel), pInts(1))
}

func pickled(value string) string { return "\x80\x02" + value + "." }

// An entry is one of a zip archive.
type entry struct{ name, data string }

// zipOf is an archive as torch.save packs it.
func zipOf(t testing.TB, object string, more ...entry) []byte {
	t.Helper()
	return archiveOf(t, append([]entry{{"x/data.pkl", pickled(object)}}, more...)...)
}

func archiveOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: e.name, CRC32: crc32.ChecksumIEEE([]byte(e.data)),
			CompressedSize64: uint64(len(e.data)), UncompressedSize64: uint64(len(e.data)),
		})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(e.data))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// deflatedOf is an archive whose first entry is compressed, and claims to have
// size bytes and some checksum; the others are stored.
func deflatedOf(t testing.TB, size uint64, first entry, others ...entry) []byte {
	t.Helper()
	var packed, buf bytes.Buffer
	fw, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	fw.Write([]byte(first.data))
	fw.Close()
	w := zip.NewWriter(&buf)
	f, err := w.CreateRaw(&zip.FileHeader{Name: first.name, Method: zip.Deflate, CRC32: 1, CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(packed.Bytes())
	for _, e := range others {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(e.data))
	}
	w.Close()
	return buf.Bytes()
}

// patchDirectory overwrites bytes at an offset within the directory's record
// of the named entry.
func patchDirectory(t testing.TB, file []byte, name string, at int, with ...byte) []byte {
	t.Helper()
	begin := bytes.LastIndex(file, []byte(name)) - 46
	if begin < 0 || string(file[begin:begin+4]) != "PK\x01\x02" {
		t.Fatalf("no directory record of %s", name)
	}
	file = bytes.Clone(file)
	copy(file[begin+at:], with)
	return file
}

// crowded is the archive with the directory replaced by n records that cost a
// reader much for their size: no name, and two times that differ by a zone.
func crowded(t testing.TB, archive []byte, n int) []byte {
	t.Helper()
	end := bytes.LastIndex(archive, []byte("PK\x05\x06"))
	place := binary.LittleEndian.Uint32(archive[end+16:])
	record := bytes.Clone(archive[place : place+46])
	copy(record[12:], []byte{0x21, 0x08, 0x21, 0x50})
	copy(record[28:], []byte{0, 0, 9, 0, 0, 0})
	record = append(record, "UT\x05\x00\x01\xd0\x5e\x0d\x5e"...)
	out := append(bytes.Clone(archive[:place]), bytes.Repeat(record, n)...)
	out = append(out, "PK\x05\x06\x00\x00\x00\x00"...)
	out = binary.LittleEndian.AppendUint16(out, uint16(n))
	out = binary.LittleEndian.AppendUint16(out, uint16(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(n*len(record)))
	out = binary.LittleEndian.AppendUint32(out, place)
	return append(out, 0, 0)
}

// Offsets within a directory's record.
const (
	dirFlags, dirMethod, dirCRC      = 8, 10, 16
	dirCompressed, dirSize, dirPlace = 20, 24, 42
	fourFloats                       = "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40" // 1 2 3 4
	legacyHead                       = "\x80\x02\x8a\x0a" + string(legacyMagic) + ".\x80\x02M\xe9\x03.\x80\x02}."
)

// legacyOf is a legacy stream; tail is the storages.
func legacyOf(object string, keys []string, tail string) []byte {
	list := "]("
	for _, k := range keys {
		list += pStr(k)
	}
	return []byte(legacyHead + pickled(object) + pickled(list+"e") + tail)
}

// legacyStorage is a storage of a stream's tail.
func legacyStorage(numel int64, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(numel))) + data
}

// safetensorsOf is a file of that header and data.
func safetensorsOf(header, data string) []byte {
	return []byte(string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + data)
}
