package regular

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, size, err := Open(path)
	if err != nil || size != 4 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	f.Close()
	if _, _, err := Open(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), ": not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, _, err := Open(path + "y"); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}
