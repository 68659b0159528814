//go:build !unix

package main

import "os"

// What ends programs elsewhere gives them no time.
var (
	terminate  = os.Kill
	terminated = 1
)
