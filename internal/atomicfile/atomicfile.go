// Package atomicfile writes files that are whole or absent.
package atomicfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write calls write with a buffered writer on a temporary file in the folder
// of path, which gets the name path once everything is on disk. When write or any
// step after it fails, the temporary file is removed and what stood at path before
// is untouched. Errors begin with path.
//
// What a program that is killed leaves of a temporary file, the next one that
// writes in the folder removes: on Linux that is nothing, but for the moment in which
// a file that was there is replaced.
//
// Only a regular file is replaced, which keeps its permissions; of a symbolic
// link it is the file that it leads to. A new file has those of the umask.
//
// When ctx ends, which is looked at every 64 KiB, that is a failure of write with
// ctx's error.
func Write(ctx context.Context, path string, write func(io.Writer) error) error {
	if err := replace(ctx, path, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Check returns the error with which Write would fail as things stand: no such
// folder, no permission, or something at path that is no regular file. It
// changes nothing.
func Check(path string) error {
	t, _, err := begin(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	t.discard()
	return nil
}

func replace(ctx context.Context, path string, write func(io.Writer) error) error {
	t, target, err := begin(path)
	if err != nil {
		return err
	}
	defer t.discard() // what has its last name by then stays
	w := bufio.NewWriterSize(nameless{ctx, t.File}, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return bare(err)
	}
	return bare(t.publish(target))
}

// begin makes the temporary file, and returns the path that it is to have in
// the end.
func begin(path string) (t *temporary, target string, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, atPath := os.Lstat(path)
		switch {
		case atPath != nil:
			target = path
			t, err = create(target)
			return t, target, bare(err)
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, "", errors.New("a symbolic link to nothing")
		}
		// Another program has put its file there since.
		target, err = filepath.EvalSymlinks(path)
	}
	if err == nil {
		t, err = createBeside(target)
	}
	return t, target, bare(err)
}

// createBeside makes the temporary file for one that exists.
func createBeside(target string) (*temporary, error) {
	info, err := os.Stat(target)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	// A file that may not be written is not to be replaced either.
	old, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	old.Close()
	t, err := create(target)
	if err != nil {
		return nil, err
	}
	if err := t.Chmod(info.Mode().Perm()); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// nameless is a file whose errors do not name it: its name is temporary. It
// fails once its context has ended.
type nameless struct {
	ctx context.Context
	f   *os.File
}

func (n nameless) Write(p []byte) (int, error) {
	if err := n.ctx.Err(); err != nil {
		return 0, err
	}
	k, err := n.f.Write(p)
	return k, bare(err)
}

// bare returns an error of the system without the name of the file.
func bare(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
