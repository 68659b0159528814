package main

import (
	"fmt"
	"strconv"

	"github.com/glimpse-go/glimpse/data"
)

// resizes scales the image x, height x width x 3 bytes, to w x h pixels, times
// times a round.
func resizes(input, w, h, times, out string) (job, error) {
	var numbers [3]int
	for i, text := range []string{w, h, times} {
		n, err := strconv.Atoi(text)
		if err != nil {
			return job{}, err
		}
		numbers[i] = n
	}
	in, err := read(input)
	if err != nil {
		return job{}, err
	}
	if len(in.Shape) != 3 || in.Shape[2] != 3 || len(in.Bytes()) != in.Len() {
		return job{}, fmt.Errorf("%s: x is %v of shape %v, not height x width x 3 bytes", input, in.DType, in.Shape)
	}
	im := &data.Image{Width: in.Shape[1], Height: in.Shape[0], Pix: in.Bytes()}
	var last *data.Image
	return job{
		run: func() error {
			for range numbers[2] {
				var err error
				if last, err = data.Resize(im, numbers[0], numbers[1]); err != nil {
					return err
				}
			}
			return nil
		},
		save: func() error { return writeImage(out, last) },
	}, nil
}

// writeImage writes pixels as numbers.
func writeImage(out string, im *data.Image) error {
	y := make([]float32, len(im.Pix))
	for i, v := range im.Pix {
		y[i] = float32(v)
	}
	return write(out, []int{im.Height, im.Width, 3}, y)
}
