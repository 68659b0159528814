package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// recordFile is an open file of n records of the same size.
type recordFile struct {
	format Format
	name   string
	record int
	n      int
	r      io.ReaderAt
	io.Closer
}

// openRecords opens a file of records of the given size. want is the number of
// records that it must hold, 0 for any number but none.
func openRecords(fsys fs.FS, format Format, name string, record, want int) (*recordFile, error) {
	r, size, c, err := openAt(fsys, format, name)
	if err != nil {
		return nil, err
	}
	n := size / int64(record)
	switch {
	case size == 0:
		err = fmt.Errorf("%s: %s: the file is empty", format, name)
	case size%int64(record) != 0:
		err = fmt.Errorf("%s: %s: size %d is not a multiple of %d", format, name, size, record)
	case want > 0 && n != int64(want):
		err = fmt.Errorf("%s: %s: %d records in %d bytes, expected %d in %d bytes",
			format, name, n, size, want, int64(want)*int64(record))
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return &recordFile{format, name, record, int(n), r, c}, nil
}

// openAt opens a regular file for reading at any offset.
func openAt(fsys fs.FS, format Format, name string) (r io.ReaderAt, size int64, c io.Closer, err error) {
	// Looked at before it is opened: opening a named pipe would wait for ever.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%s: %w", format, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, nil, fmt.Errorf("%s: %s: not a regular file", format, name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%s: %w", format, err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, nil, fmt.Errorf("%s: %w", format, err)
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		f.Close()
		return nil, 0, nil, fmt.Errorf("%s: %s: cannot be read at an offset", format, name)
	}
	return r, info.Size(), f, nil
}

// read returns record i.
func (f *recordFile) read(i int) ([]byte, error) {
	buf := make([]byte, f.record)
	if err := f.readAt(buf, int64(i)*int64(f.record)); err != nil {
		return nil, err
	}
	return buf, nil
}

// readAt fills buf from the given offset.
func (f *recordFile) readAt(buf []byte, offset int64) error {
	return readFull(f.r, f.format, f.name, buf, offset)
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
	return fmt.Errorf("%s: %s: offset %d: read %d of %d bytes: %w", format, name, offset, n, len(buf), err)
}
