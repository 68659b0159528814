package checkpoint

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A packed checkpoint of zeros is a bomb to Load, and LoadMax lets it in for
// as much memory as it is told.
func TestLoadMax(t *testing.T) {
	const n = 1 << 20 // elements, 4 MiB
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []entry{{"x/data.pkl", pickled(pDict(pStr("w"), pVector("0", n)))}, {"x/data/0", strings.Repeat("\x00", 4*n)}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "zeros.pth")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), path); err == nil || !strings.Contains(err.Error(), "4 times the file's") {
		t.Errorf("Load: error %v, want one about memory", err)
	}
	for _, max := range []int64{-1, 0, 4 << 20} {
		if _, err := LoadMax(t.Context(), path, max); err == nil || !strings.Contains(err.Error(), "bytes allowed") {
			t.Errorf("LoadMax(%d): error %v, want one about memory", max, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := LoadMax(t.Context(), path, 5<<20)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := s.Get("w"); !ok || len(w.Bytes()) != 4*n {
		t.Errorf("w: %v", w)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 5<<20 {
		t.Errorf("%d bytes allocated, 5 MiB are allowed", got)
	}
}
