package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// train goes through the epochs that are left.
func (s *session) train(ctx context.Context) error {
	s.saved = time.Now()
	s.begun = (s.at.Epoch*s.at.Steps + s.at.Step) * s.batch
	s.bar = cli.NewProgress(s.stderr, s.epochs*s.at.Steps*s.batch-s.begun, "", "images")
	defer s.bar.Done()
	if s.resumed == nil {
		if err := s.save(context.WithoutCancel(ctx)); err != nil { // whatever ends the program can be gone on with
			return err
		}
	}
	for s.at.Epoch < s.epochs {
		began, before := time.Now(), s.at.Sums.Images
		err := s.epoch(ctx)
		seconds := time.Since(began).Seconds()
		rate := float64(s.at.Sums.Images-before) / seconds
		if err == nil {
			err = s.closeEpoch(ctx, rate)
		}
		if err != nil {
			return s.stopped(ctx, err)
		}
	}
	s.bar.Done()
	return s.report(ctx)
}

// epoch goes through the steps of an epoch that are left.
func (s *session) epoch(ctx context.Context) error {
	n := len(s.data.trainLabels)
	order := data.Order(n, s.seed, s.at.Epoch)[:s.at.Steps*s.batch] // what is left over is in other epochs
	if s.at.Step == s.at.Steps {
		return nil
	}
	place := make([]int, n)
	for i, sample := range order {
		place[sample] = i
	}
	opt := s.augmented.options(s.seed, s.at.Epoch)
	opt.Order, opt.Start, opt.Size = order, s.at.Step*s.batch, s.batch
	err := s.data.batches(ctx, s.data.train, opt, func(b *data.Batch) error {
		// Where images are passed over a step may be missing, and all others are themselves.
		s.at.Step = place[b.Index[0]] / s.batch
		if err := s.step(context.WithoutCancel(ctx), b); err != nil {
			return err
		}
		s.at.Step++
		s.show()
		if s.onStep != nil {
			s.onStep()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.saveSteps > 0 && s.at.Step%s.saveSteps == 0 || s.saveTime > 0 && time.Since(s.saved) >= s.saveTime {
			return s.save(ctx)
		}
		return nil
	})
	if err == nil {
		s.at.Step = s.at.Steps
	}
	return err
}

// step takes a step. The whole of it counts, or nothing.
func (s *session) step(ctx context.Context, b *data.Batch) error {
	n, classes := len(b.Samples), len(s.data.classes)
	labels := labelsOf(b)
	loss := train.CrossEntropy(labels, s.smoothing)
	if b.Targets != nil {
		loss = train.SoftCrossEntropy(&nn.Tensor{Shape: []int{n, classes}, Data: b.Targets}, s.smoothing)
	}
	step := s.at.Epoch*s.at.Steps + s.at.Step
	rate := s.rates(step)
	value, logits, err := s.training.Learn(ctx, tensor(b), loss)
	if err != nil {
		return err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return s.diverged("the loss became %v", value)
	}
	parameters := s.training.Parameters()
	if s.clip > 0 {
		train.ClipNorm(parameters, s.clip)
	}
	if err := s.optimizer.Step(parameters, rate); err != nil {
		return err
	}
	if s.average != nil {
		if err := s.average.Update(s.net.graph.State()); err != nil {
			return err
		}
	}
	s.at.Sums.Loss += value * float64(n)
	for i, label := range labels {
		if nn.Argmax(logits.Data[i*classes:(i+1)*classes]) == label {
			s.at.Sums.Correct++
		}
	}
	s.at.Sums.Images += n
	return nil
}

// errDiverged is what the errors of diverged wrap: the weights are worth nothing.
var errDiverged = errors.New("a smaller -lr, a longer -warmup or -clip 1 may help")

// diverged is an error for training that has left the numbers.
func (s *session) diverged(format string, args ...any) error {
	step := s.at.Epoch*s.at.Steps + min(s.at.Step, s.at.Steps-1)
	kept := "no epoch had ended, so no network is kept"
	if p := best(s.at.Curve); p != nil {
		kept = fmt.Sprintf("%s has the network of epoch %d, %s that of epoch %d", s.out, p.Epoch, s.lastPath(), s.at.Epoch)
	}
	return fmt.Errorf("%s in step %d of %d (epoch %d) at a learning rate of %.4g: %w; %s",
		fmt.Sprintf(format, args...), step+1, s.epochs*s.at.Steps, s.at.Epoch+1, s.rates(step), errDiverged, kept)
}

// show moves the bar on.
func (s *session) show() {
	c := s.at.Sums
	s.bar.Describe(fmt.Sprintf("epoch %d/%d  loss %.3f  accuracy %.1f%%", s.at.Epoch+1, s.epochs, c.Loss/float64(c.Images), 100*float64(c.Correct)/float64(c.Images)))
	s.bar.Set(int64((s.at.Epoch*s.at.Steps+s.at.Step)*s.batch - s.begun))
}

// finite tells whether all weights and running statistics are numbers.
func (s *session) finite() bool {
	for _, p := range s.net.graph.State() {
		for _, v := range p.Value.Data {
			if v-v != 0 {
				return false
			}
		}
	}
	return true
}
