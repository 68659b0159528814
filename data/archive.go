package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// An archive is opened in its place: zip and tar as they are, and of a compressed
// tar what it unpacks to, in a temporary file without a name that is at most
// unpackedFactor times as large.
const unpackedFactor = 64

// archived is a data set that closes its archive.
type archived struct {
	Dataset
	files []io.Closer
}

func (a *archived) Format() Format { return a.Dataset.(Describer).Format() }
func (a *archived) Split() string  { return a.Dataset.(Describer).Split() }

func (a *archived) Close() error {
	err := a.Dataset.Close()
	for _, f := range a.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// The kinds of archives by how they begin; ustar stands at byte 257.
const (
	zipMagic   = "PK\x03\x04"
	emptyZip   = "PK\x05\x06"
	gzipMagic  = "\x1f\x8b"
	bzip2Magic = "BZh"
	tarMagic   = "ustar"
	tarBlock   = 512
)

// isArchive tells an archive by its first block.
func isArchive(head []byte) bool {
	for _, magic := range []string{zipMagic, emptyZip, gzipMagic, bzip2Magic} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return isTar(head)
}

func isTar(head []byte) bool {
	return len(head) == tarBlock && bytes.HasPrefix(head[257:], []byte(tarMagic))
}

// openArchive opens the data set in an archive, which it closes in any case but
// success.
func openArchive(ctx context.Context, name string, f *os.File, size int64, head []byte, opt OpenOptions) (_ Dataset, err error) {
	a := &archived{files: []io.Closer{f}}
	defer func() {
		if err != nil {
			for _, f := range a.files {
				f.Close()
			}
		}
	}()
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	var p *packed
	switch {
	case has(zipMagic), has(emptyZip):
		p, err = zipEntries(ctx, f, size)
	case has(gzipMagic), has(bzip2Magic):
		var r io.Reader = bzip2.NewReader(ctxio.Reader(ctx, f))
		if has(gzipMagic) {
			r, err = gzip.NewReader(ctxio.Reader(ctx, f))
		}
		var unpacked *temporary
		if err == nil {
			unpacked, err = unpack(ctx, r, unpackedFactor*size+1<<20)
		}
		if err == nil {
			a.files = append(a.files, unpacked)
			p, err = tarEntries(ctx, unpacked, unpacked.size, size)
		}
	case isTar(head), hasExtension(name, []string{".tar"}):
		p, err = tarEntries(ctx, f, size, size)
	default:
		err = fmt.Errorf("%w, and no archive that can be read here (zip, tar, tar.gz, tar.bz2): it begins with %q; unpack it and give the folder",
			ErrNotDataset, head[:min(len(head), 8)])
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the archive ends too early")
		}
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	t := tree{FS: p, root: name, passedOver: opt.once()}
	if t, err = t.onlyFolder(ctx); err != nil {
		return nil, err
	}
	if a.Dataset, err = open(ctx, t, opt); err != nil {
		return nil, err
	}
	return a, nil
}

// onlyFolder goes into the folder that an archive's files are all in, as whoever
// unpacks it would. The folder of a split stays one.
func (t tree) onlyFolder(ctx context.Context) (tree, error) {
	for {
		dirs, err := t.folders(ctx, ".")
		if err != nil {
			return t, fmt.Errorf("data: %w", err)
		}
		files, err := t.files(ctx, ".", append(plainExtensions, folderExtensions...))
		if err != nil {
			return t, fmt.Errorf("data: %w", err)
		}
		if len(dirs) != 1 || len(files) > 0 || folderSplits(dirs) != nil || find(t, dirs[0]) != nil {
			return t, nil
		}
		if t, err = t.sub(dirs[0]); err != nil {
			return t, fmt.Errorf("data: %w", err)
		}
	}
}

// temporary is a file that is gone when it is closed, or the program ends.
type temporary struct {
	*os.File
	size int64
}

// unpack writes at most so many bytes to a temporary file.
func unpack(ctx context.Context, r io.Reader, most int64) (_ *temporary, err error) {
	f, err := os.CreateTemp("", "glimpse-*.tar")
	if err != nil {
		return nil, fmt.Errorf("no temporary file: %w", err)
	}
	t := &temporary{File: f}
	os.Remove(f.Name()) // where an open file cannot be removed, Close does it
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	w := &output{w: f}
	t.size, err = io.Copy(w, io.LimitReader(ctxio.Reader(ctx, r), most+1))
	if w.err != nil {
		return nil, fmt.Errorf("it cannot be unpacked in %s: %w; unpack it elsewhere and give the folder", os.TempDir(), unpath(w.err))
	}
	if err == nil && t.size > most {
		err = fmt.Errorf("it unpacks to more than %d times its size; unpack it and give the folder", unpackedFactor)
	}
	return t, err
}

// output tells errors of writing from those of reading.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.err = err
	return n, err
}

func (t *temporary) Close() error {
	err := t.File.Close()
	os.Remove(t.Name())
	return err
}

// checkFiles returns an error for more files than an archive of so many bytes has.
func checkFiles(n int, size int64) error {
	if most := size/bytesPerFile + 1024; int64(n) > most {
		return fmt.Errorf("more than %d files in %d bytes; unpack it and give the folder", most, size)
	}
	return nil
}

// zipEntries reads the list of a zip archive's files.
func zipEntries(ctx context.Context, f *os.File, size int64) (*packed, error) {
	// The list takes five times its length in memory.
	list := &listReader{r: ctxio.ReaderAt(ctx, f), left: size/2 + 1<<17}
	z, err := zip.NewReader(list, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is written by these names
		return nil, err
	}
	list.read = true
	if err := checkFiles(len(z.File), size); err != nil {
		return nil, err
	}
	entries := make([]packedEntry, 0, len(z.File))
	for _, file := range z.File {
		name := file.Name
		if !strings.Contains(name, "/") {
			name = strings.ReplaceAll(name, `\`, "/") // as some programs on Windows have it
		}
		isFolder := strings.HasSuffix(name, "/")
		if name, err = cleanName(name); err != nil {
			return nil, err
		}
		e := packedEntry{name: name, zip: file, size: int64(min(file.UncompressedSize64, 1<<62)), most: min(3*size+1<<19, maxInMemory)}
		switch mode := file.Mode(); {
		case name == "":
			continue
		case isFolder, mode.IsDir():
			e = packedEntry{name: name, mode: fs.ModeDir}
		case mode&fs.ModeSymlink != 0:
			e.mode = fs.ModeSymlink
		case !mode.IsRegular():
			continue
		}
		entries = append(entries, e)
	}
	return newPacked(entries, size)
}

// listReader bounds what is read before the list of files is.
type listReader struct {
	r    io.ReaderAt
	left int64
	read bool
}

func (l *listReader) ReadAt(b []byte, offset int64) (int, error) {
	if !l.read {
		if l.left -= int64(len(b)); l.left < 0 {
			return 0, errors.New("a list of files longer than half the archive; unpack it and give the folder")
		}
	}
	return l.r.ReadAt(b, offset)
}

// tarEntries looks through a tar archive of unpacked bytes; size is that of the
// file that it came in.
func tarEntries(ctx context.Context, f io.ReaderAt, unpacked, size int64) (*packed, error) {
	section := io.NewSectionReader(ctxio.ReaderAt(ctx, f), 0, unpacked)
	r := tar.NewReader(section)
	var entries []packedEntry
	var links []link
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, tar.ErrInsecurePath) { // nothing is written by these names
			err = nil
		}
		if errors.Is(err, tar.ErrHeader) && len(entries) == 0 {
			return nil, fmt.Errorf("%w: no tar archive, or a damaged one", ErrNotDataset)
		}
		if err != nil {
			return nil, err
		}
		if err := checkFiles(len(entries)+len(links), size); err != nil {
			return nil, err
		}
		name, err := cleanName(h.Name)
		if err != nil {
			return nil, err
		}
		offset, err := section.Seek(0, io.SeekCurrent) // the reader stands where the file begins
		if err != nil {
			return nil, err
		}
		e := packedEntry{name: name, size: h.Size, r: f, offset: offset}
		switch {
		case name == "":
		case h.Typeflag == tar.TypeDir:
			entries = append(entries, packedEntry{name: name, mode: fs.ModeDir})
		case (h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeCont) && !isSparse(h):
			if h.Size > unpacked-offset {
				return nil, io.ErrUnexpectedEOF
			}
			entries = append(entries, e)
		case h.Typeflag == tar.TypeReg, h.Typeflag == tar.TypeGNUSparse:
			return nil, fmt.Errorf("%s is stored with holes; unpack it and give the folder", name)
		case h.Typeflag == tar.TypeLink:
			target, err := cleanName(h.Linkname)
			if err != nil {
				return nil, err
			}
			links = append(links, link{name, target})
		case h.Typeflag == tar.TypeSymlink:
			target := h.Linkname
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(name), target)
			}
			if target, err = cleanName(target); err != nil {
				return nil, err
			}
			links = append(links, link{name, target})
		}
	}
	if len(links) > 0 {
		p, err := newPacked(entries, size)
		if err != nil {
			return nil, err
		}
		if entries, err = p.follow(links); err != nil {
			return nil, err
		}
	}
	return newPacked(entries, size)
}

// isSparse tells whether a file is stored without its holes.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// link is a link in an archive to another name in it.
type link struct{ name, target string }

// follow returns the entries and the files that links lead to. A link to a link or
// to nothing is kept as one.
func (p *packed) follow(links []link) ([]packedEntry, error) {
	entries := p.entries
	for _, l := range links {
		e, err := p.entry(l.target)
		if err == nil && e.mode.IsDir() {
			return nil, fmt.Errorf("%s is a link to a folder; unpack it and give the folder", l.name)
		}
		if err != nil {
			e.mode = fs.ModeSymlink
		}
		e.name = l.name
		entries = append(entries, e)
	}
	return entries, nil
}
