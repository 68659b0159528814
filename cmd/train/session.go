package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
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

// train goes through the epochs that are left.
func (s *session) train(ctx context.Context) error {
	s.saved = time.Now()
	s.begun = (s.at.Epoch*s.at.Steps + s.at.Step) * s.batch
	s.bar = cli.NewProgress(s.stderr, s.epochs*s.at.Steps*s.batch-s.begun, "", "images")
	defer s.bar.Done()
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

// save keeps the state.
func (s *session) save(ctx context.Context) error {
	if !s.finite() {
		return s.diverged("a weight became no number")
	}
	owners := map[string][]nn.Parameter{ofNetwork: s.net.graph.State(), ofOptimizer: s.optimizer.State()}
	if s.average != nil {
		owners[ofAverage] = s.average.State()
	}
	if err := s.at.save(ctx, s.statePath(), owners); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	s.saved = time.Now()
	return nil
}

// averaged calls f while the network has the weights that are validated and kept: the
// running average of them, where there is one.
func (s *session) averaged(f func() error) (err error) {
	if s.average == nil || len(s.average.State()) == 0 {
		return f()
	}
	weights := s.net.graph.State()
	if err := s.average.Swap(weights); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.average.Swap(weights)) }()
	return f()
}

// closeEpoch validates the network, and keeps it, the curve and the state. rate is of
// images a second.
func (s *session) closeEpoch(ctx context.Context, rate float64) error {
	if !s.finite() {
		return s.diverged("a weight became no number")
	}
	s.bar.Describe(fmt.Sprintf("epoch %d/%d  validation", s.at.Epoch+1, s.epochs))
	var seen *outcome
	var kept *checkpoint.StateDict
	total := (s.at.Epoch + 1) * s.at.Steps
	err := s.averaged(func() error {
		plan, err := nn.Compile(s.net.graph)
		if err != nil {
			return err
		}
		if seen, err = s.data.evaluate(ctx, plan, s.net.transform, nil); err != nil {
			return err
		}
		kept, err = s.net.stateDict(map[string]string{"epoch": fmt.Sprint(s.at.Epoch + 1), "step": fmt.Sprint(total), "accuracy": decimal(seen.accuracy())})
		return err
	})
	if err != nil {
		return err
	}
	if math.IsNaN(seen.loss) || math.IsInf(seen.loss, 0) {
		return s.diverged("the validation loss became %v", seen.loss)
	}
	c := s.at.Sums
	p := point{s.at.Epoch + 1, total, s.rates(total - 1), c.Loss / float64(c.Images), float64(c.Correct) / float64(c.Images), seen.loss, seen.accuracy()}
	s.at.Epoch, s.at.Step, s.at.Sums, s.at.Curve = s.at.Epoch+1, 0, sums{}, append(s.at.Curve, p)
	s.bar.Hide()
	s.line("epoch "+fmt.Sprint(p.Epoch), "loss %.4f, accuracy %.2f%%; validation loss %.4f, accuracy %.2f%%; %.0f images/s",
		p.Loss, 100*p.Accuracy, p.ValLoss, 100*p.ValAccuracy, rate)
	// The state comes last: what ends the program before it is there, the epoch ends again.
	writing := context.WithoutCancel(ctx)
	if err := s.keep(writing, s.lastPath(), kept); err != nil {
		return err
	}
	if best(s.at.Curve).Epoch == p.Epoch {
		if err := s.keep(writing, s.out, kept); err != nil {
			return err
		}
	}
	if err := s.writeCurves(writing); err != nil {
		return err
	}
	return s.save(writing)
}

// keep writes a network.
func (s *session) keep(ctx context.Context, path string, sd *checkpoint.StateDict) (err error) {
	if s.half {
		if sd, err = sd.Convert(checkpoint.F16); err != nil {
			return err
		}
	}
	if err := checkpoint.SaveSafetensors(ctx, path, sd); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// stopped keeps what is there when an epoch did not come to its end: after Ctrl-C all that
// was done, after an error the state of before.
func (s *session) stopped(ctx context.Context, err error) error {
	s.bar.Done()
	if errors.Is(err, errDiverged) {
		os.Remove(s.statePath()) // it would only come here again
	}
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	writing := context.WithoutCancel(ctx)
	if e := s.save(writing); e != nil {
		return e
	}
	if s.at.Epoch == 0 && s.at.Step > 0 { // else there is one of a whole epoch
		e := s.averaged(func() error {
			sd, err := s.net.stateDict(map[string]string{"epoch": "0", "step": fmt.Sprint(s.at.Step)})
			if err != nil {
				return err
			}
			return s.keep(writing, s.lastPath(), sd)
		})
		if e != nil {
			return e
		}
	}
	s.line("stopped", "%s; to go on: %s", s.place(), s.again())
	return err
}

// again is the command that goes on with the run.
func (o *options) again() string {
	command := "train -resume"
	if f := o.flags.Lookup("out"); o.out != f.DefValue {
		command += " -out " + quoted(o.out)
	}
	return command
}

// quoted is a file's name as a shell takes it.
func quoted(name string) string {
	if strings.ContainsAny(name, " \t\n'\"\\$&;|<>()*?[]#~`!{}") {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}
