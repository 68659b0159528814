package main

import (
	"context"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// features runs the data set in a folder through the network, as the
// notebook does: batches of 16, normalised by 0.5 and 0.5. A round opens the
// data set anew.
func features(weights, folder, out string) (job, error) {
	sd, err := checkpoint.Load(weights)
	if err != nil {
		return job{}, err
	}
	m, err := nn.NewResNet(sd)
	if err != nil {
		return job{}, err
	}
	plan, err := nn.Compile(m)
	if err != nil {
		return job{}, err
	}
	half := []float32{0.5, 0.5, 0.5}
	opt := data.BatchOptions{Size: 16, Transform: data.Transform{Mean: half, Std: half}, DropImages: true}
	var last []float32
	var n int
	return job{
		run: func() error {
			ds, err := data.Open(folder, data.OpenOptions{Split: "test"})
			if err != nil {
				return err
			}
			defer ds.Close()
			last, n = make([]float32, 0, ds.Len()*m.FC.Weight.Shape[1]), ds.Len()
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
		save: func() error { return write(out, []int{n, len(last) / n}, last) },
	}, nil
}
