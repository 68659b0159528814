package main

import (
	"bytes"
	"context"
	"os"
	"strconv"

	"github.com/glimpse-go/glimpse/data"
)

// decodes decodes an image file from memory so many times.
func decodes(input, times, out string) (job, error) {
	file, err := os.ReadFile(input)
	if err != nil {
		return job{}, err
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		return job{}, err
	}
	var im *data.Image
	return job{
		run: func() error {
			for range n {
				if im, err = data.Decode(context.Background(), bytes.NewReader(file), data.DecodeOptions{}); err != nil {
					return err
				}
			}
			return nil
		},
		save: func() error { return writeImage(out, im) },
	}, nil
}
