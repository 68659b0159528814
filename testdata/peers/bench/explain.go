package main

import (
	"context"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/metrics"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// compiled is the plan of a checkpoint's network, and a batch.
func compiled(weights, input string) (*nn.Plan, *nn.Tensor, error) {
	sd, err := checkpoint.Load(context.Background(), weights)
	if err != nil {
		return nil, nil, err
	}
	g, err := arch.Build(sd, nil)
	if err != nil {
		return nil, nil, err
	}
	plan, err := nn.Compile(g)
	if err != nil {
		return nil, nil, err
	}
	in, err := read(input)
	if err != nil {
		return nil, nil, err
	}
	pixels, err := in.Float32()
	return plan, &nn.Tensor{Shape: in.Shape, Data: pixels}, err
}

// explain makes the maps of a batch as pytorch-grad-cam gives them: at the input's size, in
// [0, 1]. Attributions stay as they are.
func explain(method, layer, weights, input, out string) (job, error) {
	m, err := cam.MethodByName(method)
	if err != nil {
		return job{}, err
	}
	if m == cam.Method(cam.ScoreCAM{}) {
		m = cam.ScoreCAM{AlignCorners: true}
	}
	plan, x, err := compiled(weights, input)
	if err != nil {
		return job{}, err
	}
	n, height, width := x.Shape[0], x.Shape[2], x.Shape[3]
	var last *nn.Tensor
	return job{
		run: func() error {
			r, err := m.Explain(context.Background(), cam.Question{Net: plan, Input: x, Layer: layer})
			if err != nil {
				return err
			}
			if last = r.Attributions; last == nil {
				last = &nn.Tensor{Shape: []int{n, height, width}}
				for _, one := range r.Maps {
					last.Data = append(last.Data, one.Scaled(width, height).Values...)
				}
			}
			return nil
		},
		save: func() error { return write(out, last.Shape, last.Data) },
	}, nil
}

// road is the combined ROAD of maps, N x height x width, of a batch.
func road(weights, input, maps, out string) (job, error) {
	plan, x, err := compiled(weights, input)
	if err != nil {
		return job{}, err
	}
	in, err := read(maps)
	if err != nil {
		return job{}, err
	}
	values, err := in.Float32()
	if err != nil {
		return job{}, err
	}
	b := metrics.Batch{Net: plan, Input: x}
	height, width := in.Shape[1], in.Shape[2]
	for i := range x.Shape[0] {
		b.Maps = append(b.Maps, &cam.Map{Width: width, Height: height, Values: values[i*height*width : (i+1)*height*width]})
	}
	var scores []float32
	return job{
		run: func() error {
			removals, err := metrics.ROAD(context.Background(), b, metrics.ROADOptions{Deviation: -1})
			scores = nil
			for _, r := range removals {
				scores = append(scores, float32(r.Combined()))
			}
			return err
		},
		save: func() error { return write(out, []int{len(scores)}, scores) },
	}, nil
}
