// Package regular opens files that the command line names.
package regular

import (
	"fmt"
	"os"
)

// Open opens a file for reading and returns its size in bytes. It returns an error, which
// names the file, for what is no regular file: a named pipe is not opened, as that would
// wait for ever.
func Open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	// What lies there may be another file by now.
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
