package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// work is the folder beside the data set in which a partial download lies:
// everything that is not finished is in it, and it goes when all is done. The
// files in it are two levels below -dir, where no program looks for data.
type work struct {
	dir  string
	lock *os.File // held open, and locked
}

func (w *work) path(name string) string { return filepath.Join(w.dir, name) }

// part is the path of the archive as far as it has come.
func (w *work) part() string { return w.path("download") }

// unpacked is the path of the data set while it is unpacked.
func (w *work) unpacked() string { return w.path("unpacked") }

// lockName is the file whose lock keeps a second fetch out. The system drops
// the lock when the process ends, however it ends.
const lockName = "lock"

// openWork makes the folder, or opens the one that an earlier run has left,
// and locks it.
func openWork(dir string) (*work, error) {
	// Another fetch may remove the folder between any two steps: then again.
	for range 100 {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("%s: not a folder, which it must be to hold a partial download: move it away", dir)
		}
		w := &work{dir: dir}
		f, err := os.OpenFile(w.path(lockName), os.O_RDWR|os.O_CREATE, 0o644)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), f.Close())
		}
		// The lock counts only on the file that the next one will find.
		mine, err := f.Stat()
		if there, err2 := os.Stat(f.Name()); err == nil && err2 == nil && os.SameFile(mine, there) {
			w.lock = f
			return w, nil
		}
		f.Close() // nothing has been written to it
	}
	return nil, fmt.Errorf("%s: %w", dir, errBusy)
}

// errBusy says that another process holds the lock.
var errBusy = errors.New("another fetch is at work there")

// close gives the folder up, but for the archive as far as it has come. With
// nothing of it the folder goes too.
func (w *work) close() error {
	if info, err := os.Stat(w.part()); err != nil || info.Size() == 0 {
		return w.remove()
	}
	return errors.Join(os.RemoveAll(w.unpacked()), w.unlock())
}

// remove removes the folder.
func (w *work) remove() error {
	entries, err := os.ReadDir(w.dir)
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(w.path(e.Name())))
		}
	}
	err = errors.Join(err, w.unlock())
	os.Remove(w.dir) // it is another fetch's by now when that fails
	return err
}

// unlock removes the lock file while it is locked, so that nobody can hold a
// lock on it afterwards. Where an open file cannot be removed (Windows), it is
// removed after that, unless another fetch has opened it.
func (w *work) unlock() error {
	removed := os.Remove(w.lock.Name())
	err := w.lock.Close()
	if removed != nil {
		os.Remove(w.lock.Name())
	}
	return err
}
