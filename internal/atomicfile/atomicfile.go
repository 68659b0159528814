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
// of path, and renames that file to path once everything is on disk. When
// write or any step after it fails, the temporary file is removed and what
// stood at path before is untouched. Errors begin with path.
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
	f, _, err := begin(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.Close()
	os.Remove(f.Name())
	return nil
}

func replace(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	f, target, err := begin(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // a second Close only returns an error
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(nameless{ctx, f}, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return bare(err)
	}
	if err := f.Close(); err != nil {
		return bare(err)
	}
	return bare(os.Rename(f.Name(), target))
}

// begin makes the temporary file, and returns the path that it is to have in
// the end.
func begin(path string) (f *os.File, target string, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, atPath := os.Lstat(path)
		switch {
		case atPath != nil:
			target = path
			f, err = create(target)
			return f, target, bare(err)
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, "", errors.New("a symbolic link to nothing")
		}
		// Another program has put its file there since.
		target, err = filepath.EvalSymlinks(path)
	}
	if err == nil {
		f, err = createBeside(target)
	}
	return f, target, bare(err)
}

// createBeside makes the temporary file for one that exists.
func createBeside(target string) (*os.File, error) {
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
	f, err := create(target)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return f, nil
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
