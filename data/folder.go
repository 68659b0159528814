package data

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// folderExtensions are torchvision's IMG_EXTENSIONS: what ImageFolder counts
// as an image.
var folderExtensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

// plainExtensions are those of a folder without classes, where nobody's
// numbering has to be kept.
var plainExtensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm"}

// images is a list of image files.
type images struct {
	fsys    fs.FS
	names   []string // in fsys
	labels  []int    // nil: none
	classes []string
	split   string
	how     decoding
}

func (d *images) Len() int          { return len(d.names) }
func (d *images) Classes() []string { return d.classes }
func (d *images) Format() Format    { return ImageFolder }
func (d *images) Split() string     { return d.split }
func (d *images) Close() error      { return nil }

func (d *images) Sample(ctx context.Context, i int) (Sample, error) {
	if err := checkIndex(i, len(d.names)); err != nil {
		return Sample{}, err
	}
	im, err := d.how.file(ctx, d.fsys, d.names[i])
	if err != nil {
		if ctx.Err() != nil {
			return Sample{}, ctx.Err()
		}
		return Sample{Name: d.names[i]}, ImageFolder.errorf("%s: %w", d.names[i], err)
	}
	return Sample{im, d.label(i), d.names[i]}, nil
}

func (d *images) label(i int) int {
	if d.labels == nil {
		return -1
	}
	return d.labels[i]
}

// Labels returns what the folders say.
func (d *images) Labels(context.Context) ([]int, error) {
	labels := make([]int, len(d.names))
	for i := range labels {
		labels[i] = d.label(i)
	}
	return labels, nil
}

// OpenFiles returns a data set of single image files without labels, in the
// order given. A folder stands for the image files in it. Of the options only
// MaxPixels, ApplyOrientation, Truncated and PassedOver count.
//
// Files are JPEG, PNG, GIF, WebP, BMP, TIFF or PNM (PPM, PGM, PBM), told by their
// contents, and become RGB as Image.open(f).convert("RGB") of Pillow makes them, which is
// what torchvision's loader does: alpha is dropped, not blended; the first
// frame of an animation counts; the Exif orientation is not applied unless
// ApplyOrientation asks for it; 16-bit gray is clipped at 255. All come out equal to
// the last byte.
//
// It stops with ctx's error when ctx ends while folders are listed.
func OpenFiles(ctx context.Context, paths []string, opt OpenOptions) (Dataset, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	files := system("")
	files.passedOver = opt.once()
	d := &images{fsys: files, how: newDecoding(opt.MaxPixels, opt.ApplyOrientation, opt.Truncated)}
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, ImageFolder.errorf("%w", err)
		case info.IsDir():
			names, err := files.files(ctx, filepath.ToSlash(path), plainExtensions)
			if err != nil {
				return nil, ImageFolder.errorf("%w", err)
			}
			if len(names) == 0 {
				return nil, fmt.Errorf("images: %s: no image files (%s): %w", path, strings.Join(plainExtensions, " "), ErrNotDataset)
			}
			for _, name := range names {
				d.names = append(d.names, filepath.ToSlash(filepath.Join(path, name)))
			}
		case !info.Mode().IsRegular():
			return nil, ImageFolder.errorf("%s: not a regular file", path)
		default:
			d.names = append(d.names, filepath.ToSlash(path))
		}
	}
	if len(d.names) == 0 {
		return nil, ImageFolder.errorf("no files given")
	}
	return d, nil
}

// openImages opens a folder of image files.
func openImages(ctx context.Context, t tree, opt OpenOptions) (Dataset, error) {
	if opt.Fold > 0 {
		return nil, fmt.Errorf("data: %s: a folder of images has no folds, but Fold is %d", t.show("."), opt.Fold)
	}
	if opt.Coarse {
		return nil, fmt.Errorf("data: %s: a folder of images has no coarse labels", t.show("."))
	}
	dirs, err := t.folders(ctx, ".")
	if err != nil {
		return nil, ImageFolder.errorf("%w", err)
	}
	splits := folderSplits(dirs)
	if splits == nil {
		if opt.Split != "" && opt.Split != "all" {
			return nil, noSplit("data: %s: no split %q: the splits of a folder of images are its folders train, val and test, when it has no others", t.show("."), opt.Split)
		}
		return openFolder(ctx, t, dirs, opt)
	}
	names := strings.Split(opt.Split, "+")
	switch opt.Split {
	case "":
		names = splits[len(splits)-1:]
	case "all":
		names = splits
	}
	var parts []Dataset
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("data: split %q names %s twice", opt.Split, name)
		}
		k := slices.Index(splits, name)
		if k < 0 {
			return nil, noSplit("data: %s: no split %q; there are %s", t.show("."), name, strings.Join(splits, ", "))
		}
		dir, err := t.sub(dirs[slices.IndexFunc(dirs, func(d string) bool { return splitNames[d] == name })])
		if err != nil {
			return nil, ImageFolder.errorf("%w", err)
		}
		classes, err := dir.folders(ctx, ".")
		if err != nil {
			return nil, ImageFolder.errorf("%w", err)
		}
		part, err := openFolder(ctx, dir, classes, opt)
		if err != nil {
			return nil, err
		}
		part.split = name
		parts = append(parts, part)
		if first := parts[0].Classes(); !slices.Equal(first, part.classes) {
			return nil, fmt.Errorf("data: %s: the splits %s and %s have other class folders", t.show("."), names[0], name)
		}
	}
	return join(parts, ImageFolder, strings.Join(names, "+")), nil
}

// splitNames are the names of folders that hold splits.
var splitNames = map[string]string{
	"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
}

// folderSplits returns the splits that folders stand for, in the order train,
// val, test; nil when any folder is something else, as class folders are, or
// when two stand for the same.
func folderSplits(dirs []string) []string {
	var splits []string
	for _, want := range []string{"train", "val", "test"} {
		for _, d := range dirs {
			if splitNames[d] == want {
				splits = append(splits, want)
			}
		}
	}
	if len(splits) != len(dirs) || len(slices.Compact(slices.Clone(splits))) != len(splits) {
		return nil
	}
	return splits
}

// openFolder mirrors torchvision's ImageFolder (datasets/folder.py): the
// folders in root are the classes, sorted; the files of each, at any depth and
// through links, are sorted by folder and then by name; a class without
// images is an error. Without folders, or with folders that hold no image, the
// image files in root itself are the data set, without labels.
func openFolder(ctx context.Context, t tree, classes []string, opt OpenOptions) (*images, error) {
	d := &images{fsys: t, how: newDecoding(opt.MaxPixels, opt.ApplyOrientation, opt.Truncated)}
	var empty []string
	for label, class := range classes {
		before := len(d.names)
		if err := d.addClass(ctx, t, class, label); err != nil {
			return nil, err
		}
		if len(d.names) == before {
			empty = append(empty, class)
		}
	}
	if len(d.names) == 0 {
		files, err := t.files(ctx, ".", plainExtensions)
		if err != nil {
			return nil, ImageFolder.errorf("%w", err)
		}
		if len(files) == 0 {
			return nil, notDataset(t)
		}
		d.names = files
		return d, nil
	}
	if len(empty) > 0 {
		return nil, ImageFolder.errorf("%s: no image files (%s) in the class folders %s",
			t.show("."), strings.Join(folderExtensions, " "), visible.List(empty))
	}
	d.classes = classes
	return d, nil
}

// addClass appends the files below a class folder in the order of Python's
// sorted(os.walk(folder, followlinks=True)).
func (d *images) addClass(ctx context.Context, t tree, class string, label int) error {
	var dirs []string
	var walk func(dir string, above []fs.FileInfo) error
	walk = func(dir string, above []fs.FileInfo) error {
		info, err := fs.Stat(t, dir)
		if err != nil {
			return ImageFolder.errorf("%w", err)
		}
		// A link to a folder above would never end; torchvision goes round
		// until the system refuses.
		if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
			return nil
		}
		dirs = append(dirs, dir)
		below, err := t.folders(ctx, dir)
		if err != nil {
			return ImageFolder.errorf("%w", err)
		}
		above = append(slices.Clip(above), info)
		for _, b := range below {
			if err := walk(path.Join(dir, b), above); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(class, nil); err != nil {
		return err
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		files, err := t.files(ctx, dir, folderExtensions)
		if err != nil {
			return ImageFolder.errorf("%w", err)
		}
		for _, f := range files {
			d.names = append(d.names, path.Join(dir, f))
			d.labels = append(d.labels, label)
		}
	}
	return nil
}

// notDataset says what Open looked for in a folder.
func notDataset(t tree) error {
	var b strings.Builder
	for _, l := range layouts {
		fmt.Fprintf(&b, "%s (%s, as in %s), ", l.format, strings.Join(l.markers[0], " and "), l.folder)
	}
	hint := ""
	if files, err := t.files(context.Background(), ".", archiveExtensions); err == nil && len(files) > 0 {
		hint = fmt.Sprintf("; it holds the archive %s, which has to be given by its own path, or unpacked", visible.Short(files[0]))
	}
	return fmt.Errorf("data: %s: %w: looked for %sfolders of image files by class, and image files (%s)%s",
		t.show("."), ErrNotDataset, b.String(), strings.Join(plainExtensions, " "), hint)
}
