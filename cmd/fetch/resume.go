package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// state is what is remembered of a partial download, in a file beside it: the
// validators with which If-Range tells whether the server still has the file
// that the part is of.
type state struct {
	URL          string `json:"url"` // without a password
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// stateOf takes the validators from an answer.
func stateOf(url string, h http.Header) state {
	return state{url, h.Get("ETag"), h.Get("Last-Modified")}
}

// ifRange returns the validator for If-Range: a strong ETag, or else the time
// of modification (RFC 9110, 13.1.5), and "" when there is none for this URL.
// The MD5 sum finds what slips through without one.
func (s state) ifRange(url string) string {
	switch {
	case s.URL != url:
		return ""
	case strings.HasPrefix(s.ETag, `"`) && isFieldValue(s.ETag):
		return s.ETag
	case isFieldValue(s.LastModified):
		return s.LastModified
	}
	return ""
}

// isFieldValue tells whether a server's text can be sent back in a header:
// printable, and of a sensible length.
func isFieldValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 1024 && strings.TrimSpace(s) == s
}

// save writes the state file, whole or not at all.
func (s state) save(path string) error {
	return atomicfile.Write(context.Background(), path, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) })
}

// loadState reads a state file. Without one, or with one that is damaged,
// nothing is known of the part.
func loadState(path string) state {
	f, err := os.Open(path)
	if err != nil {
		return state{}
	}
	defer f.Close()
	return readState(f)
}

// readState reads at most 64 KiB.
func readState(r io.Reader) state {
	var s state
	if json.NewDecoder(io.LimitReader(r, 1<<16)).Decode(&s) != nil {
		return state{}
	}
	return s
}

// contentRange parses "bytes FIRST-LAST/TOTAL" and, of an answer without
// content, "bytes */TOTAL", with first and last -1 (RFC 9110, 14.4). Total is
// -1 for "*".
func contentRange(text string) (first, last, total int64, err error) {
	bad := fmt.Errorf("server sends a bad Content-Range %.80q", text)
	rest, ok := strings.CutPrefix(text, "bytes ")
	span, size, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		return 0, 0, 0, bad
	}
	if total = -1; size != "*" {
		if total, err = position(size); err != nil {
			return 0, 0, 0, bad
		}
	}
	if span == "*" && total >= 0 {
		return -1, -1, total, nil
	}
	from, to, ok := strings.Cut(span, "-")
	first, err = position(from)
	last, err2 := position(to)
	if !ok || err != nil || err2 != nil || last < first || total >= 0 && last >= total {
		return 0, 0, 0, bad
	}
	return first, last, total, nil
}

// position parses decimal digits and nothing else.
func position(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err
}
