package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// modulePath is this module's.
const modulePath = "github.com/glimpse-go/glimpse"

// findSource returns the root of this module's source: where this program was built, the
// module in whose folder it runs or one which that requires, or the version in the module
// cache that it was installed from.
func findSource(ctx context.Context, command string) (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) { // not with -trimpath
		if root := filepath.Join(filepath.Dir(file), "..", "..", ".."); isSource(root) {
			return root, nil
		}
	}
	here := goCommand{command, "."}
	if out, err := here.run(ctx, "list", "-m", "-f", "{{.Dir}}", modulePath); err == nil {
		if root := strings.TrimSpace(string(out)); isSource(root) {
			return root, nil
		}
	} else if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == modulePath && strings.HasPrefix(info.Main.Version, "v") {
		if out, err := here.run(ctx, "env", "GOMODCACHE"); err == nil {
			root := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(modulePath)+"@"+info.Main.Version)
			if isSource(root) {
				return root, nil
			}
		}
	}
	return "", errors.New("the source of " + modulePath + " is neither where this program was built nor in this folder")
}

// isSource tells whether a folder has this module with the page's program.
func isSource(root string) bool {
	if root == "" {
		return false
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	first, _, _ := strings.Cut(string(mod), "\n")
	if err != nil || strings.TrimSpace(first) != "module "+modulePath {
		return false
	}
	_, err = os.Stat(filepath.Join(root, "cmd", "internal", "live", "worker", "main.go"))
	return err == nil
}

// sourceHash sums up the module's Go files, but for tests, and go.mod and go.sum: more
// than the program is made of, and cheaper than to ask which.
func sourceHash(ctx context.Context, root string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir():
			return skipped(root, path, d.Name())
		case !d.Type().IsRegular() || !isProgramFile(d.Name()):
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %d\n", filepath.ToSlash(rel), info.Size())
		_, err = io.Copy(sum, f)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("the module's source: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)[:12]), nil
}

// isProgramFile tells whether a file may be part of the program.
func isProgramFile(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") || name == "go.mod" || name == "go.sum"
}

// skipped leaves out folders that the go command leaves out, and modules of their own.
func skipped(root, path, name string) error {
	if path == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}
