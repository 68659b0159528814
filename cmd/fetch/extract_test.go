package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hostile archives, whose MD5 sums are taken for right.
func hostile(t testing.TB) map[string]struct {
	archive []byte
	err     string
} {
	good := goodEntries()
	whole := pack(t, good...)
	with := func(e ...entry) []byte { return pack(t, append(e, good...)...) }
	kind := func(k byte) []byte { return with(entry{name: "toy/x", kind: k}) }
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	w := tar.NewWriter(z)
	w.WriteHeader(&tar.Header{Name: "toy/zeros", Size: 64 << 20, Typeflag: tar.TypeReg})
	io.CopyN(w, zeros{}, 64<<20)
	w.Close()
	z.Close()
	// A file of the right size that is nearly all hole, as pax has it.
	sparse := func(body string, records map[string]string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		// The writer refuses such records, so they go in under another name.
		pax := map[string]string{}
		for k, v := range records {
			pax["XXX.sparse."+k] = v
		}
		if err := w.WriteHeader(&tar.Header{Name: "toy/a.bin", Size: int64(len(body)), Typeflag: tar.TypeReg, Format: tar.FormatPAX, PAXRecords: pax}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, body)
		w.Close()
		z.Close()
		return zip(bytes.ReplaceAll(unzip(t, b.Bytes()), []byte("XXX.sparse."), []byte("GNU.sparse.")))
	}
	long := strings.Repeat("a/", 30000) + "a.bin"
	var many []entry
	for i := range 2000 {
		many = append(many, entry{name: "toy/" + strconv.Itoa(i)})
	}
	// A header that claims more than an archive can hold.
	var huge bytes.Buffer
	z = gzip.NewWriter(&huge)
	tar.NewWriter(z).WriteHeader(&tar.Header{Name: "toy/a.bin", Size: 1 << 60, Typeflag: tar.TypeReg, Format: tar.FormatGNU})
	z.Close()
	return map[string]struct {
		archive []byte
		err     string
	}{
		"holes":              {sparse(strings.Repeat("x", 512), map[string]string{"map": "0,512", "numblocks": "1", "size": "200000"}), "has holes"},
		"holes, 1.0":         {sparse("1\n0\n512\n"+strings.Repeat("\x00", 504)+strings.Repeat("x", 512), map[string]string{"major": "1", "minor": "0", "realsize": "200000", "name": "toy/a.bin"}), "has holes"},
		"holes, old":         {kind(tar.TypeGNUSparse), "invalid tar header"},
		"long name":          {with(entry{name: "toy/" + long}), "more headers"},
		"many names":         {pack(t, many...), "more headers"},
		"NUL in a name":      {zip(bytes.Replace(unzip(t, with(entry{name: "toy/\u00e9.bin"})), []byte("path=toy/\u00e9.bin"), []byte("path=toy/\x00\x00.bin"), 1)), "invalid tar header"},
		"wrong checksum":     {zip(bytes.Replace(unzip(t, whole), []byte("toy/a.bin"), []byte("toy/A.bin"), 1)), "invalid tar header"},
		"dots":               {with(entry{name: "toy/./a.bin", body: noise(200000)}), "not a plain name"},
		"twice, by a dot":    {with(entry{name: "./toy/b.bin", body: noise(5000)}), "comes twice"},
		"gzip bomb of bombs": {slices.Concat(bomb.Bytes(), bomb.Bytes()), "unpacks to more"},
		"bomb after the end": {slices.Concat(whole, zip(make([]byte, 64<<20))), "unpacks to more"},
		"absolute":           {with(entry{name: "/toy/a.bin", body: []byte("x")}), "not a plain name"},
		"parent":             {with(entry{name: "toy/../../a.bin", body: []byte("x")}), "not a plain name"},
		"parent inside":      {with(entry{name: "toy/../toy/a.bin", body: []byte("x")}), "not a plain name"},
		"backslash":          {with(entry{name: `toy\..\..\a.bin`, body: []byte("x")}), "not a plain name"},
		"drive":              {with(entry{name: `C:a.bin`, body: []byte("x")}), "not a plain name"},
		"symbolic link":      {kind(tar.TypeSymlink), "is a link"},
		"hard link":          {kind(tar.TypeLink), "is a link"},
		"character device":   {kind(tar.TypeChar), "is a link, a device"},
		"block device":       {kind(tar.TypeBlock), "is a link, a device"},
		"pipe":               {kind(tar.TypeFifo), "is a link, a device"},
		"folder as file":     {with(entry{name: "toy/a.bin/", kind: tar.TypeDir}), "is a folder"},
		"duplicate":          {with(entry{name: "toy/b.bin", body: noise(5000)}), "comes twice"},
		"short member":       {with(entry{name: "toy/b.bin", body: noise(4999)}), "4999 bytes, expected 5000"},
		"empty text":         {with(entry{name: "toy/names.txt"}), "0 bytes, expected 1 to"},
		"missing member":     {pack(t, good[:4]...), "lacks toy/names.txt"},
		"empty":              {pack(t), "lacks toy/a.bin"},
		"huge size":          {huge.Bytes(), "bytes, expected 200000"},
		"bomb":               {bomb.Bytes(), "unpacks to more"},
		"truncated":          {whole[:len(whole)/2], "unexpected EOF"},
		"no checksum":        {whole[:len(whole)-8], "unexpected EOF"},
		"trailing garbage":   {append(bytes.Clone(whole), "garbage garbage"...), "gzip: invalid header"},
		"not gzip":           {[]byte("<html>not found</html>"), "gzip: invalid header"},
	}
}

// zip and unzip are gzip's two ways.
func zip(plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(plain)
	z.Close()
	return b.Bytes()
}

func unzip(t testing.TB, archive []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A hostile archive leaves the download and nothing else, in the folder and
// outside of it.
func TestHostileArchives(t *testing.T) {
	for name, test := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			f, _ := testFetcher(t, toySet(test.archive), "http://127.0.0.1:1/", nil)
			f.dir = filepath.Join(outer, "in", "data")
			putPart(t, f, test.archive)
			wantError(t, f.run(t.Context()), test.err)
			wantFiles(t, outer, "in", "in/data", "in/data/toy.tar.gz.part", "in/data/toy.tar.gz.part/download")
		})
	}
}

// What does not belong to the data set stays out, wherever it stands.
func TestExtractSkips(t *testing.T) {
	archive := pack(t, append(goodEntries(), entry{name: "toy/evil.bin", body: []byte("x")},
		entry{name: "a.bin", body: []byte("x")}, entry{name: "toy/A.BIN", body: []byte("x")}, entry{name: "TOY/a.bin", body: []byte("x")}, entry{name: "toy/sub/a.bin", body: []byte("x")})...)
	dir := t.TempDir()
	if err := toySet(archive).extract(t.Context(), bytes.NewReader(archive), dir); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "a.bin", "b.bin", "names.txt")
}

// Unpacking that is interrupted, or that a full disk ends, leaves the download,
// and a run that was killed leaves nothing that the next one keeps.
func TestUnpackInterrupted(t *testing.T) {
	archive := pack(t, goodEntries()...)
	f, _ := testFetcher(t, toySet(archive), "http://127.0.0.1:1/", nil)
	putPart(t, f, archive)
	ctx, cancel := context.WithCancel(t.Context())
	f.set.check = func(context.Context, string, bool) error { cancel(); return nil }
	if err := f.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, expected context.Canceled", err)
	}
	wantFiles(t, f.dir, "toy.tar.gz.part", "toy.tar.gz.part/download")
	full := errors.New("disk full")
	f.set.check = func(context.Context, string, bool) error { return full }
	if err := f.run(t.Context()); !errors.Is(err, full) {
		t.Errorf("error %v, expected %v", err, full)
	}
	wantFiles(t, f.dir, "toy.tar.gz.part", "toy.tar.gz.part/download")
	if err := os.MkdirAll(filepath.Join(filepath.Dir(partOf(f)), "unpacked", "left"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.set.check = func(context.Context, string, bool) error { return nil }
	if err := f.run(t.Context()); err != nil {
		t.Error(err)
	}
	wantWhole(t, f)
}
