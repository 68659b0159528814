package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/tinydisk"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// everyFile calls f with the content of each golden checkpoint.
func everyFile(t *testing.T, f func(t *testing.T, file []byte)) {
	t.Helper()
	paths, err := filepath.Glob(golden.Path(t, "checkpoint", "*.*"))
	if err != nil || len(paths) < 37 {
		t.Fatal(len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f(t, file)
		})
	}
}

// Reading stops, with the context's error, wherever its context ends. (Storages
// are read side by side: each of those left asks once more, and reads nothing.)
func TestReadStops(t *testing.T) {
	everyFile(t, func(t *testing.T, file []byte) {
		looks := countdown.Stops(t, "Read", 40, 64, func(ctx context.Context) error {
			_, err := checkpoint.Read(ctx, bytes.NewReader(file), int64(len(file)))
			return err
		})
		if least := len(file) >> 20; looks < least {
			t.Errorf("%d looks at the context in %d MiB", looks, least)
		}
	})
}

// changing is a file that is another from some read on.
type changing struct {
	first, then io.ReaderAt
	after       int64
	reads       *atomic.Int64
}

func (c changing) ReadAt(p []byte, off int64) (int, error) {
	if c.reads.Add(1) > c.after {
		return c.then.ReadAt(p, off)
	}
	return c.first.ReadAt(p, off)
}

// A file that is cut short, or overwritten with another checkpoint, while it is
// being read gives an error of one line or whole tensors, and never a panic.
func TestFileChangesWhileRead(t *testing.T) {
	other, err := os.ReadFile(golden.Path(t, "checkpoint", "dtypes.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	everyFile(t, func(t *testing.T, file []byte) {
		failed := 0
		for name, then := range map[string][]byte{
			"emptied": nil, "halved": file[:len(file)/2], "less a byte": file[:len(file)-1],
			"another": other, "zeros": make([]byte, len(file)),
		} {
			for after := int64(0); ; after++ {
				reads := new(atomic.Int64)
				r := changing{bytes.NewReader(file), bytes.NewReader(then), after, reads}
				sd, err := checkpoint.Read(t.Context(), r, int64(len(file)))
				if (sd == nil) == (err == nil) {
					t.Fatalf("%s after %d reads: %v, %v", name, after, sd, err)
				}
				if err != nil {
					failed++
					if strings.Contains(err.Error(), "\n") {
						t.Errorf("%s after %d reads: more than a line: %v", name, after, err)
					}
				} else {
					for x := range sd.All() {
						if want, ok := size(x.Shape, x.DType.Size()); !ok || len(x.Bytes()) != want {
							t.Fatalf("%s after %d reads: tensor %s of %d bytes, shape %v", name, after, x.Name, len(x.Bytes()), x.Shape)
						}
					}
				}
				if reads.Load() <= after { // read before it could change
					break
				}
			}
		}
		if failed == 0 {
			t.Error("no change was noticed")
		}
	})
}

// size is the number of bytes of a tensor.
func size(shape []int, element int) (n int, ok bool) {
	n = element
	for _, d := range shape {
		n *= d
	}
	return n, n >= 0
}

// A full disk leaves what was there, and no part of the new file.
func TestSaveToFullDisk(t *testing.T) {
	disk := tinydisk.Mount(t, 64<<10)
	path := filepath.Join(disk, "w.safetensors")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	sd, err := checkpoint.Load(t.Context(), golden.Path(t, "nn_resnet18_narrow.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	err = checkpoint.SaveSafetensors(t.Context(), path, sd)
	if !errors.Is(err, syscall.ENOSPC) || strings.Count(err.Error(), path) != 1 {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "before" {
		t.Errorf("the old file now reads %.20q", got)
	}
	if entries, _ := os.ReadDir(disk); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}
