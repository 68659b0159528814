package data

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Sides and lengths of the CIFAR formats.
const (
	cifarSide  = 32
	cifarPlane = cifarSide * cifarSide
	cifarImage = 3 * cifarPlane
	cifarBatch = 10000 // records in a file; 50,000 in CIFAR-100's train.bin
)

// cifar10Classes are the published names, for data without batches.meta.txt.
const cifar10Classes = "airplane automobile bird cat deer dog frog horse ship truck"

// cifar is one split of CIFAR-10 or CIFAR-100 in the binary distribution
// (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte
// (CIFAR-100: a coarse and a fine one) and 3072 bytes of 32x32 planes R, G, B.
type cifar struct {
	format  Format
	split   string
	files   []*recordFile
	classes []string
	label   int // index of the label in the record's head
	head    int // label bytes
	n       int
}

func openCIFAR10Binary(fsys fs.FS, split string, opt OpenOptions) (Dataset, error) {
	return openCIFARBinary(fsys, CIFAR10, split, opt)
}

func openCIFAR100Binary(fsys fs.FS, split string, opt OpenOptions) (Dataset, error) {
	return openCIFARBinary(fsys, CIFAR100, split, opt)
}

// openCIFARBinary opens a split, "train" or "test".
func openCIFARBinary(fsys fs.FS, format Format, split string, opt OpenOptions) (Dataset, error) {
	c := &cifar{format: format, split: split, head: 1}
	names, meta, classes := []string{"test_batch.bin"}, "batches.meta.txt", 10
	want := cifarBatch
	switch {
	case format == CIFAR100:
		names, meta, classes = []string{split + ".bin"}, "fine_label_names.txt", 100
		c.head, c.label = 2, 1
		if opt.Coarse {
			meta, classes, c.label = "coarse_label_names.txt", 20, 0
		}
		if split == "train" {
			want = 5 * cifarBatch
		}
	case split == "train":
		names = nil
		for i := range 5 {
			names = append(names, fmt.Sprintf("data_batch_%d.bin", i+1))
		}
	}
	if opt.AnyCount {
		want = 0
	}
	var err error
	c.classes, err = readClassNames(fsys, format, meta, classes)
	if errors.Is(err, fs.ErrNotExist) && format == CIFAR10 {
		c.classes, err = strings.Fields(cifar10Classes), nil
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := openRecords(fsys, format, name, c.head+cifarImage, want)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.files = append(c.files, f)
		c.n += f.n
	}
	return c, nil
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

func (c *cifar) Sample(i int) (Sample, error) {
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
	label := int(record[c.label])
	if label >= len(c.classes) {
		return Sample{}, c.format.errorf("%s: record %d: label %d, expected 0 to %d", f.name, k, label, len(c.classes)-1)
	}
	return Sample{
		Image: fromPlanes(record[c.head:], cifarSide, cifarSide),
		Label: label,
		Name:  fmt.Sprintf("%s/%d", c.split, i),
	}, nil
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
