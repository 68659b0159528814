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
	"time"
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
		if s.served != int64(len(archive)) {
			t.Errorf("cuts %v: %d bytes served of an archive of %d", cuts, s.served, len(archive))
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
	wantFiles(t, f.dir, "toy.tar.gz.part", "toy.tar.gz.part.json")
	part, err := os.ReadFile(filepath.Join(f.dir, "toy.tar.gz.part"))
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

func TestServers(t *testing.T) {
	archive := pack(t, goodEntries()...)
	n := len(archive)
	other := bytes.Clone(archive)
	other[n/2] ^= 1
	plain := func(w http.ResponseWriter, body []byte, length int) {
		if length >= 0 {
			w.Header().Set("Content-Length", strconv.Itoa(length))
		} else {
			w.Write(nil)
			w.(*countingWriter).ResponseWriter.(http.Flusher).Flush() // chunked
		}
		w.Write(body)
	}
	status := func(code int, retryAfter string) func(int, http.ResponseWriter, *http.Request) {
		return func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				w.Header().Set("Retry-After", retryAfter)
				w.WriteHeader(code)
				return
			}
			content(w, r, archive, `"v1"`)
		}
	}
	for _, test := range []struct {
		name   string
		handle func(i int, w http.ResponseWriter, r *http.Request)
		err    string // "": the data set
		pause  time.Duration
		tries  int
	}{
		{"no length", func(_ int, w http.ResponseWriter, _ *http.Request) { plain(w, archive, -1) }, "", 0, 1},
		{"longer length", func(_ int, w http.ResponseWriter, _ *http.Request) { plain(w, archive, n+1) }, "expected " + strconv.Itoa(n), 0, 1},
		{"longer, no length", func(_ int, w http.ResponseWriter, _ *http.Request) { plain(w, append(bytes.Clone(archive), 0), -1) }, "more than", 0, 1},
		{"shorter", func(_ int, w http.ResponseWriter, _ *http.Request) { plain(w, archive[:n/2], n/2) }, "gave up after 6 tries", firstPause, 6},
		{"length cut once", func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				plain(w, archive[:n/2], n)
				return
			}
			content(w, r, archive, `"v1"`)
		}, "", firstPause, 2},
		{"ignores ranges", func(i int, w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			if i == 0 {
				cut(w, r, archive, n/2)
			}
			content(w, r, archive, `"v1"`)
		}, "", firstPause, 2},
		{"changes the file", func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				cut(w, r, other, n*3/4)
			}
			content(w, r, archive, `"v2"`) // If-Range "v1" fails: 200
		}, "", firstPause, 2},
		{"changes the file, no If-Range", func(i int, w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-Range")
			if i == 0 {
				cut(w, r, other, n*3/4)
			}
			content(w, r, archive, `"v2"`) // the sum is wrong; then all again
		}, "", firstPause, 3},
		{"wrong range", func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				cut(w, r, archive, n/2)
			}
			w.Header().Set("Content-Range", "bytes 0-9/"+strconv.Itoa(n))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(archive[:10])
		}, "server sends bytes from 0", firstPause, 2},
		{"bad Content-Range", func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				cut(w, r, archive, n/2)
			}
			w.Header().Set("Content-Range", "bytes everything")
			w.WriteHeader(http.StatusPartialContent)
		}, "bad Content-Range", firstPause, 2},
		{"416", func(i int, w http.ResponseWriter, r *http.Request) {
			switch i {
			case 0:
				cut(w, r, archive, n/2)
			case 1:
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			default:
				content(w, r, archive, `"v1"`)
			}
		}, "", firstPause, 3},
		{"corrupted", func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, other, `"v1"`) }, "MD5 sum is", 0, 1},
		{"403", status(403, ""), "403 Forbidden", 0, 1},
		{"404", status(404, ""), "404 Not Found", 0, 1},
		{"429", status(429, "7"), "", 7 * time.Second, 2},
		{"429 until a date", status(429, time.Unix(2e9+90, 0).UTC().Format(http.TimeFormat)), "", 90 * time.Second, 2},
		{"429 for an hour", status(429, "3600"), "asks to wait 1h0m0s", 0, 1},
		{"500", status(500, ""), "", firstPause, 2},
		{"503", status(503, "2"), "", 2 * time.Second, 2},
		{"500 for ever", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "gave up after 6 tries", firstPause, 6},
		{"redirect", func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			content(w, r, archive, `"v1"`)
		}, "", 0, 2},
		{"redirect for ever", func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/", http.StatusFound)
		}, "10 redirects", firstPause, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.handle)
			var pauses []time.Duration
			f, _ := testFetcher(t, toySet(archive), s.URL+"/", &pauses)
			err := f.run(t.Context())
			if test.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantWhole(t, f)
			} else {
				wantError(t, err, test.err)
				if _, err := os.Stat(filepath.Join(f.dir, "toy")); err == nil {
					t.Error("a data set folder is there after an error")
				}
			}
			var pause time.Duration
			if len(pauses) > 0 {
				pause = pauses[0]
			}
			if pause != test.pause || len(s.requests) != test.tries {
				t.Errorf("first pause %v after %d requests, expected %v, %d", pause, len(s.requests), test.pause, test.tries)
			}
		})
	}
}

// A stalled connection counts as cut.
func TestStall(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(i int, w http.ResponseWriter, r *http.Request) {
		if i == 0 {
			content(&stopper{ResponseWriter: w, after: 1000, stop: func() { <-r.Context().Done() }}, r, archive, `"v1"`)
			return
		}
		content(w, r, archive, `"v1"`)
	})
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	d := f.downloader(filepath.Join(f.dir, "part"))
	d.stall = 50 * time.Millisecond
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(d.part); err != nil || !bytes.Equal(got, archive) {
		t.Errorf("%d bytes (%v), expected the archive's %d", len(got), err, len(archive))
	}
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string][3]int64{"bytes 5-9/10": {5, 9, 10}, "bytes 0-0/*": {0, 0, -1}} {
		first, last, total, err := contentRange(text)
		if got := [3]int64{first, last, total}; err != nil || got != want {
			t.Errorf("%q: %v, %v, expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "bytes", "bytes 5-4/10", "bytes 5-10/10", "bytes -1-4/10", "bytes */10", "bytes 1-2/x", "bytes 1-2"} {
		if _, _, _, err := contentRange(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestDiskSpace(t *testing.T) {
	archive := pack(t, goodEntries()...)
	f, _ := testFetcher(t, toySet(archive), "http://127.0.0.1:1/", nil)
	f.free = func(string) (uint64, error) { return 1000, nil }
	wantError(t, f.run(t.Context()), "MB free")
	wantFiles(t, f.dir)
}
