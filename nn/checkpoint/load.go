package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// Load reads the checkpoint at path. The format is told from the content,
// not from the name: safetensors, or what torch.save writes (a zip archive
// since PyTorch 1.6, a stream of pickles before). Errors begin with the path.
// It stops with ctx's error, at the next MiB, when ctx ends. See Read.
func Load(ctx context.Context, path string) (*StateDict, error) {
	return loadFile(ctx, path, budget.New)
}

// LoadMax is Load with another bound: the memory allocated in all is at
// most max bytes, and no more than 1 MiB when max is less. It lets in a zip
// archive whose entries have been compressed to less than a quarter, which Load
// refuses; torch.save itself compresses nothing.
func LoadMax(ctx context.Context, path string, max int64) (*StateDict, error) {
	return loadFile(ctx, path, func(int64) *budget.Budget { return budget.NewMax(max) })
}

func loadFile(ctx context.Context, path string, newBudget func(size int64) *budget.Budget) (*StateDict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		what := "a special file"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, fmt.Errorf("%s: expected a checkpoint file, found %s", path, what)
	}
	s, err := readBytes(ctx, f, info.Size(), newBudget)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Read reads a checkpoint of size bytes from r. It stops with ctx's error, at
// the next MiB, when ctx ends.
//
// The bytes are not trusted. Nothing in them is executed, an invalid input is
// an error that says where and what is wrong, and the memory allocated in all
// is at most 4 times size plus 1 MiB.
//
// The values are those that PyTorch would load, each tensor contiguous.
// Tensors that share a storage share memory here too, unless their strides
// make a copy necessary. A checkpoint that wraps its state dict (under
// "state_dict", "model_state_dict", "model", "net" or "model_ema", the first
// of these that holds tensors) is unwrapped, entries beside or among the
// tensors that are no tensors are left out, and where every name begins with
// "module." (DataParallel) or "_orig_mod." (torch.compile) that is removed.
func Read(ctx context.Context, r io.ReaderAt, size int64) (*StateDict, error) {
	return readBytes(ctx, r, size, budget.New)
}

func readBytes(ctx context.Context, r io.ReaderAt, size int64, newBudget func(size int64) *budget.Budget) (*StateDict, error) {
	r = ctxio.ReaderAt(ctx, r) // no reader here asks for more than a MiB at once
	if size == 0 {
		return nil, errors.New("expected a checkpoint, found an empty file (0 bytes)")
	}
	if size < 0 || size > math.MaxInt {
		return nil, fmt.Errorf("a size of %d bytes cannot be read on this machine", size)
	}
	head := make([]byte, min(size, 512))
	if err := readAt(r, head, 0); err != nil {
		return nil, err
	}
	s, err := readFormat(r, size, head, newBudget(size))
	if err != nil {
		return nil, err
	}
	tensors := s.tensors
	stripPrefixes(tensors)
	for i, t := range tensors {
		s.index[t.Name] = i
	}
	return s, nil
}

func readFormat(r io.ReaderAt, size int64, head []byte, b *budget.Budget) (*StateDict, error) {
	// A safetensors file begins with the length of its header; the header's
	// first byte is what can be recognised. No other format here has '{' at 8.
	if len(head) > 8 && head[8] == '{' {
		return format("safetensors")(readSafetensors(r, size, b))
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return format("zip archive")(readZip(r, size, b))
	case head[0] == 0x80: // PROTO, the first instruction of a pickle
		return format("pickle stream")(readLegacy(r, size, b))
	}
	for _, f := range []struct{ magic, advice string }{
		{"version https://git-lfs", "it is a Git LFS pointer; fetch the file itself with git lfs pull"},
		{"<", "it looks like a web page; the download went wrong"},
		{"\x1f\x8b", "it is compressed with gzip; unpack it first"},
		{"\x89HDF", "it is an HDF5 (Keras) file"},
		{"\x93NUMPY", "it is a .npy file"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, fmt.Errorf("not a PyTorch or safetensors checkpoint: %s", f.advice)
		}
	}
	if len(head) == 512 && bytes.HasPrefix(head[257:], []byte("ustar")) {
		return nil, errors.New("it is a tar archive; unpack it, or if PyTorch 0.1 wrote it save it again with a newer one")
	}
	return nil, fmt.Errorf("not a PyTorch or safetensors checkpoint: the file begins with %q", head[:min(len(head), 16)])
}

// format returns a function that puts the format's name before an error.
func format(name string) func(*StateDict, error) (*StateDict, error) {
	return func(s *StateDict, err error) (*StateDict, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return s, nil
	}
}
