package atomicfile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// settled is how old a file without a lock has to be: it is closed, and has its lock
// no more, just before it has its last name.
const settled = time.Minute

const nofollow = 0

var errBusy = errors.New("another process has the lock")

// lock takes the lock of a file, which ends with the process. It returns errBusy
// when another has it, and another error where there are no locks.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errBusy
	}
	return err
}
