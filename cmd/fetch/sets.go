package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/data"
)

// set is a data set as its authors publish it.
type set struct {
	name    string // as the command line has it
	title   string // for people
	url     string
	archive string // file name of the archive
	size    int64  // of the archive in bytes
	md5     string // of the archive, published by the authors
	folder  string // that the archive unpacks to
	members []member
	check   func(ctx context.Context, dir string, every bool) error // opens the data set; every: reads each sample
}

// member is a file of a data set.
type member struct {
	name string
	size int64  // in bytes; 0: a text of 1 to maxText bytes
	md5  string // "": not published
}

// maxText is the size of the largest text file that a data set may have. The
// largest, STL-10's fold_indices.txt, takes about 50 KB.
const maxText = 1 << 20

// sets are the data sets that can be fetched. MD5 sums: the CIFAR page
// (https://www.cs.toronto.edu/~kriz/cifar.html) and torchvision's STL10.
var sets = []*set{
	{
		name: "cifar10", title: "CIFAR-10",
		url:     "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		archive: "cifar-10-binary.tar.gz", size: 170052171, md5: "c32a1d4ab5d03f1284b67883e8d87530",
		folder: "cifar-10-batches-bin",
		members: []member{
			{name: "data_batch_1.bin", size: 10000 * 3073}, {name: "data_batch_2.bin", size: 10000 * 3073},
			{name: "data_batch_3.bin", size: 10000 * 3073}, {name: "data_batch_4.bin", size: 10000 * 3073},
			{name: "data_batch_5.bin", size: 10000 * 3073}, {name: "test_batch.bin", size: 10000 * 3073},
			{name: "batches.meta.txt"},
		},
		check: checkSplits("train", "test"),
	},
	{
		name: "cifar100", title: "CIFAR-100",
		url:     "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		archive: "cifar-100-binary.tar.gz", size: 168513733, md5: "03b5dce01913d631647c71ecec9e9cb8",
		folder: "cifar-100-binary",
		members: []member{
			{name: "train.bin", size: 50000 * 3074}, {name: "test.bin", size: 10000 * 3074},
			{name: "fine_label_names.txt"}, {name: "coarse_label_names.txt"},
		},
		check: checkSplits("train", "test"),
	},
	{
		name: "stl10", title: "STL-10",
		url:     "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
		archive: "stl10_binary.tar.gz", size: 2640397119, md5: "91f7769df0f17e558f3565bffb0c7dfb",
		folder: "stl10_binary",
		members: []member{
			{"train_X.bin", 5000 * 27648, "918c2871b30a85fa023e0c44e0bee87f"},
			{"train_y.bin", 5000, "5a34089d4802c674881badbb80307741"},
			{"test_X.bin", 8000 * 27648, "7f263ba9f9e0b06b93213547f721ac82"},
			{"test_y.bin", 8000, "36f9794fa4beb8a2c72628de14fa638e"},
			{"unlabeled_X.bin", 100000 * 27648, "5242ba1fed5e4be9e1e742405eb56ca4"},
			{name: "class_names.txt"}, {name: "fold_indices.txt"},
		},
		check: checkSplits("train", "test", "unlabeled"),
	},
}

// find returns the set of a name.
func find(name string) (*set, error) {
	var names []string
	for _, s := range sets {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	if name == "" {
		return nil, fmt.Errorf("which data set? want %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no data set %q: want %s", name, strings.Join(names, ", "))
}

// unpacked is the number of bytes that the members take, at most.
func (s *set) unpacked() int64 {
	n := int64(0)
	for _, m := range s.members {
		if m.size == 0 {
			n += maxText
		}
		n += m.size
	}
	return n
}

// fits returns an error when a file of a member has another size than it must.
func (m member) fits(size int64) error {
	switch {
	case m.size == 0 && (size < 1 || size > maxText):
		return fmt.Errorf("%s: %d bytes, expected 1 to %d", m.name, size, maxText)
	case m.size != 0 && size != m.size:
		return fmt.Errorf("%s: %d bytes, expected %d", m.name, size, m.size)
	}
	return nil
}

// complete returns nil when dir holds every member in its size, and an error
// that is fs.ErrNotExist when there is no such folder at all.
func (s *set) complete(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	for _, m := range s.members {
		info, err := os.Stat(filepath.Join(dir, m.name))
		if err != nil {
			// Not wrapped: the folder exists.
			return fmt.Errorf("%s: incomplete: %s is missing or unreadable", dir, m.name)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: %s is not a regular file", dir, m.name)
		}
		if err := m.fits(info.Size()); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	return nil
}

// checkSplits opens the splits of a data set, which checks sizes and STL-10's
// labels; with every it reads each sample, which checks CIFAR's labels too.
func checkSplits(splits ...string) func(ctx context.Context, dir string, every bool) error {
	return func(ctx context.Context, dir string, every bool) error {
		for _, split := range splits {
			if err := checkSplit(ctx, dir, split, every); err != nil {
				return err
			}
		}
		return nil
	}
}

func checkSplit(ctx context.Context, dir, split string, every bool) (err error) {
	ds, err := data.Open(ctx, dir, data.OpenOptions{Split: split})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ds.Close()) }()
	if !every {
		return nil
	}
	for i := range ds.Len() {
		if _, err := ds.Sample(ctx, i); err != nil {
			return err
		}
	}
	return nil
}
