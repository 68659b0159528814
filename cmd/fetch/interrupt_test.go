package main

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// A run that is interrupted anywhere leaves the partial download and nothing
// else, and the next run goes on from there: no byte is sent twice.
func TestInterruptedAnywhere(t *testing.T) {
	archive := pack(t, goodEntries()...)
	// Small pieces make many points at which to be interrupted.
	handle := func(_ int, w http.ResponseWriter, r *http.Request) {
		content(&chunker{w, 3000}, r, archive, `"v1"`)
	}
	s := serve(t, handle)
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	all := countdown.New(t.Context(), math.MaxInt)
	if err := f.run(all); err != nil {
		t.Fatal(err)
	}
	points := all.Looks()
	if points < 20 {
		t.Fatalf("the context is asked only %d times", points)
	}
	random := rand.New(rand.NewPCG(7, 8))
	interrupted := 0
	for range 12 {
		s := serve(t, handle)
		f, _ := testFetcher(t, toySet(archive), s.URL, nil)
		for ended := false; !ended; {
			at := random.IntN(points)
			err := f.run(countdown.New(t.Context(), at))
			switch {
			case err == nil:
				ended = true
			case !errors.Is(err, context.Canceled):
				t.Fatalf("interrupted at %d of %d: %v", at, points, err)
			default:
				interrupted++
				part, err := os.ReadFile(partOf(f))
				if err == nil && string(part) != string(archive[:len(part)]) {
					t.Fatalf("interrupted at %d of %d: the part is not the beginning of the archive", at, points)
				}
				if len(part) == 0 {
					wantFiles(t, f.dir)
				} else {
					wantFiles(t, f.dir, partOnly...)
				}
			}
		}
		wantWhole(t, f)
		s.Close()
		// What an interrupted request was sent may not have been read.
		var position int64
		for i, r := range s.requests {
			from := int64(0)
			if h := r.Header.Get("Range"); h != "" {
				var err error
				if from, err = position64(h); err != nil {
					t.Fatal(err)
				}
			}
			if from < position {
				t.Errorf("request %d asks from %d, an earlier one from %d", i, from, position)
			}
			position = from
		}
	}
	if interrupted < 12 {
		t.Errorf("only %d interruptions", interrupted)
	}
}

// position64 parses "bytes=N-".
func position64(header string) (int64, error) {
	return position(header[len("bytes=") : len(header)-1])
}

// chunker sends so many bytes at a time.
type chunker struct {
	http.ResponseWriter
	size int
}

func (c *chunker) Write(p []byte) (int, error) {
	sent := 0
	for len(p) > 0 {
		n, err := c.ResponseWriter.Write(p[:min(len(p), c.size)])
		if sent += n; err != nil {
			return sent, err
		}
		c.ResponseWriter.(*countingWriter).ResponseWriter.(http.Flusher).Flush()
		p = p[n:]
	}
	return sent, nil
}

// While one fetch is at work, a second one in the same folder ends with an
// error, and disturbs nothing.
func TestSecondFetch(t *testing.T) {
	archive := pack(t, goodEntries()...)
	arrived, leave := make(chan bool), make(chan bool)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-leave
		content(w, r, archive, `"v1"`)
	})
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	first := make(chan error)
	go func() { first <- f.run(t.Context()) }()
	<-arrived
	second := *f
	if err := second.run(t.Context()); !errors.Is(err, errBusy) {
		t.Errorf("error %v, expected %v", err, errBusy)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	wantWhole(t, f)
}

// Many fetches at once in one folder: each succeeds or finds it busy, and the
// data set is right.
func TestManyFetches(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	for range 8 {
		f, _ := testFetcher(t, toySet(archive), s.URL, nil)
		var succeeded atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				own := *f
				own.stdout = new(discard)
				switch err := own.run(t.Context()); {
				case err == nil:
					succeeded.Add(1)
				case !errors.Is(err, errBusy):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if succeeded.Load() == 0 {
			t.Error("none succeeded")
		}
		wantWhole(t, f)
	}
}

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

// A lock that a killed process has left, with all its work, does not stand in
// the way, and what is left of work that is done goes away.
func TestLeftovers(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	leave := func() {
		putPart(t, f, archive[:100000])
		for _, name := range []string{"lock", "download.json", "unpacked/a.bin"} {
			path := filepath.Join(filepath.Dir(partOf(f)), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	leave()
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, f)
	if sent := s.sent(); sent != int64(len(archive)-100000) {
		t.Errorf("%d bytes served, expected the %d that were missing", sent, len(archive)-100000)
	}
	leave()
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, f)
}

// A user's own file in the place of the folder of the partial download, or of
// the data set, is left alone.
func TestInTheWay(t *testing.T) {
	for _, name := range []string{"toy.tar.gz.part", "toy", "toy.tar.gz"} {
		for _, link := range []bool{false, true} {
			f, _ := testFetcher(t, toySet(nil), "http://127.0.0.1:1/", nil)
			path := filepath.Join(f.dir, name)
			if link {
				if os.Symlink("nowhere", path) != nil {
					continue // not every system has them
				}
			} else if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := f.run(ctx); err == nil {
				t.Errorf("%s in the way: no error", name)
			}
			cancel()
			wantFiles(t, f.dir, name)
		}
	}
}
