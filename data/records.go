package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// recordFile is an open file with n records of the same size.
type recordFile struct {
	format Format
	name   string
	record int
	n      int
	base   int64 // offset of the first record
	r      io.ReaderAt
	io.Closer
}

// openRecords opens a file of records of the given size. want is the number of
// records that it must hold, 0 for any number but none.
func openRecords(ctx context.Context, fsys fs.FS, format Format, name string, record, want int) (*recordFile, error) {
	r, size, c, err := openAt(ctx, fsys, name)
	if err != nil {
		return nil, format.errorf("%s: %w", name, err)
	}
	n := size / int64(record)
	switch {
	case size == 0:
		err = format.errorf("%s: the file is empty", name)
	case size%int64(record) != 0:
		err = format.errorf("%s: size %d is not a multiple of %d", name, size, record)
	case want > 0 && n != int64(want):
		err = format.errorf("%s: size %d (%d records), expected %d (%d records)",
			name, size, n, int64(want)*int64(record), want)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return &recordFile{format, name, record, int(n), 0, r, c}, nil
}

// read returns record i.
func (f *recordFile) read(i int) ([]byte, error) {
	buf := make([]byte, f.record)
	if err := readFull(f.r, f.format, f.name, buf, f.base+int64(i)*int64(f.record)); err != nil {
		return nil, err
	}
	return buf, nil
}

// readFull fills buf from an offset that was within the file when it was
// opened, so that its end here means that the file has shrunk since.
func readFull(r io.ReaderAt, format Format, name string, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("the file has shrunk: %w", io.ErrUnexpectedEOF)
	}
	return format.errorf("%s: offset %d: read %d of %d bytes: %w", name, offset, n, len(buf), err)
}

// maxText bounds the text files that hold class names and folds.
const maxText = 1 << 20

// readText reads a short text file.
func readText(ctx context.Context, fsys fs.FS, format Format, name string) (string, error) {
	r, size, c, err := openAt(ctx, fsys, name)
	if err != nil {
		return "", format.errorf("%s: %w", name, err)
	}
	defer c.Close()
	if size > maxText {
		return "", format.errorf("%s: size %d, expected a text file of at most %d bytes", name, size, maxText)
	}
	text := make([]byte, size)
	if err := readFull(r, format, name, text, 0); err != nil {
		return "", err
	}
	return string(text), nil
}

// readClassNames reads a text file of one class name a line.
func readClassNames(ctx context.Context, fsys fs.FS, format Format, name string, want int) ([]string, error) {
	text, err := readText(ctx, fsys, format, name)
	if err != nil {
		return nil, err
	}
	if text, _, err = decodeText([]byte(text)); err != nil {
		return nil, format.errorf("%s: %w", name, err)
	}
	var names []string
	lines(strings.TrimSpace(text), func(_ int, line string) error {
		names = append(names, line)
		return nil
	})
	return checkClassNames(format, name, names, want)
}

// checkClassNames trims the names, and wants as many as the format has
// classes, none empty and none twice.
func checkClassNames(format Format, name string, classes []string, want int) ([]string, error) {
	if len(classes) != want {
		return nil, format.errorf("%s: %d class names, expected %d", name, len(classes), want)
	}
	trimmed := make([]string, want)
	for i, c := range classes {
		c = strings.TrimSpace(c)
		if c == "" {
			return nil, format.errorf("%s: the name of class %d is empty", name, i)
		}
		if j := slices.Index(trimmed[:i], c); j >= 0 {
			return nil, format.errorf("%s: classes %d and %d are both named %q", name, j, i, c)
		}
		trimmed[i] = c
	}
	return trimmed, nil
}
