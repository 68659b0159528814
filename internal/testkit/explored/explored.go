// Package explored reads the pages of package explorer back, for tests.
package explored

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"testing"
)

var (
	metaElement  = regexp.MustCompile(`<script type="application/json" id="meta">([^<]*)</script>`)
	blockElement = regexp.MustCompile(`<script type="application/octet-stream" id="block-([a-z0-9-]+)"( data-pack="gzip")?>([^<]*)</script>`)
)

// Read decodes the JSON block of a page into meta, and returns the binary blocks by name,
// unpacked.
func Read(t testing.TB, text string, meta any) map[string][]byte {
	t.Helper()
	found := metaElement.FindStringSubmatch(text)
	if found == nil {
		t.Fatal("the page has no meta block")
	}
	if err := json.Unmarshal([]byte(found[1]), meta); err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]byte{}
	for _, b := range blockElement.FindAllStringSubmatch(text, -1) {
		raw, err := base64.StdEncoding.DecodeString(b[3])
		if err == nil && b[2] != "" {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(raw)); err == nil {
				raw, err = io.ReadAll(z)
			}
		}
		if err != nil {
			t.Fatalf("block %s: %v", b[1], err)
		}
		blocks[b[1]] = raw
	}
	return blocks
}

// ReadFile is Read of a file.
func ReadFile(t testing.TB, path string, meta any) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Read(t, string(text), meta)
}
