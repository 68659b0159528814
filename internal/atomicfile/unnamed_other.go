//go:build !linux

package atomicfile

import (
	"errors"
	"os"
)

// openUnnamed knows no files without a name here.
func openUnnamed(string) *os.File { return nil }

func linkUnnamed(*os.File, string) error { return errors.ErrUnsupported }
