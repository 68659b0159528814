package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// File is a file of a program and the flag that names it. An empty path is no
// file, and "-" is stdout.
type File struct{ Flag, Path string }

// CheckFiles returns an error when an output cannot be written, or would
// replace an input or another output, so that it comes before the work and not
// after it. Inputs need not exist.
func CheckFiles(inputs, outputs []File) error {
	for i, out := range outputs {
		if out.Path == "" || out.Path == "-" {
			continue
		}
		for _, in := range inputs {
			if in.Path != "" && same(in.Path, out.Path) {
				return Usagef("-%s %s is the file that -%s reads", out.Flag, out.Path, in.Flag)
			}
		}
		for _, other := range outputs[:i] {
			if other.Path != "" && same(other.Path, out.Path) {
				return Usagef("-%s and -%s are both %s", other.Flag, out.Flag, out.Path)
			}
		}
		if err := atomicfile.Check(out.Path); err != nil {
			return fmt.Errorf("-%s: %w", out.Flag, err)
		}
	}
	return nil
}

// CheckFolder returns an error when files cannot be written in a folder, which
// need not exist yet.
func CheckFolder(folder File) error {
	dir := filepath.Clean(folder.Path)
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("-%s: %s is not a folder", folder.Flag, dir)
		}
		parent := filepath.Dir(dir)
		if err == nil || parent == dir {
			break
		}
		dir = parent
	}
	if err := atomicfile.Check(filepath.Join(dir, "x")); err != nil {
		return fmt.Errorf("-%s: no file can be made in %s: %w", folder.Flag, dir, errors.Unwrap(err))
	}
	return nil
}

// same tells whether two paths lead to one file, there or not.
func same(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(x, y)
	}
	return errA != nil && errB != nil && resolved(a) == resolved(b)
}

// resolved is the absolute path of a file that need not exist.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	dir, name := filepath.Split(path)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return filepath.Join(dir, name)
}
