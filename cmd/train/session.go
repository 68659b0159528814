package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/train"
)

// session is one run of the program: the images, the network and how far it is.
type session struct {
	*options
	data           *images
	net            *network
	augmented      augmented
	stdout, stderr io.Writer

	training  nn.Training
	optimizer train.Optimizer
	average   *train.Average // nil: none
	rates     train.Schedule
	at        state
	saved     time.Time // when the state was kept last
	bar       *cli.Progress
	begun     int // images that were seen before the bar began
}

// open opens the images, makes the network and checks the flags against them.
func open(ctx context.Context, o *options, stdout, stderr io.Writer) (_ *session, err error) {
	d, err := openImages(ctx, o, stderr)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := d.check(); err != nil {
		return nil, err
	}
	if n := len(d.classes); o.confusion != "" && n > mostConfused {
		return nil, cli.Usagef("-confusion: a picture has room for %d classes, and there are %d", mostConfused, n)
	}
	s := &session{options: o, data: d, stdout: stdout, stderr: stderr}
	if s.net, err = makeNetwork(ctx, o, d); err != nil {
		return nil, err
	}
	recipe, err := parseAugment(o.augment, s.net.side)
	if err != nil {
		return nil, cli.Usagef("-augment: %v", err)
	}
	if s.augmented, err = recipe.make(s.net.transform, s.net.side, len(d.classes)); err != nil {
		return nil, err
	}
	s.line("data", "%s", d.about)
	s.line("network", "%s, %d classes, %d weights", s.net.graph.Architecture, len(d.classes), s.net.weights())
	for _, line := range s.net.lines {
		s.line("", "%s", line)
	}
	s.line("input", "%s", s.net.input())
	if o.probes() {
		return s, nil
	}
	s.line("augment", "%s", s.augmented)
	return s, s.begin()
}

// begin makes what trains, as it is at the beginning or where the run is resumed.
func (s *session) begin() (err error) {
	if n := len(s.data.trainLabels); n < s.batch {
		return fmt.Errorf("%d images to learn from are fewer than a step takes: -batch %d or less", n, n)
	}
	if s.batch == 1 && normalises(s.net.graph) {
		return errors.New("-batch 1: batch norm has nothing to compare a single image with; -batch 2 is the least")
	}
	if s.training, err = newTraining(s.net.graph, s.frozen()...); err != nil {
		if s.frozen() != nil {
			err = fmt.Errorf("-freeze: %w", err)
		}
		return err
	}
	if !slices.ContainsFunc(s.training.Parameters(), func(p nn.Parameter) bool { return p.Gradient != nil }) {
		return cli.Usagef("-freeze %s: nothing is left to learn", s.freeze)
	}
	steps := len(s.data.trainLabels) / s.batch
	s.optimizer = s.newOptimizer()
	if s.rates, err = s.options.rates(steps); err != nil {
		return err
	}
	if s.ema > 0 {
		s.average = &train.Average{Decay: s.ema}
	}
	s.at = state{Version: stateVersion, Images: s.data.identity(), Metadata: s.net.metadata, Transform: s.net.transform, Side: s.net.side, Steps: steps}
	if r := s.resumed; r != nil {
		s.at.Epoch, s.at.Step, s.at.Sums, s.at.Curve = r.Epoch, r.Step, r.Sums, r.Curve
		if r.Steps != steps {
			return fmt.Errorf("-resume: %s: it has epochs of %d steps, and these images make %d", s.statePath(), r.Steps, steps)
		}
		err := s.optimizer.Restore(r.owned(ofOptimizer))
		if err == nil && s.average != nil {
			err = s.average.Restore(r.owned(ofAverage))
		}
		if err != nil {
			return fmt.Errorf("-resume: %s: %w", s.statePath(), err)
		}
		r.tensors = nil
		if b := best(r.Curve); b != nil {
			if _, err := os.Stat(s.out); err != nil {
				return fmt.Errorf("-resume: %s, the best network so far, that of epoch %d, is no longer there: put it back, or %s in its place", s.out, b.Epoch, s.lastPath())
			}
		}
	}
	s.at.Settings = s.texts()
	s.line("training", "%s, learning rate %.4g %s, %d epochs of %d steps of %d images", s.options.optimizer, s.rate(), s.schedule, s.epochs, steps, s.batch)
	if s.resumed != nil {
		s.line("resumed", "%s", s.place())
	}
	return nil
}

// place says how far the run is.
func (s *session) place() string {
	switch {
	case s.at.Step == 0 && s.at.Epoch == 0:
		return "before the first step"
	case s.at.Step == 0:
		return fmt.Sprintf("after epoch %d of %d", s.at.Epoch, s.epochs)
	}
	return fmt.Sprintf("after step %d of %d of epoch %d of %d", s.at.Step, s.at.Steps, s.at.Epoch+1, s.epochs)
}
