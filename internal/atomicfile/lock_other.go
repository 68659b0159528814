//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package atomicfile

import (
	"errors"
	"os"
)

const (
	settled  = 0
	nofollow = 0
)

var errBusy = errors.New("another process has the lock")

// lock knows no locks here.
func lock(*os.File) error { return errors.ErrUnsupported }
