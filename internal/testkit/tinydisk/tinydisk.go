// Package tinydisk gives tests a disk that is soon full.
package tinydisk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Mount returns the folder of a file system of so many bytes (whole pages of
// them), which is there until the test ends. Where none can be mounted, which
// takes Linux and its superuser, the test is skipped.
func Mount(t testing.TB, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+strconv.Itoa(bytes), "glimpse-test", dir).CombinedOutput()
	if err != nil {
		t.Skipf("no file system of %d bytes can be mounted here: %v: %s", bytes, err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return dir
}

// Fill fills the disk to the last byte with a file of that name, and returns
// its path. Removing it makes room again.
func Fill(t testing.TB, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return path
}
