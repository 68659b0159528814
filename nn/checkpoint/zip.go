package checkpoint

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// readZip reads what torch.save writes since PyTorch 1.6: a zip archive of
// NAME/data.pkl, the pickled object; NAME/data/KEY, the bytes of each
// storage; NAME/byteorder ("little" or "big", little where it is missing);
// and entries that say nothing about the weights. Bytes after the archive are no matter,
// as long as its directory is found, within the last 64 KiB.
func readZip(r io.ReaderAt, size int64, key string, b *budget.Budget) (*StateDict, error) {
	a, err := openArchive(r, size, b)
	if err != nil {
		return nil, err
	}
	swap, err := a.bigEndian()
	if err != nil {
		return nil, err
	}
	env := &torchEnv{budget: b, storages: map[string]*storage{}}
	root, err := a.unpickle("data.pkl", env)
	if err != nil {
		return nil, err
	}
	found, err := findStateDict(root, key, b)
	if err != nil {
		return nil, err
	}
	var reads []read
	for _, v := range found.views { // in the order of the state dict, each storage once
		s := v.storage
		if !s.needed {
			continue
		}
		s.needed = false
		f, err := a.find("data/" + s.key)
		if err != nil {
			return nil, err
		}
		if f.UncompressedSize64 != uint64(s.size) {
			return nil, fmt.Errorf("record %s: %d bytes, expected %d as data.pkl says", quote(f.Name), f.UncompressedSize64, s.size)
		}
		if f.Method != zip.Store {
			if s.data, err = a.inflate(f); err != nil {
				return nil, err
			}
			continue
		}
		rec, err := a.stored(f)
		if err != nil {
			return nil, err
		}
		if reads, err = budget.Grow(b, reads, 1); err != nil {
			return nil, err
		}
		reads = append(reads, read{s, rec})
	}
	if err := readStorages(r, reads, b); err != nil {
		return nil, err
	}
	if swap {
		for _, v := range found.views {
			s := v.storage
			if s.mixed || s.elemSize != v.elem.size {
				return nil, fmt.Errorf("tensor %s: a big-endian storage of elements of several sizes is not supported", quote(v.name))
			}
			if !s.swapped {
				swapBytes(s.data, s.elemSize)
				s.swapped = true
			}
		}
	}
	return found.assemble(b)
}

// An archive is the zip archive of torch.save.
type archive struct {
	r      io.ReaderAt
	size   int64
	budget *budget.Budget
	prefix string // "NAME/"
	files  map[string]*zip.File

	inflater io.Reader // one decompressor, used for each entry in turn
}

// openArchive reads the directory of the archive.
func openArchive(r io.ReaderAt, size int64, b *budget.Budget) (*archive, error) {
	// The library takes up to ten bytes for each byte of a directory of many
	// tiny entries, so a directory that would leave too little is cut off.
	// What it reads before the directory is at most 67 KB.
	limited := &limitedReaderAt{r: r, left: 70_000 + b.Left()/10}
	z, err := zip.NewReader(limited, size)
	switch {
	case limited.left < 0:
		return nil, errors.New("refused: the directory of the archive is too large for its size")
	case errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("no whole directory at the end of the file's %d bytes; the file is truncated or damaged", size)
	case err != nil:
		return nil, err
	}
	limited.r = r
	limited.left = 1 << 62

	// What the library allocated for each entry: a File of 208 bytes, its
	// pointer in a list that grew, the header, name and extra fields twice,
	// and a time zone where there is an extra field. And our map.
	cost := 16 * cap(z.File)
	for _, f := range z.File {
		cost += 208 + 48 + 32 + 2*(len(f.Name)+len(f.Extra)+len(f.Comment)) + 64
		if len(f.Extra) > 0 {
			cost += 192
		}
	}
	if err := b.Take(cost); err != nil {
		return nil, err
	}
	a := &archive{r: r, size: size, budget: b, files: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if _, ok := a.files[f.Name]; ok {
			return nil, fmt.Errorf("record %s: a second one of that name", quote(f.Name))
		}
		a.files[f.Name] = f
		if name, ok := strings.CutSuffix(f.Name, "/data.pkl"); ok && !strings.Contains(name, "/") {
			if a.prefix != "" {
				return nil, fmt.Errorf("records %s and %s, expected one data.pkl", quote(a.prefix+"data.pkl"), quote(f.Name))
			}
			a.prefix = name + "/"
		}
	}
	if a.prefix == "" {
		return nil, fmt.Errorf("no record NAME/data.pkl among its %d; torch.save did not write it", len(z.File))
	}
	if _, ok := a.files[a.prefix+"constants.pkl"]; ok {
		return nil, errors.New("it holds a TorchScript program; save model.state_dict() with torch.save instead")
	}
	z.RegisterDecompressor(zip.Deflate, a.decompressor)
	return a, nil
}

// find returns the entry of that name under the archive's own.
func (a *archive) find(name string) (*zip.File, error) {
	f, ok := a.files[a.prefix+name]
	if !ok {
		return nil, fmt.Errorf("record %s is missing", quote(a.prefix+name))
	}
	return f, nil
}

// stored returns where the bytes of an uncompressed entry lie.
func (a *archive) stored(f *zip.File) (record, error) {
	name := quote(f.Name)
	if f.Flags&1 != 0 {
		return record{}, fmt.Errorf("record %s is encrypted", name)
	}
	if f.Method != zip.Store {
		return record{}, fmt.Errorf("record %s: compression method %d, expected 0 (stored) or 8 (deflate)", name, f.Method)
	}
	if f.CompressedSize64 != f.UncompressedSize64 {
		return record{}, fmt.Errorf("record %s: stored, but its sizes are %d and %d", name, f.CompressedSize64, f.UncompressedSize64)
	}
	off, err := f.DataOffset()
	if err != nil {
		return record{}, fmt.Errorf("record %s: its header: %w", name, err)
	}
	size := f.UncompressedSize64
	if off < 0 || off > a.size || size > uint64(a.size-off) {
		return record{}, fmt.Errorf("record %s: %d bytes at offset %d, but the file has %d", name, size, off, a.size)
	}
	return record{f.Name, off, int64(size), f.CRC32}, nil
}

// inflate returns the contents of a compressed entry. torch.save never
// compresses, but an archive may have been packed again.
func (a *archive) inflate(f *zip.File) ([]byte, error) {
	if f.Method != zip.Deflate || f.Flags&1 != 0 {
		_, err := a.stored(f) // says what is wrong
		return nil, err
	}
	if err := a.budget.Take(1 << 10); err != nil { // the reader
		return nil, err
	}
	data, err := bookedAlloc(a.budget, int(f.UncompressedSize64))
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", quote(f.Name), err)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", quote(f.Name), err)
	}
	if _, err := io.ReadFull(rc, data); err != nil {
		return nil, fmt.Errorf("record %s: unpacking it: %w", quote(f.Name), err)
	}
	// The end of the data is where the library compares size and checksum.
	var more [1]byte
	if _, err := rc.Read(more[:]); err != io.EOF {
		return nil, fmt.Errorf("record %s: expected the end of its data after %d bytes: %w", quote(f.Name), len(data), cmp.Or(err, zip.ErrFormat))
	}
	return data, nil
}

// decompressor returns the archive's one flate reader, set to read r.
func (a *archive) decompressor(r io.Reader) io.ReadCloser {
	if a.inflater == nil {
		a.inflater = flate.NewReader(r)
	} else {
		// A flate reader is a Resetter, and Reset without a dictionary
		// returns no error.
		a.inflater.(flate.Resetter).Reset(r, nil)
	}
	return io.NopCloser(a.inflater)
}

// unpickle decodes the entry of that name.
func (a *archive) unpickle(name string, env *torchEnv) (any, error) {
	f, err := a.find(name)
	if err != nil {
		return nil, err
	}
	var in io.ReaderAt
	var size int64
	if f.Method == zip.Store {
		rec, err := a.stored(f)
		if err != nil {
			return nil, err
		}
		if err := rec.verify(a.r); err != nil {
			return nil, err
		}
		in, size = io.NewSectionReader(a.r, rec.off, rec.size), rec.size
	} else {
		data, err := a.inflate(f)
		if err != nil {
			return nil, err
		}
		in, size = bytes.NewReader(data), int64(len(data))
	}
	root, _, err := pickle.Decode(in, 0, size, a.budget, env)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", quote(f.Name), err)
	}
	return root, nil
}

// bigEndian tells whether the record byteorder says so.
func (a *archive) bigEndian() (bool, error) {
	f, ok := a.files[a.prefix+"byteorder"]
	if !ok {
		return false, nil
	}
	var order [6]byte // room for either word
	n := copy(order[:], "?")
	if f.UncompressedSize64 <= uint64(len(order)) {
		if f.Method == zip.Store {
			rec, err := a.stored(f)
			if err != nil {
				return false, err
			}
			n = int(rec.size)
			if err := rec.read(a.r, order[:n]); err != nil {
				return false, err
			}
		} else {
			data, err := a.inflate(f)
			if err != nil {
				return false, err
			}
			n = copy(order[:], data)
		}
	}
	switch string(order[:n]) {
	case "little":
		return false, nil
	case "big":
		return true, nil
	}
	return false, fmt.Errorf(`record %s: expected "little" or "big"`, quote(f.Name))
}

// A limitedReaderAt stops after a number of bytes read in all. It is asked
// for bytes of the file alone, so a read that ends early is an error.
type limitedReaderAt struct {
	r    io.ReaderAt
	left int64
}

func (l *limitedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errors.New("read limit reached")
	}
	n, err := l.r.ReadAt(p, off)
	if n < len(p) && (err == nil || err == io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
