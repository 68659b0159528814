package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// state is what is remembered of a partial download, in a file beside it: the
// validators with which If-Range tells whether the server still has the file
// that the part is of.
type state struct {
	URL          string `json:"url"`
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
	case s.ETag != "" && !strings.HasPrefix(s.ETag, "W/"):
		return s.ETag
	}
	return s.LastModified
}

// save writes the state file, whole or not at all.
func (s state) save(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) })
}

// loadState reads a state file. Without one, or with one that is damaged,
// nothing is known of the part.
func loadState(path string) state {
	f, err := os.Open(path)
	if err != nil {
		return state{}
	}
	defer f.Close()
	var s state
	if json.NewDecoder(io.LimitReader(f, 1<<16)).Decode(&s) != nil {
		return state{}
	}
	return s
}

// contentRange parses "bytes FIRST-LAST/TOTAL"; total is -1 for "*".
func contentRange(text string) (first, last, total int64, err error) {
	total = -1
	if _, err = fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &total); err != nil {
		var star string
		_, err = fmt.Sscanf(text, "bytes %d-%d/%1s", &first, &last, &star)
		if err == nil && star != "*" {
			err = errors.New("no total")
		}
	}
	if err != nil || first < 0 || last < first || total >= 0 && last >= total {
		return 0, 0, 0, fmt.Errorf("server sends a bad Content-Range %.80q", text)
	}
	return first, last, total, nil
}
