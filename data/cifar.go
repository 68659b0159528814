package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Sides and lengths of the CIFAR formats.
const (
	cifarSide  = 32
	cifarImage = 3 * cifarSide * cifarSide
)

// cifar10Classes are the published names, for data without its text file.
const cifar10Classes = "airplane automobile bird cat deer dog frog horse ship truck"

// cifar is one split of CIFAR-10 or CIFAR-100
// (https://www.cs.toronto.edu/~kriz/cifar.html) in either distribution: images
// of 3072 bytes, 32x32 planes R, G, B in row-major order.
type cifar struct {
	format  Format
	split   string
	files   []cifarFile
	classes []string
	n       int
}

// cifarFile is one batch. In the binary distribution each record begins with
// head label bytes, of which number label counts; otherwise labels has them.
type cifarFile struct {
	*recordFile
	head, label int
	labels      []byte
}

// openCIFARBinary returns a layout's open for the binary distribution, whose
// splits are "train" and "test". CIFAR-10 has one label byte, CIFAR-100 two, a
// coarse and a fine one. A file may have any number of records: the published ones have
// 10,000 (CIFAR-100's train.bin 50,000), but people keep other images in this layout.
func openCIFARBinary(format Format) func(context.Context, fs.FS, string, OpenOptions) (Dataset, error) {
	return func(ctx context.Context, fsys fs.FS, split string, opt OpenOptions) (Dataset, error) {
		names, meta, classes := cifar10Files(split, ".bin"), "batches.meta.txt", 10
		head, label := 1, 0
		if format == CIFAR100 {
			names, meta, classes = []string{split + ".bin"}, "fine_label_names.txt", 100
			head, label = 2, 1
			if opt.Coarse {
				meta, classes, label = "coarse_label_names.txt", 20, 0
			}
		}
		c := &cifar{format: format, split: split}
		var err error
		c.classes, err = cifarClasses(format, func() ([]string, error) {
			return readClassNames(ctx, fsys, format, meta, classes)
		})
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			f, err := openRecords(ctx, fsys, format, name, head+cifarImage, 0)
			if err != nil {
				c.Close()
				return nil, err
			}
			c.files = append(c.files, cifarFile{recordFile: f, head: head, label: label})
			c.n += f.n
		}
		return c, nil
	}
}

// cifar10Files returns the names of a split's batches.
func cifar10Files(split, ext string) []string {
	if split == "test" {
		return []string{"test_batch" + ext}
	}
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("data_batch_%d%s", i+1, ext))
	}
	return names
}

// cifarClasses reads the class names; for CIFAR-10 the published ones serve
// where their file is missing.
func cifarClasses(format Format, read func() ([]string, error)) ([]string, error) {
	names, err := read()
	if errors.Is(err, fs.ErrNotExist) && format == CIFAR10 {
		return strings.Fields(cifar10Classes), nil
	}
	return names, err
}

func (c *cifar) Len() int          { return c.n }
func (c *cifar) Classes() []string { return c.classes }
func (c *cifar) Format() Format    { return c.format }
func (c *cifar) Split() string     { return c.split }

func (c *cifar) Close() error {
	var first error
	for _, f := range c.files {
		if err := f.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (c *cifar) Sample(_ context.Context, i int) (Sample, error) {
	if err := checkIndex(i, c.n); err != nil {
		return Sample{}, err
	}
	k, file := i, 0
	for k >= c.files[file].n {
		k -= c.files[file].n
		file++
	}
	f := c.files[file]
	record, err := f.read(k)
	if err != nil {
		return Sample{}, err
	}
	label, err := c.labelOf(f, k, record)
	if err != nil {
		return Sample{}, err
	}
	return Sample{
		Image: fromPlanes(record[f.head:], cifarSide, cifarSide),
		Label: label,
		Name:  fmt.Sprintf("%s/%d", c.split, i),
	}, nil
}

// labelOf returns the label of record k of a file, and checks it.
func (c *cifar) labelOf(f cifarFile, k int, record []byte) (int, error) {
	var label int
	if f.labels != nil {
		label = int(f.labels[k])
	} else {
		label = int(record[f.label])
	}
	if label >= len(c.classes) {
		return 0, c.format.errorf("%s: record %d: label %d, expected 0 to %d", f.name, k, label, len(c.classes)-1)
	}
	return label, nil
}

// Labels reads the records, which are small, without making images of them.
func (c *cifar) Labels(ctx context.Context) ([]int, error) {
	labels := make([]int, 0, c.n)
	for _, f := range c.files {
		for k := range f.n {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			var record []byte
			if f.labels == nil {
				var err error
				if record, err = f.read(k); err != nil {
					return nil, err
				}
			}
			label, err := c.labelOf(f, k, record)
			if err != nil {
				return nil, err
			}
			labels = append(labels, label)
		}
	}
	return labels, nil
}

// fromPlanes interleaves row-major planes R, G, B.
func fromPlanes(p []byte, w, h int) *Image {
	n := w * h
	im := &Image{w, h, make([]uint8, 3*n)}
	r, g, b := p[:n], p[n:2*n], p[2*n:3*n]
	for i := range n {
		o := im.Pix[3*i : 3*i+3 : 3*i+3]
		o[0], o[1], o[2] = r[i], g[i], b[i]
	}
	return im
}
