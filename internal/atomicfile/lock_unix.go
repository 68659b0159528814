//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// settled is how old a file without a lock has to be: here it has its lock until it
// has its last name.
const settled = 0

// nofollow opens neither what a link leads to nor waits for a pipe.
const nofollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

var errBusy = errors.New("another process has the lock")

// lock takes the lock of a file, which ends with the process. It returns errBusy
// when another has it, and another error where there are no locks.
func lock(f *os.File) error {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return errBusy
		default:
			return err
		}
	}
}
