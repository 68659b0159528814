package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// OpenOptions says which part of a data set to open. The zero value opens the
// test split, or everything where there are no splits.
type OpenOptions struct {
	// Split is "train", "test", "unlabeled" (STL-10), or several joined by a
	// plus sign as in "train+test"; "all" is "train+test". A folder with
	// subfolders train, val or test has those splits. Default: "test".
	Split string
	// Fold, 1 to 10, takes one of STL-10's ten folds of 1,000 training images
	// (torchvision's folds=Fold-1). It asks for the train split.
	Fold int
	// Coarse takes CIFAR-100's 20 coarse labels for the 100 fine ones.
	Coarse bool
	// AnyCount accepts a CIFAR binary file, or STL-10's unlabeled_X.bin, with
	// another number of records than the published one. These files carry no
	// count, so without it such a file is taken as truncated.
	AnyCount bool
	// MaxPixels is the largest image file that is decoded, in pixels.
	// Default: 1<<26, 64 megapixels. Decoding takes up to 11 bytes a pixel.
	MaxPixels int
}

// Open opens the data set in a folder.
func Open(path string, opt OpenOptions) (Dataset, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("data: %s: %w: a file, expected a folder", path, ErrNotDataset)
	}
	for _, dir := range []string{path, filepath.Join(path, "cifar-10-batches-bin")} {
		fsys := os.DirFS(dir)
		if _, err := fs.Stat(fsys, "test_batch.bin"); err == nil {
			split := opt.Split
			if split == "" {
				split = "test"
			}
			return openCIFARBinary(fsys, CIFAR10, split, opt)
		}
	}
	return nil, fmt.Errorf("data: %s: %w", path, ErrNotDataset)
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// readText reads a short text file.
func readText(fsys fs.FS, format Format, name string) (string, error) {
	r, size, c, err := openAt(fsys, format, name)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if size > maxNamesFile {
		return "", fmt.Errorf("%s: %s: size %d, expected a text file of at most %d bytes", format, name, size, maxNamesFile)
	}
	text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", format, name, err)
	}
	return string(text), nil
}
