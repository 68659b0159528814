package transforms

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// writeWhole writes a file that is whole or absent, on any of Beam's file systems, and
// replaces one of its name. A runner may try a bundle again, or have two workers at it: each
// writes aside and renames, and what they write is the same.
//
// On this machine's disks what is written aside has no name, or goes when the next file is
// written; in object stores a worker that dies leaves NAME.aside-NUMBER, which nobody reads
// and [Sweep] removes.
func writeWhole(ctx context.Context, path string, write func(io.Writer) error) error {
	if local(path) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return atomicfile.Write(ctx, path, write)
	}
	if err := writeAside(ctx, path, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeAside(ctx context.Context, path string, write func(io.Writer) error) error {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer fs.Close()
	aside := fmt.Sprintf("%s.aside-%d", path, rand.Uint64())
	// An object store keeps what is closed: what failed is given up by its context.
	writing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	f, err := fs.OpenWrite(writing, aside)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err != nil {
		giveUp()
		f.Close()
		remove(ctx, fs, aside)
		return err
	}
	if err := f.Close(); err != nil {
		remove(ctx, fs, aside)
		return err
	}
	if err := filesystem.Rename(ctx, fs, aside, path); err != nil {
		remove(ctx, fs, aside)
		return err
	}
	return nil
}

// Clear removes what an earlier run of so many shards has said of itself in a folder, so that it
// is not taken for what this run says, which may have nothing to write: failures, and the files
// that are named. What it has made stays: it may be what this run reads.
func Clear(ctx context.Context, dir string, shards int, names ...string) error {
	if local(dir) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	fs, err := filesystem.New(ctx, dir)
	if err != nil {
		return err
	}
	defer fs.Close()
	r, ok := fs.(filesystem.Remover)
	if !ok {
		return nil
	}
	for _, pattern := range append([]string{fmt.Sprintf("failures-*-of-%05d.jsonl", shards)}, names...) {
		found, err := fs.List(ctx, join(dir, pattern))
		if err != nil {
			return err
		}
		for _, name := range found {
			if err := r.Remove(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove removes a file, if it is there.
func remove(ctx context.Context, fs filesystem.Interface, path string) {
	if r, ok := fs.(filesystem.Remover); ok {
		r.Remove(context.WithoutCancel(ctx), path)
	}
}

// Sweep removes what workers that died have left in a folder of an object store, and returns
// how many files that were. It is for when no pipeline writes there any more.
func Sweep(ctx context.Context, dir string) (int, error) {
	if local(dir) {
		return 0, nil
	}
	fs, err := filesystem.New(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer fs.Close()
	names, err := fs.List(ctx, join(dir, "*.aside-*"))
	for _, name := range names {
		remove(ctx, fs, name)
	}
	return len(names), err
}
