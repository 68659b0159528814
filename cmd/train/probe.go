package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// probe finds the last layer alone: the features of all images once, and then the weights
// that explain the labels best.
func (s *session) probe(ctx context.Context) error {
	head := s.net.graph.Head()
	if head == nil {
		return errors.New("-freeze all: the network does not end in a linear layer")
	}
	plan, err := nn.Compile(s.net.graph)
	if err != nil {
		return err
	}
	began := time.Now()
	features, labels, err := s.features(ctx, plan)
	if err != nil {
		return err
	}
	n, d := features.Shape[0], features.Shape[1]
	seconds := time.Since(began).Seconds()
	s.line("features", "%d x %d, %.1f s, %.0f images/s", n, d, seconds, float64(n)/seconds)
	began = time.Now()
	bar := cli.NewProgress(s.stderr, -1, "last layer", "iterations")
	found, report, err := train.Probe(ctx, features, labels, len(s.data.classes), train.ProbeOptions{Standardise: true, Progress: func(iteration int, loss float64) {
		bar.Describe(fmt.Sprintf("last layer  loss %.4f", loss))
		bar.Add(1)
	}})
	bar.Done()
	if err != nil {
		return err
	}
	ended := "converged"
	if !report.Converged {
		ended = "not converged"
	}
	s.line("head", "loss %.4f after %d iterations, %s, %.1f s", report.Loss, report.Iterations, ended, time.Since(began).Seconds())
	copy(head.Weight.Data, found.Weight.Data)
	head.Bias = found.Bias // also where the layer had none before
	if plan, err = nn.Compile(s.net.graph); err != nil {
		return err
	}
	bar = cli.NewProgress(s.stderr, len(s.data.valLabels), "validation", "images")
	seen, err := s.data.evaluate(ctx, plan, s.net.transform, func(n int) { bar.Set(int64(n)) })
	bar.Done()
	if err != nil {
		return err
	}
	sd, err := s.net.stateDict(map[string]string{"accuracy": decimal(seen.accuracy())})
	if err != nil {
		return err
	}
	if err := s.keep(context.WithoutCancel(ctx), s.out, sd); err != nil {
		return err
	}
	s.line("accuracy", "%d of %d = %.2f%%, loss %.4f", seen.correct, seen.images, 100*seen.accuracy(), seen.loss)
	if err := s.confuse(ctx, seen); err != nil {
		return err
	}
	s.line("files", "%s", strings.Join(s.written(s.out), ", "))
	s.lookAt()
	return nil
}

// features are those of all images to learn from, N x D, with their labels.
func (s *session) features(ctx context.Context, net nn.Network) (*nn.Tensor, []int, error) {
	n := len(s.data.trainLabels)
	bar := cli.NewProgress(s.stderr, n, "features", "images")
	defer bar.Done()
	out := &nn.Tensor{Shape: []int{0, 0}}
	var labels []int
	opt := data.BatchOptions{Size: validationBatch, Transform: s.net.transform, AnySize: true}
	err := s.data.batches(ctx, s.data.train, opt, func(b *data.Batch) error {
		r, err := net.Run(ctx, tensor(b))
		if err != nil {
			return err
		}
		if err := cli.CheckFinite(b, r.Features, "feature"); err != nil {
			return err
		}
		if out.Data == nil {
			out.Data = make([]float32, 0, n*r.Features.Shape[1])
		}
		out.Data = append(out.Data, r.Features.Data...)
		out.Shape = []int{out.Shape[0] + r.Features.Shape[0], r.Features.Shape[1]}
		labels = append(labels, labelsOf(b)...)
		bar.Add(len(b.Samples))
		return nil
	})
	return out, labels, err
}
