//go:build unix || windows

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyHangUp sends what comes when a terminal closes, and sees to it that a pipe that
// closes is an error of a write and no signal.
func notifyHangUp(signals chan<- os.Signal) {
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // the write's error is enough
}

// isHangUp tells whether s is what notifyHangUp sends.
func isHangUp(s os.Signal) bool { return s == syscall.SIGHUP }
