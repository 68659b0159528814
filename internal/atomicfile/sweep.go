package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// abandoned is the age from which a temporary file without a lock counts as left by
// a program that was killed: whoever writes one does so in seconds.
const abandoned = time.Hour

// swept are the folders that sweep has seen to.
var swept sync.Map

// sweep removes the temporary files of a folder that killed programs left, once in
// the life of the program. It is a courtesy: its errors do not matter.
func sweep(dir string) {
	if _, done := swept.LoadOrStore(dir, true); done {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") || !strings.Contains(name, infix) || !strings.HasSuffix(name, suffix) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		path := filepath.Join(dir, name)
		if age := time.Since(info.ModTime()); age > abandoned || strings.Contains(name, lockedInfix+infix) && age >= settled && isAbandoned(path) {
			os.Remove(path)
		}
	}
}

// isAbandoned tells whether a file that its writer locks is locked no more. That
// another process sweeps here as well does no harm: no name is used twice.
func isAbandoned(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR|nofollow, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return lock(f) == nil
}
