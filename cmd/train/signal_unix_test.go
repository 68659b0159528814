//go:build unix

package main

import "syscall"

// A signal that ends programs, and the status that they end with.
var (
	terminate  = syscall.SIGTERM
	terminated = 143
)
