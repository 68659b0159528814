package main

import (
	"context"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/train"
)

// training does a step a round: a batch forward in train mode, cross entropy, back, and SGD
// with momentum. Image i is of class i modulo the number of classes. OUT receives the loss
// of the first step.
func training(weights, input, out string) (job, error) {
	sd, err := checkpoint.Load(context.Background(), weights)
	if err != nil {
		return job{}, err
	}
	g, err := arch.Build(sd, nil)
	if err != nil {
		return job{}, err
	}
	network, err := nn.CompileTraining(g)
	if err != nil {
		return job{}, err
	}
	t, err := read(input)
	if err != nil {
		return job{}, err
	}
	x := &nn.Tensor{Shape: t.Shape}
	if x.Data, err = t.Float32(); err != nil {
		return job{}, err
	}
	_, classes := g.Widths()
	labels := make([]int, x.Shape[0])
	for i := range labels {
		labels[i] = i % classes
	}
	loss := train.CrossEntropy(labels, 0)
	sgd := &train.SGD{Momentum: 0.9}
	var first []float64
	return job{
		run: func() error {
			value, _, err := network.Learn(context.Background(), x, loss)
			if err != nil {
				return err
			}
			first = append(first, value)
			return sgd.Step(network.Parameters(), 0.01)
		},
		save: func() error { return write(out, []int{1}, first[:1]) },
	}, nil
}
