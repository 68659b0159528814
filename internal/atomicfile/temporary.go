package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A temporary file is named .NAME.glimpse-NUMBER.tmp after the file that it is
// to become.
const (
	infix  = ".glimpse-"
	suffix = ".tmp"
	// A file name may have 255 bytes.
	maxName = 200
)

// create makes the temporary file for target, open for writing.
func create(target string) (*os.File, error) {
	dir, name := filepath.Split(target)
	if name == "" {
		return nil, errors.New("not the name of a file")
	}
	if dir == "" {
		dir = "."
	}
	sweep(dir)
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	for {
		temporary := fmt.Sprintf(".%s%s%d%s", name, infix, rand.Uint64(), suffix)
		// Not os.CreateTemp, whose files are private: the umask decides.
		f, err := os.OpenFile(filepath.Join(dir, temporary), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("no such folder: %w", bare(err))
		}
		return f, err
	}
}

// abandoned is the age from which a temporary file counts as left by a program
// that was killed: whoever writes one does so in seconds.
const abandoned = time.Hour

// swept are the folders that sweep has seen to.
var swept sync.Map

// sweep removes the abandoned temporary files of a folder, once in the life of
// the program. It is a courtesy: its errors do not matter.
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
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(dir, name))
		}
	}
}
