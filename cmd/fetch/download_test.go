package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestFetch(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	f, out := testFetcher(t, toySet(archive), s.URL, nil)
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, f)
	out.Reset()
	if err := f.run(t.Context()); err != nil || !bytes.Contains(out.Bytes(), []byte("already")) || len(s.requests) != 1 {
		t.Errorf("again: %v, %q, %d requests, expected nothing done", err, out, len(s.requests))
	}
	f.verify = true
	if err := f.run(t.Context()); err != nil {
		t.Errorf("-verify: %v", err)
	}
}

func TestKeepAndOwnArchive(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	f.keep = true
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := []string{"toy", "toy/a.bin", "toy/b.bin", "toy/names.txt", "toy.tar.gz"}
	wantFiles(t, f.dir, whole...)
	os.RemoveAll(filepath.Join(f.dir, "toy"))
	f.keep = false // the archive is the user's now
	if err := f.run(t.Context()); err != nil || len(s.requests) != 1 {
		t.Errorf("%v, %d requests, expected the archive to be used", err, len(s.requests))
	}
	wantFiles(t, f.dir, whole...)
}

// Connections cut at random bytes cost no byte twice.
func TestCutConnections(t *testing.T) {
	archive := pack(t, goodEntries()...)
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		var cuts []int
		for range 1 + random.IntN(8) {
			cuts = append(cuts, 1+random.IntN(40000))
		}
		s := serve(t, func(i int, w http.ResponseWriter, r *http.Request) {
			if i < len(cuts) {
				cut(w, r, archive, cuts[i])
				return
			}
			content(w, r, archive, `"v1"`)
		})
		f, _ := testFetcher(t, toySet(archive), s.URL, nil)
		if err := f.run(t.Context()); err != nil {
			t.Fatalf("cuts %v: %v", cuts, err)
		}
		wantWhole(t, f)
		s.Close()
		if sent := s.sent(); sent != int64(len(archive)) {
			t.Errorf("cuts %v: %d bytes served of an archive of %d", cuts, sent, len(archive))
		}
		for i, r := range s.requests[1:] {
			if r.Header.Get("Range") == "" || r.Header.Get("If-Range") != `"v1"` {
				t.Errorf("request %d: Range %q, If-Range %q", i+1, r.Header.Get("Range"), r.Header.Get("If-Range"))
			}
		}
	}
}

// Ctrl-C keeps the part, and the next run goes on from it.
func TestInterruptAndResume(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	ctx, cancel := context.WithCancel(t.Context())
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	f.client.Transport = &stoppingTransport{70000, cancel}
	if err := f.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, expected context.Canceled", err)
	}
	wantFiles(t, f.dir, partOnly...)
	part, err := os.ReadFile(partOf(f))
	if err != nil || !bytes.HasPrefix(archive, part) {
		t.Fatalf("part of %d bytes is not the beginning (%v)", len(part), err)
	}
	f.client.Transport = nil
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, f)
	if len(part) < 70000 {
		t.Errorf("part has %d bytes, expected the 70000 that came at least", len(part))
	} else {
		if got, want := s.requests[1].Header.Get("Range"), "bytes="+strconv.Itoa(len(part))+"-"; got != want {
			t.Errorf("Range %q, expected %q", got, want)
		}
	}
}

// stoppingTransport calls stop once so many bytes of a body have been read.
type stoppingTransport struct {
	left int
	stop func()
}

func (s *stoppingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		resp.Body = &stoppingBody{resp.Body, s}
	}
	return resp, err
}

type stoppingBody struct {
	io.ReadCloser
	s *stoppingTransport
}

func (b *stoppingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.s.left -= n; b.s.left <= 0 {
		b.s.stop()
	}
	return n, err
}

// stopper calls stop once so many bytes are through.
type stopper struct {
	http.ResponseWriter
	after int
	stop  func()
}

func (s *stopper) Write(p []byte) (int, error) {
	n := min(len(p), s.after)
	s.ResponseWriter.Write(p[:n])
	if s.after -= n; s.after == 0 {
		s.ResponseWriter.(*countingWriter).ResponseWriter.(http.Flusher).Flush()
		s.stop()
		return n, errors.New("stopped")
	}
	return n, nil
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string][3]int64{"bytes 5-9/10": {5, 9, 10}, "bytes 0-0/*": {0, 0, -1}, "bytes */10": {-1, -1, 10}} {
		first, last, total, err := contentRange(text)
		if got := [3]int64{first, last, total}; err != nil || got != want {
			t.Errorf("%q: %v, %v, expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "bytes", "bytes ", "bytes 5-4/10", "bytes 5-10/10", "bytes -1-4/10", "bytes */*", "bytes 1-2/x",
		"bytes 1-2", "bytes 1-2/", "bytes +1-2/9", "bytes 1-2/9 ", "bytes 1-9223372036854775808/*", "items 1-2/9"} {
		if _, _, _, err := contentRange(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// The room is known to be there before anything is downloaded or unpacked: for
// what is missing of the archive, and for all that is in it.
func TestDiskSpace(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	for _, test := range []struct {
		name    string
		prepare func(f *fetcher)
		missing int
	}{
		{"new", func(*fetcher) {}, len(archive)},
		{"half there", func(f *fetcher) { putPart(t, f, archive[:len(archive)/2]) }, len(archive) - len(archive)/2},
		{"all there", func(f *fetcher) { putPart(t, f, archive) }, 0},
		{"own archive", func(f *fetcher) {
			if err := os.WriteFile(f.archive(), archive, 0o644); err != nil {
				t.Fatal(err)
			}
		}, 0},
	} {
		f, _ := testFetcher(t, toySet(archive), s.URL, nil)
		test.prepare(f)
		need := uint64(test.missing) + uint64(f.set.unpacked())
		f.free = func(string) (uint64, error) { return need - 1, nil }
		before := len(s.requests)
		wantError(t, f.run(t.Context()), "MB free")
		if _, err := os.Stat(filepath.Join(f.dir, "toy")); err == nil || len(s.requests) != before {
			t.Errorf("%s: %d requests without room", test.name, len(s.requests)-before)
		}
		f.free = func(string) (uint64, error) { return need, nil }
		if err := f.run(t.Context()); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if free, err := freeSpace(t.TempDir()); err != nil || free == 0 {
		t.Errorf("freeSpace: %d, %v", free, err)
	}
}
