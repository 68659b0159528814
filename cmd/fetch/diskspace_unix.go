//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that a user may still write in a folder.
func freeSpace(dir string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}
