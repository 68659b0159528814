package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// session is one run of the program: the data, the network and what was found.
type session struct {
	*options
	*cli.Opened
	method         cam.Method
	layer          string // whose output is mapped
	class          int    // cam.Predicted, or the one asked for
	stdout, stderr io.Writer
	report         report
}

// open opens the data and the network and checks the flags against them.
func open(ctx context.Context, o *options, stdout, stderr io.Writer) (_ *session, err error) {
	opened, err := o.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			opened.Close()
		}
	}()
	s := &session{options: o, Opened: opened, stdout: stdout, stderr: stderr}
	if err := s.chooseMethod(); err != nil {
		return nil, err
	}
	if s.class, err = classIndex(o.class, opened.Model.Classes()); err != nil {
		return nil, err
	}
	if o.start >= opened.Data.Len() && !o.startGiven {
		o.start = 0
	}
	if o.start >= opened.Data.Len() {
		return nil, cli.Usagef("-start %d: %s has %d images", o.start, opened.DataName, opened.Data.Len())
	}
	s.line("network", "%s: %v", opened.NetworkName, opened.Model)
	if opened.Model.Network().Pooled() == "" && o.method == "" {
		s.line("method", "gradcam: it does not end in global average pooling and one linear layer, as cam needs")
	}
	if assumed := opened.Model.Assumed(); o.Weights != "" && len(assumed) > 0 {
		s.line("assumed", "%s; -network sets it", strings.Join(assumed, ", "))
	}
	s.line("data", "%s, %d images", opened.DataName, opened.Data.Len())
	return s, nil
}

// chooseMethod follows -method and -layer.
func (s *session) chooseMethod() (err error) {
	net := s.Model.Network()
	exact := net.Pooled() != ""
	switch {
	case s.options.method != "":
		if s.method, err = cam.MethodByName(s.options.method); err != nil {
			return cli.Usagef("-method: %v", err)
		}
	case exact:
		s.method = cam.CAM{}
	default:
		s.method = cam.GradCAM{}
	}
	if s.method == (cam.CAM{}) {
		mapper, err := s.Model.Mapper()
		if err != nil {
			return fmt.Errorf("%s (%v): %w; -method gradcam needs none", s.NetworkName, s.Model, err)
		}
		s.layer = mapper.Layer()
		if s.options.layer != "" {
			s.layer = s.options.layer
			if _, err := cam.New(net, s.layer); err != nil {
				return cli.Usagef("-layer: %v", err)
			}
		}
		return nil
	}
	if s.layer = s.options.layer; s.layer == "" {
		s.layer = cam.LastMaps(net)
	}
	if net.Channels(s.layer) == 0 {
		return cli.Usagef("-layer %q: no module whose output is a map; there are %s", s.layer, strings.Join(net.Modules(), ", "))
	}
	return nil
}

// explain makes the maps of a batch.
func (s *session) explain(ctx context.Context, b *data.Batch) (*cam.Result, error) {
	q := cam.Question{Net: s.Model.Network(), Input: tensor(b), Layer: s.layer, Classes: s.targets(len(b.Samples))}
	return s.method.Explain(ctx, q)
}

// kind is what the maps are called.
func (s *session) kind() string {
	if s.method == (cam.CAM{}) {
		return "class activation maps"
	}
	return s.method.Name() + " maps"
}

// line prints one finding.
func (s *session) line(title, format string, args ...any) {
	w := s.stdout
	if s.json == "-" {
		w = s.stderr // stdout is for the JSON alone
	}
	fmt.Fprintf(w, "%-9s %s\n", title, fmt.Sprintf(format, args...))
}

// classIndex finds a class by its name or its number.
func classIndex(text string, classes []string) (int, error) {
	if text == "" {
		return cam.Predicted, nil
	}
	for i, c := range classes {
		if strings.EqualFold(c, text) {
			return i, nil
		}
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= len(classes) {
		return 0, cli.Usagef("-class %s: want a number below %d or one of %s", text, len(classes), someOf(classes))
	}
	return i, nil
}

// someOf lists names, not all of very many.
func someOf(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, ... (%d in all)", strings.Join(names[:most], ", "), len(names))
}

// tensor is a batch as the network takes it.
func tensor(b *data.Batch) *nn.Tensor { return &nn.Tensor{Shape: b.Shape, Data: b.Pixels} }

// measure counts the right predictions, and where the objects' masks are known
// plays the pointing game: how often the map peaks inside the object.
func (s *session) measure(ctx context.Context) error {
	count := s.Data.Len()
	if s.accuracy >= 0 {
		count = min(count, s.accuracy)
	}
	if count == 0 || s.Data.Classes() == nil {
		return nil
	}
	var game pointing
	correct := 0
	splits := newTally(s.Opened)
	began := time.Now()
	bar := cli.NewProgress(s.stderr, count, "accuracy", "images")
	defer bar.Done()
	opt := data.BatchOptions{Count: count, Size: s.batch, Transform: s.Model.Transform(), DropImages: true}
	for b, err := range data.Batches(ctx, s.Data, opt) {
		if err != nil {
			return err
		}
		var logits *nn.Tensor
		if s.Masks == nil {
			r, err := s.Model.Network().Run(ctx, tensor(b))
			if err != nil {
				return err
			}
			logits = r.Logits
		} else {
			r, err := s.explain(ctx, b)
			if err != nil {
				return err
			}
			logits = r.Logits
			for i, m := range r.Maps {
				game.play(m, s.Masks.Mask(b.Start+i))
			}
		}
		outputs := logits.Shape[1]
		for i, sample := range b.Samples {
			right := nn.Argmax(logits.Data[i*outputs:(i+1)*outputs]) == sample.Label
			if right {
				correct++
			}
			splits.add(sample.Name, right)
		}
		bar.Add(len(b.Samples))
	}
	bar.Done()
	seconds := time.Since(began).Seconds()
	s.report.Accuracy = &accuracy{Correct: correct, Images: count}
	s.line("accuracy", "%d of %d = %.2f%% (%.0f images/s)", correct, count, 100*float64(correct)/float64(count), float64(count)/seconds)
	for _, line := range splits.lines() {
		s.line("", "%s", line)
	}
	if s.Masks != nil {
		s.report.Pointing = game.score()
		s.line("pointing", "%v", s.report.Pointing)
	}
	return nil
}

// targets is the class to map for each of n images, nil for the predicted one.
func (s *session) targets(n int) []int {
	if s.class == cam.Predicted {
		return nil
	}
	classes := make([]int, n)
	for i := range classes {
		classes[i] = s.class
	}
	return classes
}
