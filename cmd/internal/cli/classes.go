package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/data"
)

// classNames follows -classes: a file of names, or names with commas between. The
// note, unless it is empty, is a word for the user.
func classNames(text string) (names []string, note string, err error) {
	info, err := os.Stat(text)
	switch {
	case err != nil && isPath(text):
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("no such file")
		}
		return nil, "", fmt.Errorf("-classes: %s: %w (want a file of class names, or names with commas between)", text, bare(err))
	case err != nil:
		names := strings.Split(text, ",")
		for i := range names {
			if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
				return nil, "", Usagef("-classes: name %d of %q is empty", i+1, text)
			}
		}
		return names, "", nil
	case !info.Mode().IsRegular(): // opening a named pipe would wait for ever
		return nil, "", fmt.Errorf("-classes: %s: not a regular file", text)
	}
	content, err := readClasses(text)
	if err != nil {
		return nil, "", fmt.Errorf("-classes: %s: %w", text, bare(err))
	}
	names, encoding, err := data.ParseClassNames(content)
	if err != nil {
		return nil, "", fmt.Errorf("-classes: %s: %w", text, err)
	}
	if encoding == "Latin-1" {
		note = fmt.Sprintf("-classes: %s is not UTF-8: read as Latin-1", text)
	}
	return names, note, nil
}

// readClasses reads a file, no more of it than one of class names may have.
func readClasses(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > data.MaxClassFile {
		return nil, fmt.Errorf("%d bytes are too many for class names, want at most %d", info.Size(), data.MaxClassFile)
	}
	content := make([]byte, info.Size())
	_, err = io.ReadFull(f, content)
	return content, err
}

// classExtensions are those of files that people keep class names in.
var classExtensions = []string{".txt", ".json", ".names", ".labels", ".csv", ".tsv", ".lst", ".list", ".yaml", ".yml", ".py", ".pkl", ".md", ".xml"}

// isPath tells a path from class names: it has the extension of a file, or, without
// a comma, a separator.
func isPath(text string) bool {
	if slices.Contains(classExtensions, strings.ToLower(filepath.Ext(text))) {
		return true
	}
	return !strings.Contains(text, ",") && strings.ContainsAny(text, "/"+string(filepath.Separator))
}

// noFile is a hint for one class name that was meant for a file's.
func noFile(classes string) string {
	if _, err := os.Stat(classes); err == nil || strings.Contains(classes, ",") {
		return ""
	}
	return fmt.Sprintf(" (there is no file %s)", classes)
}

// bare is an error of the system without the path, which its caller names.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Distinct are class names for figures: the name of several classes, as ImageNet's
// crane, has its number behind it.
func Distinct(names []string) []string {
	times := map[string]int{}
	for _, name := range names {
		times[name]++
	}
	out := slices.Clone(names)
	for i, name := range names {
		if times[name] > 1 {
			out[i] = fmt.Sprintf("%s (%d)", name, i)
		}
	}
	return out
}
