package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/internal/atomicfile"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// line prints one finding.
func (s *session) line(title, format string, args ...any) {
	cli.Line(s.stdout, "%-9s %s", title, fmt.Sprintf(format, args...))
}

// decimal is a number as files have it.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// dataName is what is learnt from, for people.
func (o *options) dataName() string {
	if o.Data == "" {
		return "the embedded scenes"
	}
	return "-data " + o.Data
}

// input says what the network sees, for people.
func (n *network) input() string {
	size := "images as they are"
	switch t := n.transform; {
	case n.side > 0 && t.Resize > 0 && t.Resize != n.side:
		size = fmt.Sprintf("%d x %d pixels of %d", n.side, n.side, t.Resize)
	case n.side > 0:
		size = fmt.Sprintf("%d x %d pixels", n.side, n.side)
	}
	return fmt.Sprintf("%s, mean %s, std %s", size, n.metadata["mean"], n.metadata["std"])
}

// writeCurves writes the curve so far as -curves and -csv ask.
func (s *session) writeCurves(ctx context.Context) error {
	if err := s.drawCurves(ctx); err != nil {
		return err
	}
	if s.csv == "" {
		return nil
	}
	err := atomicfile.Write(ctx, s.csv, func(w io.Writer) error {
		out := csv.NewWriter(w)
		out.Write([]string{"epoch", "step", "learning_rate", "loss", "accuracy", "validation_loss", "validation_accuracy"})
		for _, p := range s.at.Curve {
			out.Write([]string{strconv.Itoa(p.Epoch), strconv.Itoa(p.Step), decimal(p.Rate), decimal(p.Loss), decimal(p.Accuracy), decimal(p.ValLoss), decimal(p.ValAccuracy)})
		}
		out.Flush()
		return out.Error() // of any of the writes
	})
	if err != nil {
		return fmt.Errorf("-csv: %w", err)
	}
	return nil
}

// report reads the best network back and says how it does, class by class.
func (s *session) report(ctx context.Context) error {
	b := best(s.at.Curve)
	s.line("best", "epoch %d: %.2f%% of %d images to validate on", b.Epoch, 100*b.ValAccuracy, len(s.data.valLabels))
	sd, err := checkpoint.Load(ctx, s.out)
	if err != nil {
		return err
	}
	g, err := arch.Build(sd, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", s.out, err)
	}
	plan, err := nn.Compile(g)
	if err != nil {
		return fmt.Errorf("%s: %w", s.out, err)
	}
	bar := cli.NewProgress(s.stderr, len(s.data.valLabels), "validation", "images")
	seen, err := s.data.evaluate(ctx, plan, s.net.transform, func(n int) { bar.Set(int64(n)) })
	bar.Done()
	if err != nil {
		return err
	}
	if err := s.confuse(ctx, seen); err != nil {
		return err
	}
	s.line("files", "%s", strings.Join(s.written(s.out, s.lastPath(), s.curves, s.csv), ", "))
	s.lookAt()
	return nil
}

// written are the files of those that there are, and of -confusion.
func (s *session) written(names ...string) []string {
	return slices.DeleteFunc(append(names, s.confusion), func(name string) bool { return name == "" })
}

// lookAt says what can be done with the network.
func (s *session) lookAt() {
	command := "cam -weights " + quoted(s.out)
	if s.Data != "" {
		command += " -data " + quoted(s.Data)
		if s.Split != "" {
			command += " -split " + s.Split
		}
		if s.Orient {
			command += " -orient"
		}
		if s.Truncated {
			command += " -truncated"
		}
	}
	s.line("see", "%s", command)
}

// most is how many classes or pairs of them are listed, where there are more than fit.
const most = 10

// fits is how many classes a matrix of text may have.
const fits = 20

// confuse prints the accuracy by class and which classes are taken for which.
func (s *session) confuse(ctx context.Context, seen *outcome) error {
	names := cli.Distinct(s.data.classes)
	if len(names) <= fits {
		s.matrix(names, seen.confusion)
	} else {
		s.worst(names, seen.confusion)
	}
	return s.drawConfusion(ctx, names, seen.confusion)
}

// matrix prints the confusion matrix: a row for each class, with its accuracy.
func (s *session) matrix(names []string, confusion [][]int) {
	width, wide := 0, len("100.0%")
	for i, name := range names {
		width = max(width, len([]rune(visible.Short(name))))
		for _, n := range confusion[i] {
			wide = max(wide, len(strconv.Itoa(n)))
		}
	}
	head := fmt.Sprintf("%*s %*s", width, "", wide, "right")
	for i := range names {
		head += fmt.Sprintf(" %*s", wide, letters(i))
	}
	s.line("classes", "%s", head)
	for i, name := range names {
		name = visible.Short(name)
		row := fmt.Sprintf("%s%s %*s", name, strings.Repeat(" ", width-len([]rune(name))), wide, share(confusion[i], i))
		for _, n := range confusion[i] {
			cell := strconv.Itoa(n)
			if n == 0 {
				cell = "."
			}
			row += fmt.Sprintf(" %*s", wide, cell)
		}
		s.line("  "+letters(i), "%s", row)
	}
}

// letters are the short name of a class: a, b, c and so on.
func letters(i int) string { return string(rune('a' + i)) }

// share is how many of a class are right.
func share(row []int, class int) string {
	total := 0
	for _, n := range row {
		total += n
	}
	if total == 0 {
		return "none"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(row[class])/float64(total))
}

// worst prints the classes of the lowest accuracy and the pairs that are confused most.
func (s *session) worst(names []string, confusion [][]int) {
	type found struct {
		i, j, n int
		share   float64
	}
	var classes, pairs []found
	for i, row := range confusion {
		total := 0
		for j, n := range row {
			total += n
			if n > 0 && i != j {
				pairs = append(pairs, found{i: i, j: j, n: n})
			}
		}
		if total > 0 {
			classes = append(classes, found{i: i, n: total, share: float64(row[i]) / float64(total)})
		}
	}
	slices.SortStableFunc(classes, func(a, b found) int { return cmp.Compare(a.share, b.share) })
	slices.SortStableFunc(pairs, func(a, b found) int { return b.n - a.n })
	title := "worst"
	for _, c := range classes[:min(most, len(classes))] {
		s.line(title, "%s of %d %s", share(confusion[c.i], c.i), c.n, visible.Short(names[c.i]))
		title = ""
	}
	title = "confused"
	for _, p := range pairs[:min(most, len(pairs))] {
		s.line(title, "%d %s taken for %s", p.n, visible.Short(names[p.i]), visible.Short(names[p.j]))
		title = ""
	}
}
