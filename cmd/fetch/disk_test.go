package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/tinydisk"
)

// A disk that is full after all, while downloading or unpacking, ends the run
// with an error that says so and keeps what has come; with room again the same
// command goes on from there.
func TestFullDisk(t *testing.T) {
	archive := pack(t, goodEntries()...) // 205 KB, and 205 KB in it
	for name, filled := range map[string]int{"downloading": 900_000, "unpacking": 700_000} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
			f, _ := testFetcher(t, toySet(archive), s.URL, nil)
			disk := tinydisk.Mount(t, 1<<20)
			f.dir = filepath.Join(disk, "data")
			filler := filepath.Join(disk, "filler")
			if err := os.WriteFile(filler, make([]byte, filled), 0o644); err != nil {
				t.Fatal(err)
			}
			err := f.run(t.Context())
			if err == nil || !strings.Contains(err.Error(), "no space left on device") || errors.As(err, new(retry)) {
				t.Errorf("error %v, expected one of a full disk", err)
			}
			wantFiles(t, f.dir, partOnly...)
			info, err := os.Stat(partOf(f))
			if err != nil || info.Size() == 0 || name == "unpacking" && info.Size() != int64(len(archive)) {
				t.Fatalf("%v, %v", info, err)
			}
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			before := len(s.requests)
			if err := f.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, f)
			switch after := s.requests[before:]; {
			case name == "unpacking" && len(after) != 0:
				t.Errorf("%d requests after it, expected none", len(after))
			case name == "downloading" && (len(after) != 1 || after[0].Header.Get("Range") != fmt.Sprintf("bytes=%d-", info.Size())):
				t.Errorf("%d requests after it, expected one for what comes after byte %d", len(after), info.Size())
			}
		})
	}
}
