package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Sides and counts of STL-10.
const (
	stl10Side      = 96
	stl10Image     = 3 * stl10Side * stl10Side
	stl10Unlabeled = 100000
)

// stl10Classes are the published names, for data without class_names.txt.
const stl10Classes = "airplane bird car cat deer dog horse monkey ship truck"

// stl10 is one split of STL-10 in the binary distribution
// (https://cs.stanford.edu/~acoates/stl10/): <split>_X.bin holds 96x96 planes
// R, G, B, each in column-major order, and <split>_y.bin labels 1 to 10.
type stl10 struct {
	split   string
	images  *recordFile
	labels  []byte // 1 to 10; nil for the unlabeled split
	indices []int  // of a fold; nil for all
	classes []string
}

// openSTL10 opens a split: "train", "test" or "unlabeled".
func openSTL10(ctx context.Context, fsys fs.FS, split string, opt OpenOptions) (_ Dataset, err error) {
	s := &stl10{split: split}
	want := 0
	if split == "unlabeled" && !opt.AnyCount {
		want = stl10Unlabeled
	}
	s.images, err = openRecords(ctx, fsys, STL10, split+"_X.bin", stl10Image, want)
	if err != nil {
		return nil, err
	}
	if split != "unlabeled" {
		err = s.readLabels(ctx, fsys)
	}
	if err == nil && opt.Fold != 0 {
		s.indices, err = readFold(ctx, fsys, opt.Fold, s.images.n)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// readLabels reads class_names.txt and the split's labels, one for each image.
func (s *stl10) readLabels(ctx context.Context, fsys fs.FS) (err error) {
	s.classes, err = readClassNames(ctx, fsys, STL10, "class_names.txt", 10)
	if errors.Is(err, fs.ErrNotExist) {
		s.classes, err = strings.Fields(stl10Classes), nil
	}
	if err != nil {
		return err
	}
	name := s.split + "_y.bin"
	r, size, c, err := openAt(ctx, fsys, name)
	if err != nil {
		return STL10.errorf("%s: %w", name, err)
	}
	defer c.Close()
	if size != int64(s.images.n) {
		return STL10.errorf("%s: %d labels for the %d images of %s", name, size, s.images.n, s.images.name)
	}
	s.labels = make([]byte, size)
	if err := readFull(r, STL10, name, s.labels, 0); err != nil {
		return err
	}
	for i, l := range s.labels {
		if l < 1 || l > 10 {
			return STL10.errorf("%s: record %d: label %d, expected 1 to 10", name, i, l)
		}
	}
	return nil
}

// readFold reads one of the ten lines of fold_indices.txt: the indices, among
// n images, of a fold.
func readFold(ctx context.Context, fsys fs.FS, fold, n int) ([]int, error) {
	const name = "fold_indices.txt"
	text, err := readText(ctx, fsys, STL10, name)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 10 {
		return nil, STL10.errorf("%s: %d lines, expected 10", name, len(lines))
	}
	fields := strings.Fields(lines[fold-1])
	indices := make([]int, len(fields))
	for i, field := range fields {
		indices[i], err = strconv.Atoi(field)
		if err != nil || indices[i] < 0 || indices[i] >= n {
			return nil, STL10.errorf("%s: line %d: index %d: found %.20q, expected 0 to %d", name, fold, i, field, n-1)
		}
	}
	if len(indices) == 0 {
		return nil, STL10.errorf("%s: line %d is empty", name, fold)
	}
	return indices, nil
}

func (s *stl10) Len() int {
	if s.indices != nil {
		return len(s.indices)
	}
	return s.images.n
}

func (s *stl10) Classes() []string { return s.classes }
func (s *stl10) Format() Format    { return STL10 }
func (s *stl10) Split() string     { return s.split }
func (s *stl10) Close() error      { return s.images.Close() }

// Sample names a sample by its place in the file, also in a fold.
func (s *stl10) Sample(_ context.Context, i int) (Sample, error) {
	if err := checkIndex(i, s.Len()); err != nil {
		return Sample{}, err
	}
	if s.indices != nil {
		i = s.indices[i]
	}
	record, err := s.images.read(i)
	if err != nil {
		return Sample{}, err
	}
	return Sample{fromColumns(record, stl10Side), s.label(i), fmt.Sprintf("%s/%d", s.split, i)}, nil
}

// label returns that of an image, by its place in the file.
func (s *stl10) label(i int) int {
	if s.labels == nil {
		return -1
	}
	return int(s.labels[i]) - 1
}

// Labels returns those that were read when the data set was opened.
func (s *stl10) Labels(context.Context) ([]int, error) {
	labels := make([]int, s.Len())
	for i := range labels {
		at := i
		if s.indices != nil {
			at = s.indices[i]
		}
		labels[i] = s.label(at)
	}
	return labels, nil
}

// fromColumns interleaves column-major square planes R, G, B.
func fromColumns(p []byte, side int) *Image {
	n := side * side
	im := &Image{side, side, make([]uint8, 3*n)}
	for y := range side {
		row := im.Pix[3*y*side : 3*(y+1)*side]
		r, g, b := p[y:n], p[n+y:2*n], p[2*n+y:3*n]
		for x := range side {
			o := row[3*x : 3*x+3 : 3*x+3]
			o[0], o[1], o[2] = r[x*side], g[x*side], b[x*side]
		}
	}
	return im
}
