package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

// layOut is t-SNE with the defaults, but for the schedule, "" for the default, and so many
// iterations in the first phase and in all, 0 for the defaults; out receives the layout.
func layOut(input, out, schedule, early, iterations string) (job, error) {
	opt := tsne.Options{Schedule: tsne.Schedule(schedule)}
	var err error
	if opt.EarlyIterations, err = strconv.Atoi(early); err != nil {
		return job{}, err
	}
	if opt.Iterations, err = strconv.Atoi(iterations); err != nil {
		return job{}, err
	}
	in, err := read(input)
	if err != nil {
		return job{}, err
	}
	data, err := in.Float32()
	if err != nil {
		return job{}, err
	}
	if len(in.Shape) != 2 {
		return job{}, fmt.Errorf("%s: x has shape %v, not 2 dimensions", input, in.Shape)
	}
	x, err := pca.NewDense32(in.Shape[0], in.Shape[1], data)
	if err != nil {
		return job{}, err
	}
	var last *tsne.Result
	return job{
		run: func() (err error) { last, err = tsne.Fit(context.Background(), x, opt); return err },
		save: func() error {
			raw := last.Layout.RawMatrix()
			y := make([]float32, len(raw.Data))
			for i, v := range raw.Data {
				y[i] = float32(v)
			}
			return write(out, []int{raw.Rows, raw.Cols}, y)
		},
	}, nil
}
