package main

import (
	"cmp"
	"context"
	"strconv"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// features runs the first count images of the data set in a folder through the
// network, as the notebook does: batches of 16, normalised by 0.5 and 0.5. A
// round opens the data set anew.
func features(weights, folder, count, out string) (job, error) {
	images, err := strconv.Atoi(count)
	if err != nil {
		return job{}, err
	}
	sd, err := checkpoint.Load(context.Background(), weights)
	if err != nil {
		return job{}, err
	}
	m, err := arch.Build(sd, nil)
	if err != nil {
		return job{}, err
	}
	plan, err := nn.Compile(m)
	if err != nil {
		return job{}, err
	}
	d := m.Head().Weight.Shape[1]
	half := []float32{0.5, 0.5, 0.5}
	opt := data.BatchOptions{Count: images, Size: 16, Transform: data.Transform{Mean: half, Std: half}, DropImages: true}
	var last []float32
	return job{
		run: func() error {
			ds, err := data.Open(context.Background(), folder, data.OpenOptions{Split: "test"})
			if err != nil {
				return err
			}
			defer ds.Close()
			last = make([]float32, 0, cmp.Or(images, ds.Len())*d)
			for b, err := range data.Batches(context.Background(), ds, opt) {
				if err != nil {
					return err
				}
				r, err := plan.Run(context.Background(), &nn.Tensor{Shape: b.Shape, Data: b.Pixels})
				if err != nil {
					return err
				}
				last = append(last, r.Features.Data...)
			}
			return nil
		},
		save: func() error { return write(out, []int{len(last) / d, d}, last) },
	}, nil
}
