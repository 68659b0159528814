package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// Options of reading a checkpoint. The zero value is what Load does.
type Options struct {
	// Key names the entry of a checkpoint that holds the state dict, several with
	// slashes between ("checkpoint/model_ema"); empty: see [Read].
	Key string
	// MaxMemory bounds the memory allocated in all, in bytes, at 1 MiB or more. 0 means 4
	// times the size of the file plus 1 MiB.
	MaxMemory int64
}

// ErrMemory is wrapped by the errors about an input that would take more memory than
// its size allows, or than [Options].MaxMemory.
var ErrMemory = budget.ErrSpent

// Load reads the checkpoint at path. The format is told from the content,
// not from the name: safetensors, or what torch.save writes (a zip archive
// since PyTorch 1.6, a stream of pickles before). The path may also be the index of a
// checkpoint in several files ("model.safetensors.index.json"), or a folder that holds
// that, "model.safetensors" or "pytorch_model.bin". Errors begin with the path.
// It stops with ctx's error, at the next MiB, when ctx ends. See Read.
func Load(ctx context.Context, path string) (*StateDict, error) {
	return LoadWith(ctx, path, Options{})
}

// LoadMax is Load with another bound: the memory allocated in all is at
// most max bytes, and no more than 1 MiB when max is less. It lets in a zip
// archive whose entries have been compressed to less than a quarter, which Load
// refuses; torch.save itself compresses nothing.
func LoadMax(ctx context.Context, path string, max int64) (*StateDict, error) {
	return LoadWith(ctx, path, Options{MaxMemory: cmp.Or(max, -1)})
}

// LoadWith is Load with options.
func LoadWith(ctx context.Context, path string, opt Options) (*StateDict, error) {
	s, err := loadPath(ctx, path, opt)
	if err != nil {
		return nil, err
	}
	s.stripPrefixes()
	return s, nil
}

func (o Options) budget(size int64) *budget.Budget {
	if o.MaxMemory != 0 {
		return budget.NewMax(o.MaxMemory)
	}
	return budget.New(size)
}

func loadPath(ctx context.Context, path string, opt Options) (*StateDict, error) {
	path, err := inFolder(path)
	if err != nil {
		return nil, err
	}
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var s *StateDict
	if strings.HasSuffix(path, ".json") {
		s, err = readShards(ctx, f, size, path, opt)
	} else {
		s, err = readBytes(ctx, f, size, opt.Key, opt.budget(size))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// openRegular opens a file that is no folder and no device. Errors begin with the path.
func openRegular(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err // names the path
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: expected a checkpoint file, found a special file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
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
// make a copy necessary.
//
// A checkpoint that wraps its state dict is unwrapped: the weights are in the first entry
// that leads to tensors among state_dict, model_state_dict, model_state, model, module,
// net, network, net_state_dict, network_state_dict, weights, params, backbone, teacher,
// student and encoder, and after these, of running averages, model_ema, state_dict_ema,
// ema_state_dict, model_ema_state_dict, params_ema, ema, ema_model, averaged_model and
// swa_model; or else in the only entry that holds weights under another name. Taken and
// Others of the result say what was chosen and what else there is.
//
// Objects beside or among the tensors are left alone, whatever they are; [StateDict].Skipped
// lists those that have a tensor's place, and tensors of types that Go lacks.
// Where every name begins with "module." (DataParallel, AveragedModel) or "_orig_mod."
// (torch.compile) that is removed.
func Read(ctx context.Context, r io.ReaderAt, size int64) (*StateDict, error) {
	s, err := readBytes(ctx, r, size, "", budget.New(size))
	if err != nil {
		return nil, err
	}
	s.stripPrefixes()
	return s, nil
}

func (s *StateDict) stripPrefixes() {
	stripPrefixes(s.tensors, s.Skipped)
	for i, t := range s.tensors {
		s.index[t.Name] = i
	}
}

func readBytes(ctx context.Context, r io.ReaderAt, size int64, key string, b *budget.Budget) (*StateDict, error) {
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
	return readFormat(r, size, head, key, b)
}

func readFormat(r io.ReaderAt, size int64, head []byte, key string, b *budget.Budget) (*StateDict, error) {
	// A safetensors file begins with the length of its header; the header's
	// first byte is what can be recognised. No other format here has '{' at 8.
	if len(head) > 8 && head[8] == '{' {
		if key != "" {
			return nil, fmt.Errorf("safetensors: no entry %s: a safetensors file holds tensors alone", quote(key))
		}
		return format("safetensors")(readSafetensors(r, size, b))
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return format("zip archive")(readZip(r, size, key, b))
	case head[0] == 0x80, // PROTO, the first instruction of a pickle since protocol 2
		bytes.HasPrefix(head, []byte("L119547037146038801333356L\n")): // the magic number before
		return format("pickle stream")(readLegacy(r, size, key, b))
	}
	for _, f := range []struct{ magic, advice string }{
		{"version https://git-lfs", "it is a Git LFS pointer; fetch the file itself with git lfs pull"},
		{"{", "it is text in JSON; the index of a checkpoint in several files ends in .index.json"},
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
