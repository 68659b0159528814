package data

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// packed is the files of an archive as a file system. Names need not be UTF-8, and
// folders need no entry of their own.
type packed struct {
	entries []packedEntry // by name, each once
	root    string        // the folder that is ".", "" for all
}

// packedEntry is a file or folder of an archive.
type packedEntry struct {
	name   string
	mode   fs.FileMode // regular, fs.ModeDir, or fs.ModeSymlink of a link that leads to no file here
	size   int64
	r      io.ReaderAt // of a tar archive,
	offset int64       // where the file begins in it
	zip    *zip.File   // of a zip archive
	most   int64       // the longest file that may be unpacked from it
}

// Bounds on what is kept of an archive, by its size in bytes: a file and a folder
// take some 500 bytes of memory each.
const (
	bytesPerFile   = 160
	bytesPerFolder = 512
	maxNameLength  = 1024
	maxNameDepth   = 64
)

// newPacked sorts the entries of an archive of so many bytes. Of several of one name
// the last counts, as when they are unpacked in turn.
func newPacked(entries []packedEntry, size int64) (*packed, error) {
	slices.SortStableFunc(entries, func(a, b packedEntry) int { return cmp.Compare(a.name, b.name) })
	kept := entries[:0]
	for i, e := range entries {
		if i+1 == len(entries) || entries[i+1].name != e.name {
			kept = append(kept, e)
		}
	}
	p := &packed{entries: kept}
	folders, before := int64(0), ""
	for _, e := range kept {
		// Each slash behind what the name has in common with the one before it is
		// that of a new folder.
		common := 0
		for common < min(len(before), len(e.name)) && before[common] == e.name[common] {
			common++
		}
		folders += int64(strings.Count(e.name[common:], "/"))
		before = e.name
	}
	if most := size/bytesPerFolder + 128; folders > most {
		return nil, fmt.Errorf("more than %d folders in %d bytes; unpack it and give the folder", most, size)
	}
	return p, nil
}

// cleanName is the name of an entry below the root, whatever it begins with; "" is
// the root itself.
func cleanName(name string) (string, error) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if len(name) > maxNameLength || strings.Count(name, "/") >= maxNameDepth {
		return "", fmt.Errorf("%.40q...: a name of %d bytes in %d folders, want at most %d in %d",
			name, len(name), strings.Count(name, "/"), maxNameLength, maxNameDepth-1)
	}
	return name, nil
}

// find returns the index of the first entry that is not before name.
func (p *packed) find(name string) int {
	i, _ := slices.BinarySearchFunc(p.entries, name, func(e packedEntry, name string) int { return cmp.Compare(e.name, name) })
	return i
}

// under returns the range of entries below a folder.
func (p *packed) under(dir string) (begin, end int) {
	if dir == "" {
		return 0, len(p.entries)
	}
	return p.find(dir + "/"), p.find(dir + "0") // '0' comes after '/'
}

// full is a name as the entries have it.
func (p *packed) full(name string) string {
	if name = path.Join(p.root, name); name == "." {
		return ""
	}
	return name
}

// sub is the file system of a folder.
func (p *packed) sub(dir string) *packed { return &packed{p.entries, p.full(dir)} }

// entry finds a file, or a folder that need not have an entry.
func (p *packed) entry(name string) (packedEntry, error) {
	full := p.full(name)
	if i := p.find(full); i < len(p.entries) && p.entries[i].name == full {
		e := p.entries[i]
		if e.mode == fs.ModeSymlink {
			return e, errors.New("a link to what the archive does not hold as a file")
		}
		return e, nil
	}
	if begin, end := p.under(full); begin < end || full == "" {
		return packedEntry{name: full, mode: fs.ModeDir}, nil
	}
	return packedEntry{}, fs.ErrNotExist
}

// Stat looks at a file or folder.
func (p *packed) Stat(name string) (fs.FileInfo, error) {
	e, err := p.entry(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return packedInfo{e}, nil
}

// Open opens a file or folder.
func (p *packed) Open(name string) (fs.File, error) {
	e, err := p.entry(name)
	switch {
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	case e.mode.IsDir():
		begin, end := p.under(e.name)
		return &packedFolder{packedInfo{e}, p, begin, end}, nil
	case e.zip != nil:
		return &zipFile{packedInfo: packedInfo{e}}, nil
	}
	return &tarFile{packedInfo{e}, io.NewSectionReader(e.r, e.offset, e.size)}, nil
}

// packedInfo is what is known of an entry, as fs.FileInfo and fs.DirEntry.
type packedInfo struct{ e packedEntry }

func (i packedInfo) Name() string               { return path.Base("/" + i.e.name) }
func (i packedInfo) Size() int64                { return i.e.size }
func (i packedInfo) Mode() fs.FileMode          { return i.e.mode }
func (i packedInfo) Type() fs.FileMode          { return i.e.mode }
func (i packedInfo) ModTime() time.Time         { return time.Time{} }
func (i packedInfo) IsDir() bool                { return i.e.mode.IsDir() }
func (i packedInfo) Sys() any                   { return nil }
func (i packedInfo) Info() (fs.FileInfo, error) { return i, nil }

// Stat makes it a part of fs.File.
func (i packedInfo) Stat() (fs.FileInfo, error) { return i, nil }

// Close makes it a part of fs.File: the archive stays open.
func (i packedInfo) Close() error { return nil }

// packedFolder lists a folder.
type packedFolder struct {
	packedInfo
	p       *packed
	at, end int
}

func (d *packedFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.Name(), Err: errors.New("a folder")}
}

// ReadDir returns the next n entries, or all that are left.
func (d *packedFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	prefix := ""
	if d.e.name != "" {
		prefix = d.e.name + "/"
	}
	for d.at < d.end && (n <= 0 || len(out) < n) {
		e := d.p.entries[d.at]
		child, _, inside := strings.Cut(e.name[len(prefix):], "/")
		if !inside {
			d.at++
			out = append(out, packedInfo{e})
			continue
		}
		name := prefix + child
		_, d.at = d.p.under(name)
		if i := d.p.find(name); d.p.entries[i].name != name { // else it is listed by its own entry
			out = append(out, packedInfo{packedEntry{name: name, mode: fs.ModeDir}})
		}
	}
	if n > 0 && len(out) == 0 {
		return nil, io.EOF
	}
	return out, nil
}

// tarFile is a file of a tar archive, which is read in its place.
type tarFile struct {
	packedInfo
	*io.SectionReader
}

func (f *tarFile) Size() int64 { return f.e.size }

// zipFile is a file of a zip archive, unpacked when it is read.
type zipFile struct {
	packedInfo
	r io.ReadCloser
}

func (f *zipFile) Read(b []byte) (int, error) {
	if err := f.open(); err != nil {
		return 0, err
	}
	return f.r.Read(b)
}

// open begins to unpack the file.
func (f *zipFile) open() error {
	switch {
	case f.r != nil:
		return nil
	case f.e.zip.Flags&1 != 0:
		return errors.New("it is encrypted; unpack the archive and give the folder")
	case f.e.size > f.e.most:
		return fmt.Errorf("it unpacks to %d bytes, more than the limit of %d in this archive; unpack that and give the folder", f.e.size, f.e.most)
	}
	r, err := f.e.zip.Open()
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return fmt.Errorf("packed by method %d, which is not known; unpack the archive and give the folder", f.e.zip.Method)
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	f.r = r
	return err
}

func (f *zipFile) Close() error {
	if f.r == nil {
		return nil
	}
	return f.r.Close()
}

// whole reads all of the file, in memory of its size, and compares its checksum.
func (f *zipFile) whole(ctx context.Context) ([]byte, error) {
	if err := f.open(); err != nil {
		return nil, err
	}
	content := make([]byte, f.e.size)
	r := ctxio.Reader(ctx, f.r)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	var more [1]byte // at the end the checksum is compared
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return nil, fmt.Errorf("it unpacks to more than the %d bytes that the archive says", f.e.size)
	case err != io.EOF:
		return nil, err
	}
	return content, nil
}
