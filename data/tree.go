package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// A tree is the folder that a data set is opened from: one of the system's, or
// any file system in the sense of io/fs. Names in it have slashes; "." is the
// folder itself.
type tree struct {
	fs.FS
	root string // before its names in messages; may be empty
	// passedOver is told what leftovers are passed over; may be nil.
	passedOver func(name string)
}

// folder is a folder of the system as a file system. os.DirFS would refuse
// names that are not UTF-8.
type folder string

func (f folder) path(name string) string {
	return filepath.Join(string(f), filepath.FromSlash(name))
}

func (f folder) Open(name string) (fs.File, error)     { return os.Open(f.path(name)) }
func (f folder) Stat(name string) (fs.FileInfo, error) { return os.Stat(f.path(name)) }

// system is the tree of a folder of the system. With an empty path its names are
// any paths.
func system(path string) tree { return tree{FS: folder(path), root: path} }

// show is a name for messages.
func (t tree) show(name string) string {
	if t.root == "" {
		return name
	}
	return filepath.Join(t.root, filepath.FromSlash(name))
}

// sub is the tree of a folder in it.
func (t tree) sub(name string) (tree, error) {
	if f, ok := t.FS.(folder); ok {
		return tree{folder(f.path(name)), f.path(name), t.passedOver}, nil
	}
	if p, ok := t.FS.(*packed); ok {
		return tree{p.sub(name), t.show(name), t.passedOver}, nil
	}
	sub, err := fs.Sub(t.FS, name)
	return tree{sub, t.show(name), t.passedOver}, err
}

// isRegular tells whether there is a regular file of that name.
func (t tree) isRegular(name string) bool {
	info, err := fs.Stat(t, name)
	return err == nil && info.Mode().IsRegular()
}

// list returns the names in a folder that keep wants, sorted by code point.
func (t tree) list(ctx context.Context, dir string, keep func(fs.DirEntry) bool) ([]string, error) {
	f, err := t.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, fmt.Errorf("%s: not a folder", t.show(dir))
	}
	var names []string
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := d.ReadDir(1 << 10) // some milliseconds, where links are followed
		for _, e := range entries {
			if keep(e) {
				names = append(names, e.Name())
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

// passOver tells of a leftover in dir.
func (t tree) passOver(dir, name string) {
	if t.passedOver != nil {
		t.passedOver(t.show(path.Join(dir, name)))
	}
}

// folders returns the names of the folders in dir, and of links to folders, but
// not those of leftovers.
func (t tree) folders(ctx context.Context, dir string) ([]string, error) {
	return t.list(ctx, dir, func(e fs.DirEntry) bool {
		if isLeftoverFolder(e.Name()) {
			if !e.Type().IsRegular() {
				t.passOver(dir, e.Name())
			}
			return false
		}
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := fs.Stat(t, path.Join(dir, e.Name()))
			return err == nil && info.IsDir()
		}
		return e.IsDir()
	})
}

// files returns the names in dir with one of the extensions, in any case, that
// are neither folders nor devices nor leftovers.
func (t tree) files(ctx context.Context, dir string, extensions []string) ([]string, error) {
	return t.list(ctx, dir, func(e fs.DirEntry) bool {
		if !e.IsDir() && isLeftoverFile(e.Name()) {
			t.passOver(dir, e.Name())
			return false
		}
		if !hasExtension(e.Name(), extensions) {
			return false
		}
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := fs.Stat(t, path.Join(dir, e.Name()))
			return err != nil || info.Mode().IsRegular()
		}
		return e.Type().IsRegular()
	})
}

// maxInMemory bounds the files that are read into memory because their file
// system cannot read them at an offset: those of a zip archive, say. Larger ones
// have to be unpacked.
const maxInMemory = 1 << 30

// openAt opens a regular file for reading at any offset.
func openAt(ctx context.Context, fsys fs.FS, name string) (r io.ReaderAt, size int64, c io.Closer, err error) {
	// Looked at before it is opened: opening a named pipe would wait for ever.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, nil, unpath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, nil, errors.New("not a regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, nil, unpath(err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, nil, unpath(err)
	}
	if r, ok := f.(io.ReaderAt); ok {
		return r, info.Size(), f, nil
	}
	defer f.Close()
	var content []byte
	if z, ok := f.(*zipFile); ok {
		content, err = z.whole(ctx)
	} else {
		content, err = contents(ctx, f, maxInMemory)
	}
	if err != nil {
		return nil, 0, nil, unpath(err)
	}
	return bytes.NewReader(content), int64(len(content)), io.NopCloser(nil), nil
}

// contents reads what is left of r, at most so many bytes. Memory grows with what
// comes, whatever r says of its size.
func contents(ctx context.Context, r io.Reader, most int64) ([]byte, error) {
	var content bytes.Buffer
	if _, err := content.ReadFrom(io.LimitReader(ctxio.Reader(ctx, r), most+1)); err != nil {
		return nil, err
	}
	if int64(content.Len()) > most {
		return nil, fmt.Errorf("more than the limit of %d bytes", most)
	}
	return content.Bytes(), nil
}

// unpath drops the path from an error of the os package, whose caller names
// the file.
func unpath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
