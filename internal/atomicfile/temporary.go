package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A temporary is the file that is written before it has its name. Where the system
// can, it has none at all, so that nothing is left of it when the program is killed.
// Else it is named .NAME.locked.glimpse-NUMBER.tmp after the file that it is to
// become, and locked as long as its writer lives: what is not locked is a leftover,
// which [sweep] removes. Without locks it is named .NAME.glimpse-NUMBER.tmp, and a
// leftover when it is old.
type temporary struct {
	*os.File
	path string // "" while it has no name
}

const (
	lockedInfix = ".locked"
	infix       = ".glimpse-"
	suffix      = ".tmp"
	// A file name may have 255 bytes.
	maxName = 200
)

// noUnnamed makes all temporary files have names, for tests.
var noUnnamed = false

// create makes the temporary file for target, open for writing.
func create(target string) (*temporary, error) {
	dir, name := filepath.Split(target)
	if name == "" {
		return nil, errors.New("not the name of a file")
	}
	if dir == "" {
		dir = "."
	}
	sweep(dir)
	if !noUnnamed {
		if f := openUnnamed(dir); f != nil {
			return &temporary{f, ""}, nil
		}
	}
	return createNamed(target)
}

// temporaryName is a new name beside target.
func temporaryName(target string, locked bool) string {
	dir, name := filepath.Split(target)
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	if locked {
		name += lockedInfix
	}
	return filepath.Join(dir, fmt.Sprintf(".%s%s%d%s", name, infix, rand.Uint64(), suffix))
}

// createNamed makes a temporary file that has a name.
func createNamed(target string) (*temporary, error) {
	for locked := true; ; {
		path := temporaryName(target, locked)
		// Not os.CreateTemp, whose files are private: the umask decides.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("no such folder: %w", bare(err))
		case err != nil:
			return nil, err
		}
		t := &temporary{f, path}
		if !locked {
			return t, nil
		}
		// Before it was locked, it was a leftover to others.
		switch err := lock(f); {
		case err == nil && t.isThere():
			return t, nil
		case err != nil && !errors.Is(err, errBusy):
			locked = false
		}
		t.discard()
	}
}

// isThere tells whether the file still has its name.
func (t *temporary) isThere() bool {
	open, err := t.Stat()
	there, errThere := os.Lstat(t.path)
	return err == nil && errThere == nil && os.SameFile(open, there)
}

// discard closes and removes the file.
func (t *temporary) discard() {
	t.Close() // a second one only returns an error
	if t.path != "" {
		os.Remove(t.path)
	}
}

// publish gives the file, which is on disk, the name target.
func (t *temporary) publish(target string) error {
	if t.path == "" {
		done, err := t.link(target)
		if done || err != nil {
			return err
		}
	}
	if runtime.GOOS == "windows" { // where an open file cannot be renamed
		if err := t.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(t.path, target); err != nil {
		return err
	}
	t.path = ""
	return nil // what is on disk cannot fail to be closed
}

// link gives a file without a name the name target, or, where there is a file of
// that name, a temporary one. A file system that gives none, whatever it has
// promised, makes it a copy.
func (t *temporary) link(target string) (done bool, err error) {
	err = linkUnnamed(t.File, target)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, fs.ErrExist) {
		path := temporaryName(target, lock(t.File) == nil)
		if err = linkUnnamed(t.File, path); err == nil {
			t.path = path
			return false, nil
		}
	}
	named, err := createNamed(target)
	if err != nil {
		return false, err
	}
	if err := named.copyOf(t.File); err != nil {
		named.discard()
		return false, err
	}
	t.Close()
	*t = *named
	return false, nil
}

// copyOf writes what another file holds, and takes its permissions.
func (t *temporary) copyOf(f *os.File) error {
	info, err := f.Stat()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(t.File, f)
	}
	if err == nil {
		err = t.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = t.Sync()
	}
	return err
}
