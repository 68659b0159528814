// Command scenes writes demo scenes for the Python scripts: images.npy (uint8,
// N x 96 x 96 x 3), labels.npy (uint8, N) and masks.npy (bool, N x 96 x 96).
//
//	go run ./testdata/export/scenes -start 1000000 -count 20000 -out FOLDER
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

func main() {
	start := flag.Uint64("start", 0, "index of the first scene")
	count := flag.Int("count", 1000, "number of scenes")
	out := flag.String("out", ".", "folder to write to")
	flag.Parse()
	if err := run(*out, *start, *count); err != nil {
		fmt.Fprintln(os.Stderr, "scenes:", err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(scenes.Classes(), ","))
}

func run(dir string, start uint64, count int) error {
	const side = scenes.Size
	labels := make([]byte, count)
	masks := make([]byte, count*side*side)
	err := write(dir, "images", "|u1", []int{count, side, side, 3}, func(w io.Writer) error {
		const block = 512
		drawn := make([]scenes.Scene, block)
		for lo := 0; lo < count; lo += block {
			n := min(block, count-lo)
			parallel.For(n, 8, func(a, b int) {
				for i := a; i < b; i++ {
					drawn[i] = scenes.Draw(start + uint64(lo+i))
				}
			})
			for i, s := range drawn[:n] {
				labels[lo+i] = byte(s.Label)
				for k, in := range s.Mask {
					if in {
						masks[(lo+i)*side*side+k] = 1
					}
				}
				if _, err := w.Write(s.Image.Pix); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := write(dir, "labels", "|u1", []int{count}, bytesTo(labels)); err != nil {
		return err
	}
	return write(dir, "masks", "|b1", []int{count, side, side}, bytesTo(masks))
}

func bytesTo(b []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(b); return err }
}

// write writes a version 1.0 .npy file.
func write(dir, name, dtype string, shape []int, body func(io.Writer) error) error {
	dims := ""
	for _, d := range shape {
		dims += fmt.Sprintf("%d, ", d)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, dims)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	return atomicfile.Write(context.Background(), filepath.Join(dir, name+".npy"), func(f io.Writer) error {
		w := bufio.NewWriterSize(f, 1<<20)
		w.WriteString("\x93NUMPY\x01\x00")
		w.Write([]byte{byte(len(header)), byte(len(header) >> 8)})
		w.WriteString(header)
		if err := body(w); err != nil {
			return err
		}
		return w.Flush()
	})
}
