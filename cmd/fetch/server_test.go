package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// entry is an entry of an archive made for a test.
type entry struct {
	name string
	body []byte
	kind byte // 0: a file
}

// pack makes a .tar.gz.
func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.body)), Typeflag: tar.TypeReg}
		if e.kind != 0 {
			h.Typeflag, h.Linkname = e.kind, "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise is data that does not compress.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// goodEntries are those of the test's data set.
func goodEntries() []entry {
	return []entry{
		{name: "toy/", kind: tar.TypeDir},
		{name: "toy/readme.html", body: []byte("not a member")},
		{name: "toy/a.bin", body: noise(200000)},
		{name: "toy/b.bin", body: noise(5000)},
		{name: "toy/names.txt", body: []byte("cat\ndog\n")},
	}
}

// toySet is a data set of an archive.
func toySet(archive []byte) *set {
	sum := md5.Sum(archive)
	return &set{
		name: "toy", title: "Toy", archive: "toy.tar.gz", folder: "toy",
		size: int64(len(archive)), md5: hex.EncodeToString(sum[:]),
		members: []member{{name: "a.bin", size: 200000}, {name: "b.bin", size: 5000}, {name: "names.txt"}},
		check:   func(context.Context, string, bool) error { return nil },
	}
}

// server serves an archive and counts.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	served   int64 // bytes of bodies
}

// serve starts a server whose handler gets the number of the request.
func serve(t *testing.T, handle func(i int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		i := len(s.requests)
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		handle(i, &countingWriter{w, s}, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// sent closes the server, which waits for what it is sending, and returns the
// number of bytes of the bodies.
func (s *server) sent() int64 {
	s.Close()
	return s.served
}

type countingWriter struct {
	http.ResponseWriter
	s *server
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.s.mu.Lock()
	c.s.served += int64(n)
	c.s.mu.Unlock()
	return n, err
}

// content serves an archive as an honest server does.
func content(w http.ResponseWriter, r *http.Request, archive []byte, etag string) {
	w.Header().Set("ETag", etag)
	http.ServeContent(w, r, "toy.tar.gz", time.Unix(1e9, 0), bytes.NewReader(archive))
}

// cut serves what content would, and breaks the connection after n bytes.
func cut(w http.ResponseWriter, r *http.Request, archive []byte, n int) {
	content(&cutter{w, n}, r, archive, `"v1"`)
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(*countingWriter).ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

// testFetcher fetches s from a server into a new folder. It never sleeps; the
// pauses it would make are appended to *pauses.
func testFetcher(t *testing.T, s *set, address string, pauses *[]time.Duration) (*fetcher, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	return &fetcher{
		set: s, dir: t.TempDir(), url: mustURL(address), client: newClient(), stdout: &out, stderr: io.Discard,
		sleep: func(ctx context.Context, d time.Duration) error {
			if pauses != nil {
				*pauses = append(*pauses, d)
			}
			return ctx.Err()
		},
		now:   func() time.Time { return time.Unix(2e9, 0) },
		free:  func(string) (uint64, error) { return math.MaxUint64, nil },
		stall: time.Minute,
	}, &out
}

// mustURL parses an address that a test has made.
func mustURL(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// partOf is the path of the partial download.
func partOf(f *fetcher) string { return filepath.Join(f.dir, "toy.tar.gz.part", "download") }

// partOnly is all that an unfinished download leaves.
var partOnly = []string{"toy.tar.gz.part", "toy.tar.gz.part/download", "toy.tar.gz.part/download.json"}

// putPart makes the partial download of an earlier run.
func putPart(t *testing.T, f *fetcher, part []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(partOf(f)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(partOf(f), part, 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantWhole checks that the folder holds the data set and nothing else.
func wantWhole(t *testing.T, f *fetcher) {
	t.Helper()
	wantFiles(t, f.dir, "toy", "toy/a.bin", "toy/b.bin", "toy/names.txt")
	for _, e := range goodEntries()[2:] {
		got, err := os.ReadFile(filepath.Join(f.dir, e.name))
		if err != nil || !bytes.Equal(got, e.body) {
			t.Errorf("%s: %d bytes (%v), expected the %d packed", e.name, len(got), err, len(e.body))
		}
	}
}

// wantFiles checks what there is in a folder, at any depth.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			t.Error(err)
		}
		if name != dir {
			rel, _ := filepath.Rel(dir, name)
			got = append(got, filepath.ToSlash(rel))
		}
		return nil
	})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v, expected one with %q", err, part)
	}
}

// newTLSServer serves an archive with a certificate of its own.
func newTLSServer(t *testing.T, archive []byte) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content(w, r, archive, `"v1"`)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}
