package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render"
)

// session is one run of the program: the data, the network and what was found.
type session struct {
	*options
	*cli.Opened
	ways           []*variant
	names          []string // of the classes, for figures
	class          int      // cam.Predicted, or the one asked for
	target         func(classes []int) nn.Target
	objects        objects // where they are known, else nil
	cmap           *render.Colormap
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
	opened.ReportNotes(stderr)
	s := &session{options: o, Opened: opened, stdout: stdout, stderr: stderr, names: cli.Distinct(opened.Model.Classes())}
	net := opened.Model.Network()
	byDefault := o.method == ""
	if opened.Model.Headless() {
		if err := o.withoutClasses(opened.NetworkName); err != nil {
			return nil, err
		}
	}
	if s.ways, err = o.variants(net); err != nil {
		return nil, err
	}
	if s.class, err = classIndex("-class ", o.class, opened.Model.Classes()); err != nil {
		return nil, err
	}
	if s.target, err = targetByName(o.target, opened.Model.Classes()); err != nil {
		return nil, err
	}
	if s.objects, err = s.findObjects(); err != nil {
		return nil, err
	}
	if !o.startGiven && o.start+o.count > opened.Data.Len() {
		o.start = 0 // rather than a figure of the last few
	}
	if o.start >= opened.Data.Len() {
		return nil, cli.Usagef("-start %d: %s has %d images", o.start, opened.DataName, opened.Data.Len())
	}
	if perRow := s.perRow(); !o.evaluate && (min(o.count, opened.Data.Len()-o.start)+perRow-1)/perRow > 100 { // more would not fit a figure
		return nil, cli.Usagef("-count %d in rows of %d: want at most 100 rows (-cols sets how many images a row has)", o.count, perRow)
	}
	s.line("network", "%s: %v", opened.NetworkName, opened.Model)
	if byDefault && !o.evaluate {
		switch {
		case opened.Model.Headless():
			s.line("method", "%s: the checkpoint has no last layer, so there is no class to explain", s.ways[0].name)
		case net.Pooled() == "":
			s.line("method", "gradcam: it does not end in global average pooling and one linear layer, as cam needs")
		case s.ways[0].method.Name() != "cam":
			s.line("method", "gradcam: cam explains the logit, by a layer that has as many channels as the last one weighs")
		}
	}
	if assumed := opened.Model.Assumed(); o.Weights != "" && len(assumed) > 0 {
		s.line("assumed", "%s; -network sets it", strings.Join(assumed, ", "))
	}
	for _, line := range opened.Choices() {
		s.line("weights", "%s", line)
	}
	s.line("data", "%s, %d images", opened.DataName, opened.Data.Len())
	return s, nil
}

// question asks about a batch: of classes, one an image, or nil for the predicted ones.
func (s *session) question(b *data.Batch, classes []int) cam.Question {
	return cam.Question{Net: s.Model.Network(), Input: tensor(b), Classes: classes, Target: s.target, Eigen: s.eigen}
}

// of is the class that is mapped, for each of n images; nil for the predicted one.
func (s *session) of(n int) []int {
	if s.class == cam.Predicted {
		return nil
	}
	classes := make([]int, n)
	for i := range classes {
		classes[i] = s.class
	}
	return classes
}

// line prints one finding.
func (s *session) line(title, format string, args ...any) {
	cli.Line(s.findings(), "%-9s %s", title, fmt.Sprintf(format, args...))
}

// findings is where they are printed.
func (s *session) findings() io.Writer {
	if s.json == "-" || s.csv == "-" {
		return s.stderr // stdout is for the file alone
	}
	return s.stdout
}

// classIndex finds a class by its name, in any case where that is one class alone, or
// its number. The name of several classes, as ImageNet's crane and maillot, is an
// error that gives their numbers.
func classIndex(flag, text string, classes []string) (int, error) {
	if text == "" {
		return cam.Predicted, nil
	}
	var exact, folded []int
	for i, c := range classes {
		if c == text {
			exact = append(exact, i)
		}
		if strings.EqualFold(c, text) {
			folded = append(folded, i)
		}
	}
	if len(exact) == 0 {
		exact = folded
	}
	switch len(exact) {
	case 0:
	case 1:
		return exact[0], nil
	default:
		numbers := make([]string, len(exact))
		for i, c := range exact {
			numbers[i] = strconv.Itoa(c)
		}
		last := len(numbers) - 1
		return 0, cli.Usagef("%s%s: %d classes have that name, want the number of one: %s or %s",
			flag, visible.Short(text), len(numbers), visible.List(numbers[:last]), numbers[last])
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= len(classes) {
		return 0, cli.Usagef("%s%s: want a number from 0 to %d or one of %s", flag, visible.Short(text), len(classes)-1, visible.List(classes))
	}
	return i, nil
}

// tensor is a batch as the network takes it.
func tensor(b *data.Batch) *nn.Tensor { return &nn.Tensor{Shape: b.Shape, Data: b.Pixels} }
