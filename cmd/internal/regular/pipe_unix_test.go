//go:build unix && !js

package regular

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A named pipe is refused at once, though nobody writes into it.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("%v", err)
	}
}
