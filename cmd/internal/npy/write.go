// Package npy reads and writes NumPy's .npy files: one array with its shape
// (NumPy's "NEP 1" and numpy.lib.format, versions 1.0 to 3.0).
package npy

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// Number is an element type that Write takes: NumPy's <f4, <f8 and <i8.
type Number interface{ float32 | float64 | int64 }

// Write writes an array of the given shape, row-major, in format version 1.0.
// It returns an error when data does not fill the shape or w fails.
func Write[T Number](w io.Writer, shape []int, data []T) error {
	if len(shape) > maxDims {
		return fmt.Errorf("npy: %d dimensions, want at most %d", len(shape), maxDims)
	}
	n := 1
	dims := make([]string, len(shape))
	for i, d := range shape {
		n *= d
		dims[i] = fmt.Sprint(d)
	}
	if n != len(data) {
		return fmt.Errorf("npy: %d elements do not fill shape %v", len(data), shape)
	}
	var zero T
	descr := map[string]string{"float32": "<f4", "float64": "<f8", "int64": "<i8"}[fmt.Sprintf("%T", zero)]
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	// The header ends in a newline and pads the data to a multiple of 64 bytes.
	header += strings.Repeat(" ", 63-(len(magic)+4+len(header))%64) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(header)))
	if _, err := w.Write(append(head, header...)); err != nil {
		return err
	}
	const piece = 8192 // elements encoded at a time
	for lo := 0; lo < len(data); lo += piece {
		if err := binary.Write(w, binary.LittleEndian, data[lo:min(lo+piece, len(data))]); err != nil {
			return err
		}
	}
	return nil
}

const (
	magic   = "\x93NUMPY"
	maxDims = 64 // NumPy's own limit
)

// Save writes an array to a file that is whole or absent. It stops with ctx's
// error, nothing written, soon after ctx ends.
func Save[T Number](ctx context.Context, path string, shape []int, data []T) error {
	return atomicfile.Write(ctx, path, func(w io.Writer) error { return Write(w, shape, data) })
}
