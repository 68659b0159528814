package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"
)

// What servers do wrong: the right data set, or one clear error that keeps
// what has come, from which an honest server goes on.
func TestServers(t *testing.T) {
	archive := pack(t, goodEntries()...)
	n := len(archive)
	other := bytes.Clone(archive)
	other[n/4] ^= 1
	type handler = func(i int, w http.ResponseWriter, r *http.Request)
	honest := func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) }
	// The first answer is cut in the middle, and then comes what is tested.
	then := func(next handler) handler {
		return func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				cut(w, r, archive, n/2)
			}
			next(i-1, w, r)
		}
	}
	// The first answer is another's, and after that all are honest.
	once := func(first handler) handler {
		return func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				first(i, w, r)
				return
			}
			honest(i, w, r)
		}
	}
	whole := func(body []byte, length int) handler {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			if length >= 0 {
				w.Header().Set("Content-Length", strconv.Itoa(length))
			} else {
				w.(*countingWriter).ResponseWriter.(http.Flusher).Flush() // chunked
			}
			w.Write(body)
		}
	}
	ranged := func(header string, body []byte) handler {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", header)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(body)
		}
	}
	status := func(code int, headers ...string) handler {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
		}
	}
	without := func(headers ...string) handler { // an honest server that knows fewer headers
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			for _, h := range headers {
				r.Header.Del(h)
			}
			content(w, r, archive, `"v1"`)
		}
	}
	plain := func(archive []byte, header string) handler { // with Last-Modified or nothing instead of an ETag
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Last-Modified", header)
			http.ServeContent(w, r, "x", time.Time{}, bytes.NewReader(archive))
		}
	}
	either := func(first, second handler) handler {
		return func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				first(i, w, r)
				return
			}
			second(i, w, r)
		}
	}
	cutting := func(h handler, left int) handler {
		return func(i int, w http.ResponseWriter, r *http.Request) { h(i, &cutter{w, left}, r) }
	}
	redirect := func(to string) handler {
		return func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	date := func(s int64) string { return time.Unix(s, 0).UTC().Format(http.TimeFormat) }
	html := []byte("<html>Please log in</html>")

	for _, test := range []struct {
		name     string
		handle   handler
		err      string // "": the data set
		pause    time.Duration
		requests int
		kept     int // bytes, after an error
	}{
		// Lengths.
		{"no length", whole(archive, -1), "", 0, 1, 0},
		{"longer", whole(archive, n+1), fmt.Sprintf("server has %d bytes, expected %d", n+1, n), 0, 1, 0},
		{"longer, no length", whole(append(bytes.Clone(archive), 0), -1), "more than", 0, 1, -1},
		{"shorter", whole(archive[:n/2], n/2), fmt.Sprintf("server has %d bytes, expected %d", n/2, n), 0, 1, 0},
		{"shorter, no length", whole(archive[:n/2], -1), "gave up after 6 tries", firstPause, 6, n / 2},
		{"shorter than announced, once", once(whole(archive[:n/2], n)), "", firstPause, 2, 0},
		{"empty", whole(nil, 0), "server has 0 bytes", 0, 1, 0},
		{"empty, no length", whole(nil, -1), "gave up after 6 tries", firstPause, 6, 0},
		{"no content", status(204), "204 No Content", 0, 1, 0},
		{"web page", whole(html, len(html)), "server has 26 bytes", 0, 1, 0},
		{"web page, no length", whole(html, -1), `no .tar.gz archive: it begins with "<html>Please log"`, 0, 1, 0},
		{"web page in between", then(whole(html, -1)), "no .tar.gz archive", firstPause, 2, n / 2},
		{"short web page in between", then(whole(html, 26)), "server has 26 bytes", firstPause, 2, n / 2},

		// Ranges.
		{"no ranges", then(without("Range")), "", firstPause, 2, 0},
		{"no ranges, cut early", then(either(cutting(without("Range"), n/4), without("Range"))), "", firstPause, 3, 0},
		{"another range", then(once(ranged("bytes 0-9/"+strconv.Itoa(n), archive[:10]))), "", firstPause, 3, 0},
		{"always another range", then(ranged("bytes 0-9/"+strconv.Itoa(n), archive[:10])), "server sends bytes from 0", firstPause, 3, n / 2},
		{"bad Content-Range", then(once(ranged("bytes everything", nil))), "", firstPause, 3, 0},
		{"no Content-Range", then(once(status(206))), "", firstPause, 3, 0},
		{"range not asked for", ranged(fmt.Sprintf("bytes 5-%d/%d", n-1, n), archive[5:]), "bytes from 5, asked for those from 0", 0, 1, 0},
		{"range of a longer file", then(ranged(fmt.Sprintf("bytes %d-%d/%d", n/2, n, n+1), archive[n/2:])), fmt.Sprintf("server has %d bytes", n+1), firstPause, 2, n / 2},
		{"range that is short", then(once(ranged(fmt.Sprintf("bytes %d-%d/%d", n/2, n/2+99, n), archive[n/2:n/2+100]))), "", firstPause, 3, 0},
		{"range that is long", then(ranged(fmt.Sprintf("bytes %d-%d/%d", n/2, n-1, n), archive)), "more than", firstPause, 2, -1},
		{"416", then(once(status(416))), "", firstPause, 3, 0},
		{"416 of a shorter file", then(status(416, "Content-Range", "bytes */5")), "server has 5 bytes", firstPause, 2, n / 2},
		{"always 416", then(status(416)), "416 Requested Range Not Satisfiable", firstPause, 3, n / 2},

		// Another file there.
		{"changed", either(cutting(func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, other, `"v0"`) }, n/2), honest), "", firstPause, 2, 0},
		{"changed, by date", either(cutting(plain(other, date(1e9)), n/2), plain(archive, date(1e9+9))), "", firstPause, 2, 0},
		{"changed, weak ETag", either(cutting(func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, other, `W/"v0"`) }, n/2), without("If-Range")), "", firstPause, 3, 0},
		{"changed, no validators", either(cutting(plain(other, ""), n/2), plain(archive, "")), "", firstPause, 3, 0},
		{"changed, If-Range ignored", either(cutting(func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, other, `"v0"`) }, n/2), without("If-Range")), "", firstPause, 3, 0},
		{"ETag that cannot be sent back", then(func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				content(&cutter{w, n / 4}, r, archive, "\"\x80\"")
			}
			honest(i, w, r)
		}), "", firstPause, 3, 0},
		{"corrupted", func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, other, `"v1"`) }, "MD5 sum is", 0, 1, 0},
		{"corrupted, in pieces", func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 {
				content(&cutter{w, n / 2}, r, other, `"v1"`)
			}
			content(w, r, other, `"v1"`)
		}, "MD5 sum is", firstPause, 3, 0},

		// Statuses.
		{"403", status(403), "403 Forbidden", 0, 1, 0},
		{"404", status(404), "404 Not Found", 0, 1, 0},
		{"404 in between", then(status(404)), "404 Not Found", firstPause, 2, n / 2},
		{"429", once(status(429, "Retry-After", "7")), "", 7 * time.Second, 2, 0},
		{"429 until a date", once(status(429, "Retry-After", date(2e9+90))), "", 90 * time.Second, 2, 0},
		{"429 until long ago", once(status(429, "Retry-After", date(1))), "", firstPause, 2, 0},
		{"429 for an hour", status(429, "Retry-After", "3600"), "asks to wait 1h0m0s", 0, 1, 0},
		{"429 for nonsense", once(status(429, "Retry-After", "-99999999999999999999")), "", firstPause, 2, 0},
		{"408", once(status(408)), "", firstPause, 2, 0},
		{"500", once(status(500)), "", firstPause, 2, 0},
		{"503", once(status(503, "Retry-After", "2")), "", 2 * time.Second, 2, 0},
		{"500 in between", then(once(status(500))), "", firstPause, 3, 0},
		{"500 for ever", status(500), "gave up after 6 tries", firstPause, 6, 0},
		{"500 for ever in between", then(status(500)), "gave up after 6 tries", firstPause, 6, n / 2},

		// Redirections.
		{"redirect", func(i int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				redirect("/elsewhere")(i, w, r)
				return
			}
			honest(i, w, r)
		}, "", 0, 2, 0},
		{"redirect for ever", redirect("/"), "redirection after 10", 0, 10, 0},
		{"redirect to a file", redirect("file:///etc/passwd"), "redirection from http to file:///etc/passwd", 0, 1, 0},
		{"redirect to ftp", redirect("ftp://127.0.0.1/x"), "redirection from http to ftp://", 0, 1, 0},
		{"redirect to nothing", status(302), "302 Found", 0, 1, 0},

		// No HTTP.
		{"hangs up", func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "gave up after 6 tries", firstPause, -1, 0},
		{"hangs up once", once(func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "", -1, -1, 0},
		{"bad Content-Length", hijacked("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "gave up after 6 tries", firstPause, 6, 0},
		{"two Content-Lengths", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"), "gave up after 6 tries", firstPause, 6, 0},
		{"not HTTP", hijacked("SSH-2.0-OpenSSH_9.6\r\n"), "gave up after 6 tries", firstPause, 6, 0},
		{"endless headers", hijackedForever("HTTP/1.1 200 OK\r\n", "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"), "gave up after 6 tries", firstPause, 6, 0},
		{"endless chunks", hijackedForever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n\x1f\x8b\r\n"), "more than", 0, 1, -1},
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
				wantKept(t, f, test.kept)
			}
			var pause time.Duration
			if len(pauses) > 0 {
				pause = pauses[0]
			}
			if test.pause >= 0 && pause != test.pause || test.requests >= 0 && len(s.requests) != test.requests {
				t.Errorf("first pause %v after %d requests, expected %v, %d", pause, len(s.requests), test.pause, test.requests)
			}
			if test.err == "" || test.kept < 0 {
				return
			}
			good := serve(t, honest)
			f.url.Host = good.Listener.Addr().String()
			if err := f.run(t.Context()); err != nil {
				t.Fatalf("from an honest server: %v", err)
			}
			wantWhole(t, f)
			if sent := good.sent(); sent != int64(n-test.kept) {
				t.Errorf("an honest server sent %d bytes, expected the %d that were missing", sent, n-test.kept)
			}
		})
	}
}

// wantKept checks that an error has left the partial download of that many
// bytes, and nothing else. -1: anything that is in the folder of the download.
func wantKept(t *testing.T, f *fetcher, kept int) {
	t.Helper()
	switch {
	case kept == 0:
		wantFiles(t, f.dir)
	case kept > 0:
		wantFiles(t, f.dir, partOnly...)
		if info, err := os.Stat(partOf(f)); err != nil || info.Size() != int64(kept) {
			t.Errorf("the partial download is %v (%v), expected %d bytes", info, err, kept)
		}
	default:
		if entries, err := os.ReadDir(f.dir); err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "toy.tar.gz.part" {
			t.Errorf("found %v (%v), expected at most toy.tar.gz.part", entries, err)
		}
	}
}

// hijacked answers with text that need not be HTTP.
func hijacked(text string) func(int, http.ResponseWriter, *http.Request) {
	return hijackedForever(text, "")
}

// hijackedForever goes on with more until the client hangs up.
func hijackedForever(text, more string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(*countingWriter).ResponseWriter.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, err = conn.Write([]byte(text))
		for block := bytes.Repeat([]byte(more), 1000); err == nil && more != ""; {
			_, err = conn.Write(block)
		}
	}
}

// A connection that stalls counts as cut.
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
	f.stall = 300 * time.Millisecond
	if err := f.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, f)
	if sent := s.sent(); sent != int64(len(archive)) {
		t.Errorf("%d bytes served of an archive of %d", sent, len(archive))
	}
}

// An answer that goes on for ever, byte by byte, comes to an end.
func TestEndlessSlowBody(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		content(&dripper{w}, r, archive, `"v1"`)
	})
	f, _ := testFetcher(t, toySet(archive), s.URL, nil)
	f.stall = 50 * time.Millisecond
	err := f.run(t.Context())
	wantError(t, err, "too slow: less than 65536 bytes in 50ms; gave up after 6 tries")
	wantKept(t, f, -1)
}

// dripper writes a byte a millisecond.
type dripper struct{ http.ResponseWriter }

func (d *dripper) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := d.ResponseWriter.Write(p[i : i+1]); err != nil {
			return i, err
		}
		d.ResponseWriter.(*countingWriter).ResponseWriter.(http.Flusher).Flush()
		time.Sleep(time.Millisecond)
	}
	return len(p), nil
}

// A host that does not exist, and a certificate that nobody knows, are final.
func TestFinalErrors(t *testing.T) {
	archive := pack(t, goodEntries()...)
	secure := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	secure.Close()
	secure.Server = newTLSServer(t, archive)
	for address, part := range map[string]string{
		secure.URL:                  "certificate",
		"http://nowhere.invalid/x":  "nowhere.invalid",
		"http://u:secret@127.0.0.1": "u:xxxxx@127.0.0.1",
	} {
		var pauses []time.Duration
		f, _ := testFetcher(t, toySet(archive), address, &pauses)
		err := f.run(t.Context())
		wantError(t, err, part)
		if bytes.Contains([]byte(fmt.Sprint(err)), []byte("secret")) {
			t.Errorf("%v tells the password", err)
		}
		var passing retry
		if final := part != "u:xxxxx@127.0.0.1"; final && (errors.As(err, &passing) || len(pauses) > 0) {
			t.Errorf("%v: tried again %d times", err, len(pauses))
		}
		wantFiles(t, f.dir)
	}
}

// Nobody is led from https to http.
func TestRedirectToPlain(t *testing.T) {
	archive := pack(t, goodEntries()...)
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	secure := newTLSServer(t, nil)
	secure.Config.Handler = http.RedirectHandler(s.URL, http.StatusFound)
	f, _ := testFetcher(t, toySet(archive), secure.URL, nil)
	f.client.Transport = secure.Client().Transport
	wantError(t, f.run(t.Context()), "refused to follow a redirection from https to http://")
	if len(s.requests) != 0 {
		t.Error("the plain server was asked")
	}
}
