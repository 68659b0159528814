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
// network, as the notebook does: normalised by 0.5 and 0.5.
func features(weights, folder, count, out string) (job, error) {
	images, err := strconv.Atoi(count)
	if err != nil {
		return job{}, err
	}
	half := []float32{0.5, 0.5, 0.5}
	return extract(weights, folder, out, data.OpenOptions{Split: "test"},
		data.BatchOptions{Count: images, Transform: data.Transform{Mean: half, Std: half}})
}

// photographs runs all images of a folder through the network, as ImageNet's are.
func photographs(weights, folder, out string) (job, error) {
	return extract(weights, folder, out, data.OpenOptions{}, data.BatchOptions{Transform: data.Transform{
		Resize: 256, CenterCrop: 224, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225},
	}})
}

// extract runs images through the network in batches of 16. A round opens the data set
// anew.
func extract(weights, folder, out string, open data.OpenOptions, opt data.BatchOptions) (job, error) {
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
	opt.Size, opt.DropImages = 16, true
	var last []float32
	return job{
		run: func() error {
			ds, err := data.Open(context.Background(), folder, open)
			if err != nil {
				return err
			}
			defer ds.Close()
			last = make([]float32, 0, cmp.Or(opt.Count, ds.Len())*d)
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
