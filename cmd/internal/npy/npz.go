package npy

import (
	"archive/zip"
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/regular"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// Bounds of an archive: what its directory takes, and what an entry unpacks to, unless
// that is no more than 8 times the file.
const (
	maxDirectory = 128 << 10
	maxUnpacked  = 256 << 20
)

// LoadArchive reads the array of the given name, or the only one when that is empty,
// from an .npz file, stored or deflated. It returns an error that names the file, and
// the arrays in it when none is the one, or ctx's when ctx ends.
func LoadArchive(ctx context.Context, file, name string) (*Array, error) {
	f, size, err := regular.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := readArchive(ctxio.ReaderAt(ctx, f), size, name, max(8*size, maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

// readArchive reads an array of an archive, of at most limit bytes.
func readArchive(r io.ReaderAt, size int64, name string, limit int64) (*Array, error) {
	directory := &limited{r: r, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	if directory.left < 0 {
		return nil, fmt.Errorf("npz: the archive's directory takes more than %d bytes", maxDirectory)
	}
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	directory.left = size + limit // from here on entries bound themselves
	entry, err := find(z, name)
	if err != nil {
		return nil, err
	}
	n := int64(entry.UncompressedSize64)
	if n < 0 || n > limit {
		return nil, fmt.Errorf("npz: %s unpacks to %d bytes, more than %d", entry.Name, entry.UncompressedSize64, limit)
	}
	if n > 4*size { // memory is taken for what is there, not for what is said
		if err := drain(entry, n); err != nil {
			return nil, fmt.Errorf("npz: %s: %w", entry.Name, err)
		}
	}
	content, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", entry.Name, err)
	}
	defer content.Close()
	b := bufio.NewReader(content)
	a, err := Read(b, n)
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", entry.Name, err)
	}
	// The checksum is compared at the end.
	if _, err := b.ReadByte(); err != io.EOF {
		return nil, fmt.Errorf("npz: %s: %w", entry.Name, cmp.Or(err, errors.New("more data than its size")))
	}
	return a, nil
}

// drain returns an error when an entry does not unpack to n bytes.
func drain(entry *zip.File, n int64) error {
	content, err := entry.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	got, err := io.Copy(io.Discard, io.LimitReader(content, n+1))
	if err == nil && got != n {
		err = fmt.Errorf("it unpacks to %d bytes, it says %d", got, n)
	}
	return err
}

// find returns the entry of an array.
func find(z *zip.Reader, name string) (*zip.File, error) {
	var names []string
	var only *zip.File
	for _, f := range z.File {
		if path.Ext(f.Name) != ".npy" {
			continue
		}
		array := strings.TrimSuffix(f.Name, ".npy")
		if array == name {
			return f, nil
		}
		names = append(names, array)
		only = f
	}
	slices.Sort(names)
	const shown = 20
	list := strings.Join(names[:min(len(names), shown)], ", ")
	if len(names) > shown {
		list += ", ..."
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("npz: the archive holds no array (NAME.npy)")
	case name != "":
		return nil, fmt.Errorf("npz: no array %q in the archive, but %s", name, list)
	case len(names) > 1:
		return nil, fmt.Errorf("npz: the archive holds %d arrays, %s: say which, as FILE.npz:%s", len(names), list, names[0])
	}
	return only, nil
}

// limited is a reader of so many bytes in all.
type limited struct {
	r    io.ReaderAt
	left int64
}

func (l *limited) ReadAt(p []byte, at int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errors.New("too much is read")
	}
	return l.r.ReadAt(p, at)
}
