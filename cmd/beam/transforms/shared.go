package transforms

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// shared keeps what a process needs once, however many instances of a DoFn it runs: a
// runner may set up one for each thread, and a network of some hundred MB must not be there
// as often. What was made stays until the process ends.
type shared[V any] struct {
	mu    sync.Mutex
	of    map[string]V
	makes int // how often make was called, for tests
}

// get returns what make made of the same settings before, or calls it. An error is not
// kept: a bundle that is tried again tries all of it again. While one is made others wait,
// so that memory is not taken twice at a time.
func (s *shared[V]) get(settings any, make func() (V, error)) (v V, made bool, err error) {
	key, err := json.Marshal(settings)
	if err != nil {
		return v, false, fmt.Errorf("transforms: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.of[string(key)]; ok {
		return v, false, nil
	}
	s.makes++
	if v, err = make(); err != nil {
		return v, false, err
	}
	if s.of == nil {
		s.of = map[string]V{}
	}
	s.of[string(key)] = v
	return v, true, nil
}

// newReader reads bytes.
func newReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }

// ReadFile reads a whole file of at most so many bytes, on any of Beam's file systems.
func ReadFile(ctx context.Context, path string, most int64) ([]byte, error) {
	f, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: more than %d bytes", path, most)
	}
	return b, nil
}

// openFile opens a file on any of Beam's file systems.
func openFile(ctx context.Context, path string) (io.ReadCloser, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	f, err := fs.OpenRead(ctx, path)
	if err != nil {
		fs.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file{f, fs}, nil
}

// file is an open file with its file system.
type file struct {
	io.ReadCloser
	fs filesystem.Interface
}

// Close closes both.
func (f file) Close() error {
	err := f.ReadCloser.Close()
	f.fs.Close()
	return err
}
