package main

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/render"
)

// drawCurves draws the curve so far, as -curves asks.
func (s *session) drawCurves(ctx context.Context) error {
	if s.curves == "" {
		return nil
	}
	epochs := make([]render.Epoch, len(s.at.Curve))
	for i, p := range s.at.Curve {
		epochs[i] = render.Epoch{Number: p.Epoch, TrainLoss: p.Loss, ValidationLoss: p.ValLoss, TrainAccuracy: p.Accuracy, ValidationAccuracy: p.ValAccuracy, Rate: p.Rate}
	}
	figure, err := render.Curves(epochs, render.CurvesOptions{Title: s.net.graph.Architecture, Fonts: s.Fonts.Fonts()})
	if err == nil {
		err = figure.Save(ctx, s.curves)
	}
	if err != nil {
		return fmt.Errorf("-curves: %w", err)
	}
	return nil
}

// drawConfusion draws the confusion matrix, as -confusion asks.
func (s *session) drawConfusion(ctx context.Context, names []string, confusion [][]int) error {
	if s.confusion == "" {
		return nil
	}
	figure, err := render.Confusion(confusion, names, render.ConfusionOptions{Title: s.net.graph.Architecture, Fonts: s.Fonts.Fonts()})
	if err == nil {
		err = figure.Save(ctx, s.confusion)
	}
	if err != nil {
		return fmt.Errorf("-confusion: %w", err)
	}
	s.Warn(s.stderr, s.confusion, names...)
	return nil
}

// mostConfused is how many classes a picture of the confusion matrix may have.
const mostConfused = 200
