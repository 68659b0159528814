package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

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
		if sd, err = halved(sd); err != nil {
			return err
		}
	}
	if err := checkpoint.SaveSafetensors(ctx, path, sd); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// halved is a network in half precision. It returns an error where a number does not fit.
func halved(sd *checkpoint.StateDict) (*checkpoint.StateDict, error) {
	half, err := sd.Convert(checkpoint.F16)
	if err != nil {
		return nil, err
	}
	for t := range half.All() {
		if !t.DType.IsFloat() {
			continue
		}
		v, err := t.Float32()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(v, func(v float32) bool { return math.IsInf(float64(v), 0) }) {
			return nil, fmt.Errorf("-half: %s has numbers above 65504, the largest in half precision: -resume -half=false goes on without it", t.Name)
		}
	}
	return half, nil
}

// stopped keeps what is there when an epoch did not come to its end: after Ctrl-C all that
// was done, after an error the state of before.
func (s *session) stopped(ctx context.Context, err error) error {
	s.bar.Done()
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		if errors.Is(err, errDiverged) || s.at.Epoch == 0 && s.at.Step == 0 {
			os.Remove(s.statePath()) // it would only come here again, or nothing was done
		}
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
