// Package table reads features, labels and columns as people keep them: NumPy's arrays (.npy,
// .npz) and tables of text (.csv, .tsv and what numpy.savetxt writes).
package table

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/cmd/internal/regular"
	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

var nan = math.NaN()

// foreign are kinds of files that are not read, by how they begin (? is any byte), and what to do.
var foreign = []struct{ magic, advice string }{
	{"PAR1\x15", `a Parquet file, which is not read: in Python, numpy.save("x.npy", pandas.read_parquet(...).to_numpy())`},
	{"ARROW1\x00", `an Arrow file, which is not read: in Python, numpy.save("x.npy", pandas.read_feather(...).to_numpy())`},
	{"\x89HDF", `an HDF5 file, which is not read: in Python, numpy.save("x.npy", h5py.File(...)["name"][:])`},
	{"\x80", `a pickle, which is not read: in Python, numpy.save("x.npy", numpy.asarray(...))`},
	{"MATLAB 7", `a MATLAB 7.3 file, which is not read: in Python, numpy.save("x.npy", h5py.File(...)["name"][:].T)`},
	{"MATLAB 5", `a MATLAB file, which is not read: in Python, numpy.save("x.npy", scipy.io.loadmat(...)["name"])`},
	{"\x1f\x8b", "compressed (gzip): unpack it first"},
	{"BZh?1AY&", "compressed (bzip2): unpack it first"},
	{"\xfd7zXZ", "compressed (xz): unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed (zstd): unpack it first"},
}

// A file is an open table, of one of two kinds.
type file struct {
	array  *npy.Array // nil: text
	text   io.ReadSeeker
	closer io.Closer
	size   int64
	column string // by name, of a text
	memory *budget.Budget
}

// SplitName parts the name of an array or a column from the path of the file that it
// is in, as "x.npz:name" or "x.csv:name". The name is empty when there is none.
func SplitName(path string) (file, name string) {
	for _, ext := range []string{".npz:", ".csv:", ".tsv:"} {
		if i := strings.LastIndex(strings.ToLower(path), ext); i >= 0 {
			return path[:i+len(ext)-1], path[i+len(ext):]
		}
	}
	return path, ""
}

// open opens a table, whose kind its first bytes tell.
func open(ctx context.Context, path string) (*file, error) {
	archive, name := SplitName(path)
	f, size, err := regular.Open(archive)
	if err != nil {
		return nil, err
	}
	keep := false
	defer func() {
		if !keep {
			f.Close()
		}
	}()
	head := make([]byte, 8)
	n, err := ctxio.ReaderAt(ctx, f).ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	head = head[:n]
	for _, kind := range foreign {
		if begins(head, kind.magic) {
			return nil, fmt.Errorf("%s: %s", archive, kind.advice)
		}
	}
	err = nil // the end, of a short file
	out := &file{size: size, memory: budget.New(size)}
	ext := strings.ToLower(filepath.Ext(archive))
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) || ext == ".npz":
		out.array, err = npy.LoadArchive(ctx, archive, name)
	case bytes.HasPrefix(head, []byte("\x93NUMPY")) || ext == ".npy":
		out.array, err = npy.Load(ctx, archive)
	case n == 0:
		err = fmt.Errorf("%s: the file is empty", archive)
	default:
		out.text, out.closer, out.column, keep = f, f, name, true
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// begins tells whether a file begins with some bytes, of which ? is any.
func begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// cells returns the cells of a text, from its beginning.
func (f *file) cells(ctx context.Context, comments bool) (*cells, error) {
	if _, err := f.text.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	// No more than what was counted, if the file grows meanwhile.
	return newCells(io.LimitReader(ctxio.Reader(ctx, f.text), f.size), comments, f.memory)
}

func (f *file) close() {
	if f.closer != nil {
		f.closer.Close()
	}
}
