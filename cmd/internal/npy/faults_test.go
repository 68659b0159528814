package npy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
)

// sample is a .npy file of 300 numbers.
func sample(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, []int{100, 3}, make([]float64, 300)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A read that fails, or a file that ends early, at any byte.
func TestReadFaults(t *testing.T) {
	file := sample(t)
	boom := errors.New("input/output error")
	for n := range file {
		head := bytes.NewReader(file[:n])
		if _, err := npy.Read(io.MultiReader(head, iotest.ErrReader(boom)), int64(len(file))); !errors.Is(err, boom) {
			t.Errorf("fails at byte %d: error %v", n, err)
		}
		_, err := npy.Read(bytes.NewReader(file[:n]), int64(len(file)))
		if err == nil || n >= 8 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ends at byte %d: error %v", n, err)
		}
	}
}

// A write that fails at any byte.
func TestWriteFaults(t *testing.T) {
	whole := len(sample(t))
	for n := 0; n < whole; n += 7 {
		err := npy.Write(&limited{left: n}, []int{100, 3}, make([]float64, 300))
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("fails at byte %d: error %v", n, err)
		}
	}
}

// limited is a writer that takes so many bytes.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if n < len(p) {
		return n, fs.ErrClosed
	}
	return n, nil
}

// A file that is cut short after it was opened, and loading that is stopped.
func TestLoadStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.Save(t.Context(), path, []int{1 << 19}, make([]float64, 1<<19)); err != nil {
		t.Fatal(err)
	}
	looks := countdown.Stops(t, "Load", 100, 0, func(ctx context.Context) error {
		_, err := npy.Load(ctx, path)
		return err
	})
	if looks < 4 {
		t.Errorf("%d looks at the context in 4 MiB", looks)
	}
	cut := &cutting{Context: t.Context(), path: path, after: 3}
	if _, err := npy.Load(cut, path); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "shrunk") {
		t.Errorf("a file that shrinks: error %v", err)
	}
}

// cutting is a context that cuts a file short when it is looked at.
type cutting struct {
	context.Context
	path  string
	after int
}

func (c *cutting) Err() error {
	if c.after--; c.after == 0 {
		os.Truncate(c.path, 1000)
	}
	return nil
}
