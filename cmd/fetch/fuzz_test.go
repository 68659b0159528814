package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// smallSet is a data set whose archive is small.
func smallSet() *set {
	return &set{
		name: "toy", title: "Toy", archive: "toy.tar.gz", folder: "toy",
		members: []member{{name: "a.bin", size: 700}, {name: "b.bin", size: 5}, {name: "names.txt"}},
		check:   func(context.Context, string, bool) error { return nil },
	}
}

// FuzzExtract: no panic, little memory, no file but the members, and what is
// accepted has the members' sizes. The input is the tar or, as its first byte
// decides, the gzip around it: mutations of the latter mostly break its
// checksum.
func FuzzExtract(f *testing.F) {
	whole := unzip(f, pack(f, entry{name: "toy/", kind: '5'}, entry{name: "toy/readme.html", body: []byte("not a member")},
		entry{name: "toy/a.bin", body: noise(700)}, entry{name: "./toy/b.bin", body: noise(5)}, entry{name: "toy/names.txt", body: []byte("cat\ndog\n")}))
	add := func(tar []byte) {
		f.Add(append([]byte{0}, tar...))
		f.Add(append([]byte{1}, zip(tar)...))
	}
	add(whole)
	// Cut and bent at the fields of every header, and at every body.
	for block := 0; block < len(whole); block += 512 {
		for _, field := range []int{0, 100, 124, 136, 148, 156, 157, 257, 263, 345, 500, 511} {
			bent := bytes.Clone(whole)
			bent[block+field] ^= 0x41
			add(bent)
			add(whole[:block+field])
		}
	}
	for name, test := range hostile(f) {
		if plain, err := gzip.NewReader(bytes.NewReader(test.archive)); err != nil {
			f.Add(append([]byte{1}, test.archive...))
		} else if b := make([]byte, 1<<16); !strings.Contains(name, "bomb") { // those are slow, and in TestHostileArchives
			n, _ := plain.Read(b)
			f.Add(append([]byte{0}, b[:n]...))
		}
	}
	z := zip(whole)
	for i := range min(len(z), 24) { // gzip's header, and the first block's
		bent := bytes.Clone(z)
		bent[i] ^= 0x41
		f.Add(append([]byte{1}, bent...))
		f.Add(append([]byte{1}, z[:i]...))
	}
	for i := 1; i <= 9; i++ { // its checksum and length
		bent := bytes.Clone(z)
		bent[len(z)-i] ^= 0x41
		f.Add(append([]byte{1}, bent...))
		f.Add(append([]byte{1}, z[:len(z)-i]...))
	}
	f.Add(append([]byte{1}, append(bytes.Clone(z), z...)...))
	s := smallSet()
	outer := f.TempDir()
	dir := filepath.Join(outer, "in")
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) == 0 {
			return
		}
		archive := input[1:]
		if input[0] == 0 {
			archive = zip(archive)
		}
		var err error
		promise.Keep(t, len(archive), 0, func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			err = s.extract(t.Context(), bytes.NewReader(archive), dir)
		})
		if err == nil {
			if err := s.complete(dir); err != nil {
				t.Errorf("accepted, but %v", err)
			}
		}
		if entries, _ := os.ReadDir(outer); len(entries) != 1 {
			t.Errorf("%d entries outside the folder", len(entries)-1)
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if n := e.Name(); n != "a.bin" && n != "b.bin" && n != "names.txt" {
				t.Errorf("unpacked %q", n)
			}
		}
	})
}

// FuzzResume: whatever a state file and an answer say, nothing goes back to a
// server that a header cannot hold, a range that is accepted is one, and what
// is remembered comes back.
func FuzzResume(f *testing.F) {
	good, err := json.Marshal(state{"http://host/x", `"v1"`, "Wed, 25 Nov 2026 20:00:00 GMT"})
	if err != nil {
		f.Fatal(err)
	}
	for i, c := range good {
		if strings.ContainsRune("{}:,\"", rune(c)) {
			bent := bytes.Clone(good)
			bent[i] ^= 0x10
			f.Add(bent, `W/"v1"`, "bytes 5-9/10", int64(5))
			f.Add(good[:i], "\"\x80\"", "bytes 5-9/*", int64(0))
		}
	}
	for _, text := range []string{"bytes */10", "bytes */*", "bytes 0-9223372036854775807/*", "bytes 5-4/10", "bytes 9223372036854775806-9223372036854775807/9223372036854775807", "bytes  1-2/3"} {
		for i := range text {
			f.Add(good, `"v1"`, text[:i], int64(1))
		}
		f.Add(good, "\"a\nb\"", text, int64(9))
	}
	f.Fuzz(func(t *testing.T, file []byte, etag, text string, size int64) {
		var v string
		promise.Keep(t, len(file), 0, func() {
			s := readState(bytes.NewReader(file))
			v = s.ifRange(s.URL)
		})
		sent := stateOf("u", http.Header{"Etag": {etag}, "Last-Modified": {text}})
		for _, v := range []string{v, sent.ifRange("u")} {
			if strings.HasPrefix(v, "W/") || len(v) > 1024 || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("If-Range %q", v)
			}
		}
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(sent); err != nil {
			t.Fatal(err)
		}
		if again := readState(&b).ifRange("u"); again != sent.ifRange("u") {
			t.Errorf("If-Range %q came back as %q", sent.ifRange("u"), again)
		}
		first, last, total, err := contentRange(text)
		if err != nil {
			return
		}
		format := func(n int64) string { return strconv.FormatInt(n, 10) }
		want := "bytes " + format(first) + "-" + format(last) + "/" + format(total)
		if first < 0 {
			want = "bytes */" + format(total)
		} else if total < 0 {
			want = strings.TrimSuffix(want, "-1") + "*"
		}
		if trimmed := trimZeros(text); trimmed != want {
			t.Errorf("%q is taken for %q", text, want)
		}
		if first > last || total >= 0 && last >= total || first < -1 || total < -1 {
			t.Errorf("%q is taken for %d-%d/%d", text, first, last, total)
		}
		// And as the answer to a request.
		d := &downloader{size: max(1, size), url: mustURL("http://host/x")}
		resp := &http.Response{Header: http.Header{"Content-Range": {text}}}
		have := max(first, 0)
		if at, err := d.partial(resp, have, true); err == nil && (at != have || first < 0 || total >= 0 && total != d.size) {
			t.Errorf("%q of %d bytes is accepted", text, d.size)
		}
	})
}

// trimZeros drops the zeros that numbers in a text begin with.
func trimZeros(text string) string {
	var b strings.Builder
	for i := range len(text) {
		number := i > 0 && text[i-1] >= '0' && text[i-1] <= '9' && b.Len() > 0 && b.String()[b.Len()-1] >= '0' && b.String()[b.Len()-1] <= '9'
		if text[i] == '0' && !number && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
