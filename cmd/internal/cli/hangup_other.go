//go:build !unix && !windows

package cli

import "os"

// notifyHangUp knows no terminal here that could close.
func notifyHangUp(chan<- os.Signal) {}

func isHangUp(os.Signal) bool { return false }
