package main

import (
	"context"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// An outcome is how a network does on labelled images.
type outcome struct {
	loss      float64 // mean cross entropy
	correct   int
	images    int
	confusion [][]int // images by their class and the one that was seen in them
}

// accuracy is the share of right predictions.
func (o *outcome) accuracy() float64 { return float64(o.correct) / float64(max(o.images, 1)) }

// validationBatch is how many images go through the network at a time.
const validationBatch = 64

// evaluate runs the validation images through a network; tick, unless nil, is called with
// the number of those that are done.
func (d *images) evaluate(ctx context.Context, net nn.Network, t data.Transform, tick func(int)) (*outcome, error) {
	classes := len(d.classes)
	out := &outcome{confusion: make([][]int, classes)}
	for i := range out.confusion {
		out.confusion[i] = make([]int, classes)
	}
	opt := data.BatchOptions{Size: validationBatch, Transform: t, AnySize: true}
	err := d.batches(ctx, d.val, opt, func(b *data.Batch) error {
		r, err := net.Run(ctx, tensor(b))
		if err != nil {
			return err
		}
		labels := labelsOf(b)
		d := &nn.Tensor{Shape: r.Logits.Shape, Data: make([]float32, len(r.Logits.Data))}
		loss, err := train.CrossEntropy(labels, 0)(r.Logits, d)
		if err != nil {
			return err
		}
		out.loss += loss * float64(len(labels))
		for i, label := range labels {
			// Of logits that are no numbers none is the largest.
			seen := max(nn.Argmax(r.Logits.Data[i*classes:(i+1)*classes]), 0)
			out.confusion[label][seen]++
			if seen == label {
				out.correct++
			}
		}
		out.images += len(labels)
		if tick != nil {
			tick(out.images)
		}
		return nil
	})
	if out.images > 0 {
		out.loss /= float64(out.images)
	}
	return out, err
}

// tensor is a batch as the network takes it.
func tensor(b *data.Batch) *nn.Tensor { return &nn.Tensor{Shape: b.Shape, Data: b.Pixels} }

// labelsOf are the labels of a batch.
func labelsOf(b *data.Batch) []int {
	labels := make([]int, len(b.Samples))
	for i, s := range b.Samples {
		labels[i] = s.Label
	}
	return labels
}
