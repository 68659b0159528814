package live

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glimpse-go/glimpse/cmd/internal/regular"
	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// FileName is the name of the program in a release, beside the other programs.
const FileName = "live.wasm"

// maxProgram bounds what a file of the program may unpack to, in bytes.
const maxProgram = 1 << 27

// A Program is the page's program: a WebAssembly module, and the JavaScript that starts it.
type Program struct {
	Wasm []byte
	Exec []byte // wasm_exec.js of the same Go, after the licences
}

// Find returns the program: that in file, where one is named; else it builds it; else it
// takes the one of the release that this program came in. It tells say what takes time.
func Find(ctx context.Context, file string, say func(string)) (*Program, error) {
	if file != "" {
		return Load(ctx, file)
	}
	p, err := Build(ctx, say)
	if err == nil || ctx.Err() != nil {
		return p, err
	}
	beside, why := besideExecutable()
	if why != nil {
		return nil, fmt.Errorf("live: the page's program can neither be built (%w) nor is it beside this one (%w): take %s from a release, and name it with -live-wasm", err, why, FileName)
	}
	return Load(ctx, beside)
}

// besideExecutable is the file that an archive of a release has beside its programs.
func besideExecutable() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	path := filepath.Join(filepath.Dir(self), FileName)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no %s", path)
		}
		return "", err
	}
	return path, nil
}

// Load reads a program that Pack made, perhaps compressed by gzip. It returns an error that
// names the file when it is none.
func Load(ctx context.Context, path string) (*Program, error) {
	f, _, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	defer f.Close()
	p, err := read(ctxio.Reader(ctx, f))
	if err != nil {
		return nil, fmt.Errorf("live: %s: %w", path, err)
	}
	return p, nil
}

// read reads a program.
func read(r io.Reader) (*Program, error) {
	content, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if content, err = readAll(z); err != nil {
			return nil, err
		}
	}
	return unpack(content)
}

// readAll reads up to maxProgram bytes.
func readAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxProgram+1))
	if err == nil && len(content) > maxProgram {
		err = fmt.Errorf("more than %d bytes, this is no program of a page", maxProgram)
	}
	return content, err
}

// compressed is data as gzip, as small as it gets.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
