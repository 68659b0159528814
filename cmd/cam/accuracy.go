package main

import (
	"context"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// accuracy counts right predictions.
type accuracy struct {
	Correct int `json:"correct"`
	Images  int `json:"images"`
}

// measure counts the right predictions, and where the objects are known plays the pointing
// game with the maps of the first way to explain.
func (s *session) measure(ctx context.Context) error {
	count := s.Data.Len()
	if s.accuracy >= 0 {
		count = min(count, s.accuracy)
	}
	labelled := s.Data.Classes() != nil && !s.Model.Headless()
	if count == 0 || !labelled && s.objects == nil {
		return nil
	}
	var game pointing
	correct := 0
	splits := newTally(s.Opened)
	began := time.Now()
	bar := cli.NewProgress(s.stderr, count, "accuracy", "images")
	defer bar.Done()
	images := 0 // that can be read
	opt := data.BatchOptions{Count: count, Size: s.batch, DropImages: s.masks == ""}
	for b, err := range s.Batches(ctx, opt) {
		if err != nil {
			return err
		}
		var logits *nn.Tensor
		if s.objects == nil {
			r, err := s.Model.Network().Run(ctx, tensor(b))
			if err != nil {
				return err
			}
			logits = r.Logits
		} else {
			r, err := s.ways[0].explain(ctx, s.question(b, s.of(len(b.Samples))))
			if err != nil {
				return s.blame(ctx, b, err)
			}
			logits = r.Logits
			for i, m := range r.Maps {
				object, err := s.objects.at(ctx, b, i)
				if err != nil {
					return err
				}
				if err := game.play(m, object); err != nil {
					return err
				}
			}
		}
		if err := cli.CheckFinite(b, logits, "output"); err != nil {
			return err
		}
		outputs := logits.Shape[1]
		for i, sample := range b.Samples {
			right := nn.Argmax(logits.Data[i*outputs:(i+1)*outputs]) == sample.Label
			if right {
				correct++
			}
			splits.add(sample.Name, right)
		}
		images += len(b.Samples)
		bar.Set(int64(b.Index[len(b.Index)-1] + 1))
	}
	bar.Done()
	seconds := time.Since(began).Seconds()
	if labelled {
		s.report.Accuracy = &accuracy{Correct: correct, Images: images}
		s.line("accuracy", "%d of %d = %.2f%% (%.0f images/s)", correct, images, 100*float64(correct)/float64(images), float64(images)/seconds)
		for _, line := range splits.lines() {
			s.line("", "%s", line)
		}
	}
	if game.images > 0 {
		s.report.Pointing = game.score()
		s.line("pointing", "%v", s.report.Pointing)
	}
	return nil
}
