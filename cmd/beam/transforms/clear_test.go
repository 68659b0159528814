package transforms

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What an earlier run has said is removed, of as many shards alone, and what it has made stays.
func TestClear(t *testing.T) {
	dir := t.TempDir()
	if err := Clear(t.Context(), filepath.Join(dir, "none"), 3, "accuracy.json"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"accuracy.json", "failures-00001-of-00003.jsonl", "failures-00001-of-00030.jsonl", "features-00001-of-00003.npy", "pca.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clear(t.Context(), dir, 3, "accuracy.json"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"failures-00001-of-00030.jsonl", "features-00001-of-00003.npy", "pca.json"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}
