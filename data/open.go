package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// OpenOptions says which part of a data set to open. The zero value opens the
// test split, or everything where there are no splits.
type OpenOptions struct {
	// Split is "train" or "test", for STL-10 also "unlabeled", or several of
	// them joined by a plus sign; "all" is "train+test". A folder of images
	// has splits when it has no folders but train, val (or valid, validation)
	// and test; "all" is then all of them. Default: "test", or else "val", or
	// else "train".
	Split string
	// Fold, 1 to 10, takes one of STL-10's ten folds of 1,000 training images
	// (torchvision's folds=Fold-1). The split is then "train".
	Fold int
	// Coarse takes CIFAR-100's 20 coarse labels for the 100 fine ones.
	Coarse bool
	// AnyCount accepts STL-10's unlabeled_X.bin with another number of records than the
	// published one. Nothing else tells their number, so without it such a file is taken
	// as truncated.
	AnyCount bool
	// MaxPixels is the size of the largest image file that is decoded.
	// Default: 1<<26, 64 megapixels. Decoding takes up to 24 bytes a pixel, 27 where it is turned.
	MaxPixels int
	// ApplyOrientation turns and flips image files as the orientation in their Exif
	// or XMP data tells; see DecodeOptions.
	ApplyOrientation bool
	// Truncated reads JPEG files that end too early, or lack scans: what is missing is
	// gray. As Pillow's LOAD_TRUNCATED_IMAGES.
	Truncated bool
	// PassedOver, unless it is nil, is called with the path of each file and folder
	// that other programs left among image files, such as ._cat.png, Thumbs.db,
	// cat.png.part and __MACOSX: they are no part of the data set. The calls come
	// before the data set is returned, one for each.
	PassedOver func(path string)
}

// ErrNoSplit is what an error of [Open] is, by errors.Is, where the data set has no split of a
// name that is asked for.
var ErrNoSplit = errors.New("data: no such split")

// noSplit is such an error.
func noSplit(format string, args ...any) error {
	return &splitError{fmt.Sprintf(format, args...)}
}

type splitError struct{ text string }

func (e *splitError) Error() string        { return e.text }
func (e *splitError) Is(target error) bool { return target == ErrNoSplit }

// once returns PassedOver for folders that may be listed several times.
func (o *OpenOptions) once() func(path string) {
	if o.PassedOver == nil {
		return nil
	}
	told := map[string]bool{}
	return func(path string) {
		if !told[path] {
			told[path] = true
			o.PassedOver(path)
		}
	}
}

// check returns an error for options out of range.
func (o *OpenOptions) check() error {
	switch {
	case o.Fold < 0 || o.Fold > 10:
		return fmt.Errorf("data: Fold is %d, expected 1 to 10", o.Fold)
	case o.Fold > 0 && o.Split != "" && o.Split != "train":
		return fmt.Errorf("data: Fold belongs to the split train, not %s", o.Split)
	case o.MaxPixels < 0 || o.MaxPixels > 1<<30:
		return fmt.Errorf("data: MaxPixels is %d, expected at most %d", o.MaxPixels, 1<<30)
	}
	return nil
}

// layout is a distribution of a data set: a folder of files of fixed names.
type layout struct {
	format  Format
	folder  string     // what its archive unpacks to
	markers [][]string // the files of any of these sets give it away
	splits  []string
	open    func(ctx context.Context, fsys fs.FS, split string, opt OpenOptions) (Dataset, error)
}

var layouts = []layout{
	{STL10, "stl10_binary", [][]string{{"train_X.bin"}, {"test_X.bin"}, {"unlabeled_X.bin"}},
		[]string{"train", "test", "unlabeled"}, openSTL10},
	{CIFAR10, "cifar-10-batches-bin", [][]string{{"test_batch.bin"}, {"data_batch_1.bin"}},
		[]string{"train", "test"}, openCIFARBinary(CIFAR10)},
	{CIFAR100, "cifar-100-binary", [][]string{{"test.bin"}, {"train.bin"}},
		[]string{"train", "test"}, openCIFARBinary(CIFAR100)},
	{CIFAR10, "cifar-10-batches-py", [][]string{{"test_batch"}, {"data_batch_1"}},
		[]string{"train", "test"}, openCIFARPickled(CIFAR10)},
	{CIFAR100, "cifar-100-python", [][]string{{"meta", "train"}, {"meta", "test"}, {"train", "test"}},
		[]string{"train", "test"}, openCIFARPickled(CIFAR100)},
}

// find returns the layout of the files in a folder, or nil.
func find(t tree, dir string) *layout {
	isMissing := func(name string) bool { return !t.isRegular(path.Join(dir, name)) }
	for i, l := range layouts {
		for _, names := range l.markers {
			if !slices.ContainsFunc(names, isMissing) {
				return &layouts[i]
			}
		}
	}
	return nil
}

// Open opens the data set in a folder, whose format it recognises from the
// folder's contents: a data set's own files, there or one level down; or image
// files in a folder for each class, as torchvision's ImageFolder wants them,
// or in folders train, val and test of such folders; or just image files,
// which then have no labels. A path to an image file opens that file.
//
// A path to an archive, told by its contents, opens the data set in it, and in the
// one folder where all of it is in one: zip and tar are read in their place, and of
// tar.gz and tar.bz2 what they unpack to, 64 times their size at most, is kept in
// a temporary file until Close. A file of a zip archive is held in memory as
// [OpenFS] has it, and may be three times as long as the archive and 512 KiB.
//
// Several data sets, one beside the other, are an error that names them. It stops
// with ctx's error when ctx ends while folders are listed.
func Open(ctx context.Context, path string, opt OpenOptions) (Dataset, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if info.IsDir() {
		t := system(path)
		t.passedOver = opt.once()
		return open(ctx, t, opt)
	}
	if info.Mode().IsRegular() { // opening a named pipe would wait for ever
		if ds, err := openIfArchive(ctx, path, opt); ds != nil || err != nil {
			return ds, err
		}
	}
	return OpenFiles(ctx, []string{path}, opt)
}

// OpenFS is [Open] for a folder in any file system: an embed.FS, a zip archive
// (zip.Reader), a part of either by fs.Sub. Files that the file system cannot read
// at an offset, as those of a zip archive, are held in memory: those of records
// from when they are opened until Close, image files while they are decoded; none
// may be longer than 1 GiB. fsys is used until Close, by several goroutines at
// once.
func OpenFS(ctx context.Context, fsys fs.FS, opt OpenOptions) (Dataset, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	if fsys == nil {
		return nil, errors.New("data: no file system")
	}
	return open(ctx, tree{FS: fsys, passedOver: opt.once()}, opt)
}

func open(ctx context.Context, t tree, opt OpenOptions) (Dataset, error) {
	dir, l, err := locate(ctx, t)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return openImages(ctx, t, opt)
	}
	if t, err = t.sub(dir); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return l.openSplits(ctx, t, opt)
}

// locate looks for a layout in a tree and in the folders in it. Where there is
// none it returns a nil layout.
func locate(ctx context.Context, t tree) (string, *layout, error) {
	if l := find(t, "."); l != nil {
		return ".", l, nil
	}
	names, err := t.list(ctx, ".", func(e fs.DirEntry) bool { return !e.Type().IsRegular() })
	if err != nil {
		return "", nil, fmt.Errorf("data: %w", err)
	}
	var dirs, shown []string
	var found []*layout
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return "", nil, err
		}
		if l := find(t, name); l != nil {
			dirs, shown, found = append(dirs, name), append(shown, t.show(name)), append(found, l)
		}
	}
	if len(found) == 0 {
		return ".", nil, nil
	}
	for _, l := range found[1:] {
		if l.format != found[0].format {
			return "", nil, fmt.Errorf("data: %s: holds several data sets, give the folder of one: %s", t.show("."), visible.List(shown))
		}
	}
	return dirs[0], found[0], nil
}

// openSplits opens the split or splits that the options ask for.
func (l *layout) openSplits(ctx context.Context, t tree, opt OpenOptions) (Dataset, error) {
	dir := t.show(".")
	split := opt.Split
	switch {
	case split == "all":
		split = "train+test"
	case split == "" && opt.Fold > 0:
		split = "train"
	case split == "":
		split = "test"
	}
	names := strings.Split(split, "+")
	for i, name := range names {
		if !slices.Contains(l.splits, name) {
			return nil, noSplit("data: %s: %s has no split %q; there are %s", dir, l.format, name, strings.Join(l.splits, ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("data: split %q names %s twice", split, name)
		}
	}
	if opt.Fold > 0 && l.format != STL10 {
		return nil, fmt.Errorf("data: %s: %s has no folds, but Fold is %d", dir, l.format, opt.Fold)
	}
	if opt.Coarse && l.format != CIFAR100 {
		return nil, fmt.Errorf("data: %s: %s has no coarse labels", dir, l.format)
	}
	var parts []Dataset
	for _, name := range names {
		part, err := l.open(ctx, t, name, opt)
		if err != nil {
			closeAll(parts)
			return nil, fmt.Errorf("data: %s: %w", dir, err)
		}
		parts = append(parts, part)
	}
	return join(parts, l.format, split), nil
}

// archiveExtensions are those of packed data sets.
var archiveExtensions = []string{".tar.gz", ".tgz", ".tar", ".zip", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar"}

// openIfArchive opens the data set in an archive. For another file it returns nil.
func openIfArchive(ctx context.Context, path string, opt OpenOptions) (Dataset, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	head := make([]byte, tarBlock)
	n, err := io.ReadFull(f, head)
	if head = head[:n]; err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		f.Close()
		return nil, fmt.Errorf("data: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("data: %w", err)
	}
	if !isArchive(head) && !hasExtension(path, archiveExtensions) {
		return nil, f.Close()
	}
	return openArchive(ctx, path, f, info.Size(), head, opt)
}

// hasExtension tells whether a name ends with one of the extensions, in any case.
func hasExtension(name string, extensions []string) bool {
	return slices.ContainsFunc(extensions, func(x string) bool {
		return strings.HasSuffix(strings.ToLower(name), x)
	})
}
