//go:build !linux && !darwin && !windows

package main

import "math"

// freeSpace knows nothing here: a full disk then shows while writing.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }
