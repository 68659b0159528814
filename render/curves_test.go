package render

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

var nan = math.NaN()

// training is so many epochs of which all was measured.
func training(n int) []Epoch {
	epochs := make([]Epoch, n)
	for i := range epochs {
		x := float64(i) / 10
		epochs[i] = Epoch{
			Number: i + 1, TrainLoss: 2 * math.Exp(-x), ValidationLoss: 2*math.Exp(-x) + x/10,
			TrainAccuracy: 1 - 0.9*math.Exp(-x), ValidationAccuracy: 0.9 - 0.8*math.Exp(-x), Rate: 0.1 / (1 + x),
		}
	}
	return epochs
}

func mustCurves(t testing.TB, epochs []Epoch, opt CurvesOptions) *Figure {
	t.Helper()
	f, err := Curves(epochs, opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lineCanvas keeps lines by their colour, also those of the legend, and texts with their places.
type lineCanvas struct {
	recorder
	lines map[color.RGBA][][]pt
	at    map[string]pt
}

func (l *lineCanvas) line(at []pt, _ float64, c color.RGBA) { l.lines[c] = append(l.lines[c], at) }
func (l *lineCanvas) text(at pt, s string, _ textStyle) {
	l.at[s] = at
	l.texts = append(l.texts, s)
}

func drawnLines(f *Figure) *lineCanvas {
	c := &lineCanvas{recorder: recorder{points: map[color.RGBA][]pt{}}, lines: map[color.RGBA][][]pt{}, at: map[string]pt{}}
	f.paint(c)
	return c
}

// The axes of a panel are those that matplotlib gives the same curve.
func TestCurvesAxesAreMatplotlibs(t *testing.T) {
	f := golden.Open(t, "curves")
	fonts, err := newTypeface()
	if err != nil {
		t.Fatal(err)
	}
	ticksCompared := 0
	for _, n := range []int{2, 7, 20, 21, 22, 25, 30, 75, 300, 1000} {
		var numbers, loss []float64
		for i, v := range golden.Uniform(fmt.Sprintf("loss %d", n), n, 1.2) {
			numbers, loss = append(numbers, float64(i+1)), append(loss, float64(v)+1.25)
		}
		limits := f.Float64(fmt.Sprintf("%d/limits", n))
		for _, width := range []int{300, 440, 500, 700, 1000} {
			p := newPanel("loss", true, numbers, loss, nil)
			if err := p.place(fonts, 0, 0, width, 400); err != nil {
				t.Fatal(err)
			}
			for i, got := range []float64{p.x.lo, p.x.hi, p.y.lo, p.y.hi} {
				if math.Abs(got-limits[i]) > 1e-12*math.Abs(limits[i])+1e-12 {
					t.Errorf("%d epochs: limit %d is %v, matplotlib's %v", n, i, got, limits[i])
				}
			}
			bins := min(max(p.box.Dx()/70, 2), 9)
			want := f.Float64(fmt.Sprintf("%d/ticks/%d", n, bins))
			if r := p.x.hi - p.x.lo; r <= 21 && float64(p.box.Dx()) >= 22*r { // each epoch has its number
				want = numbers
			}
			if !slices.Equal(p.xTicks, want) {
				t.Errorf("%d epochs, %d pixels, %d bins: numbers %v, want %v", n, width, bins, p.xTicks, want)
			}
			ticksCompared += len(want)
		}
	}
	t.Logf("%d numbers compared", ticksCompared)
}

// What is measured is drawn where the axes say, and the best of validation is named.
func TestCurvesOfTraining(t *testing.T) {
	for _, n := range []int{1, 2, 20, 300} {
		epochs := training(n)
		c := drawnLines(mustCurves(t, epochs, CurvesOptions{Title: "a training"}))
		best := map[string]int{}
		for i, e := range epochs {
			if e.ValidationLoss < epochs[best["loss"]].ValidationLoss {
				best["loss"] = i
			}
			if e.ValidationAccuracy > epochs[best["accuracy"]].ValidationAccuracy {
				best["accuracy"] = i
			}
		}
		texts := strings.Join(c.texts, "|")
		for _, want := range []string{
			"a training|training|validation|",
			fmt.Sprintf("lowest validation loss %.3g in epoch %d", epochs[best["loss"]].ValidationLoss, best["loss"]+1),
			fmt.Sprintf("best validation accuracy %.2f %% in epoch %d", 100*epochs[best["accuracy"]].ValidationAccuracy, best["accuracy"]+1),
			"|epoch|loss|", "|epoch|accuracy (%)|",
		} {
			if !strings.Contains(texts, want) {
				t.Errorf("%d epochs: no %q in %q", n, want, texts)
			}
		}
		if strings.Contains(texts, "learning rate, 0 to 0.1") != (n > 1) {
			t.Errorf("%d epochs: texts %q", n, texts)
		}
		for i, col := range Tab10[:2] {
			lines := c.lines[col][1:] // the first is the legend's
			if n == 1 {
				if len(lines) != 0 {
					t.Errorf("lines %v of one epoch", lines)
				}
				continue
			}
			if len(lines) != 2 || len(lines[0]) != n || len(lines[1]) != n {
				t.Fatalf("%d epochs: %d lines", n, len(lines))
			}
			// The losses are to each other as the heights, and the epochs equally far apart.
			value := func(k int) float64 { return []float64{epochs[k].TrainLoss, epochs[k].ValidationLoss}[i] }
			scale := (lines[0][n-1].y - lines[0][0].y) / (value(n-1) - value(0))
			for k, p := range lines[0] {
				if want := lines[0][0].y + scale*(value(k)-value(0)); math.Abs(p.y-want) > 1e-6 {
					t.Errorf("series %d, epoch %d is drawn at %v, want %v", i, k+1, p.y, want)
				}
				if want := lines[0][0].x + float64(k)/float64(n-1)*(lines[0][n-1].x-lines[0][0].x); math.Abs(p.x-want) > 1e-6 {
					t.Errorf("epoch %d is drawn at %v, want %v", k+1, p.x, want)
				}
			}
			if scale >= 0 || lines[1][0].y < lines[1][n-1].y || lines[1][0].x < 500 || lines[0][n-1].x > 500 {
				t.Errorf("%d epochs: the losses from %v to %v, the accuracies from %v to %v", n, lines[0][0], lines[0][n-1], lines[1][0], lines[1][n-1])
			}
			// Both panels have one height, markers stand apart, and a ring is on the best.
			marks := c.points[col]
			if want := map[int]int{2: 4, 20: 40, 300: 0}[n] + 2*i; len(marks) != want {
				t.Errorf("%d epochs: %d markers of series %d, want %d", n, len(marks), i, want)
			}
		}
		rings := c.points[color.RGBA{255, 255, 255, 255}]
		if len(rings) != 2 {
			t.Fatalf("rings at %v", rings)
		}
		if n > 1 && (rings[0] != c.lines[Tab10[1]][1][best["loss"]] || rings[1] != c.lines[Tab10[1]][2][best["accuracy"]]) {
			t.Errorf("%d epochs: rings at %v", n, rings)
		}
	}
}

// The learning rate goes from 0 at the bottom of the first panel to 96 % of its height.
func TestCurvesRate(t *testing.T) {
	epochs := training(3)
	epochs[0].Rate, epochs[1].Rate, epochs[2].Rate = 0, 0.2, 0.1
	c := drawnLines(mustCurves(t, epochs, CurvesOptions{}))
	if _, named := c.at["learning rate, 0 to 0.2"]; !named {
		t.Errorf("texts %q", c.texts)
	}
	lines := c.lines[rateInk]
	if len(lines) != 2 {
		t.Fatalf("lines %v", lines)
	}
	at := lines[1]
	if high := at[0].y - at[1].y; math.Abs(at[0].y-at[2].y-high/2) > 1e-9 || high < 200 {
		t.Errorf("the rates are drawn at %v", at)
	}
	// The frame of the panel, which the frame's upper side says.
	f := mustCurves(t, epochs, CurvesOptions{})
	r := record(f)
	low := 0
	for _, b := range r.rects {
		if b.Dy() == 1 && b.Dx() > 300 && b.Min.X < 500 {
			low = max(low, b.Min.Y)
		}
	}
	if float64(low) != at[0].y {
		t.Errorf("a rate of 0 is drawn at %v, the panel ends at %d", at[0].y, low)
	}
	for i := range epochs {
		epochs[i].Rate = 0.1
	}
	if f := mustCurves(t, epochs, CurvesOptions{}); !slices.Equal(f.Legend(), []string{"training", "validation"}) {
		t.Errorf("a rate that does not change: legend %q", f.Legend())
	}
}

// NaN is bridged, infinity breaks a curve, and what stands alone is a marker.
func TestCurvesGaps(t *testing.T) {
	epochs := training(100)
	for i := range epochs {
		if i%40 != 0 { // validation in epochs 1, 41 and 81
			epochs[i].ValidationLoss, epochs[i].ValidationAccuracy = nan, nan
		}
		epochs[i].Rate = nan
		epochs[i].TrainAccuracy = nan
	}
	epochs[50].TrainLoss = math.Inf(1)
	epochs[98].TrainLoss = math.Inf(1)
	f := mustCurves(t, epochs, CurvesOptions{})
	c := drawnLines(f)
	var lengths []int
	for _, l := range c.lines[Tab10[0]][1:] {
		lengths = append(lengths, len(l))
	}
	if fmt.Sprint(lengths) != "[50 47]" || len(c.points[Tab10[0]]) != 1 {
		t.Errorf("training: lines of %v and %d markers", lengths, len(c.points[Tab10[0]]))
	}
	if l := c.lines[Tab10[1]]; len(l) != 3 || len(l[1]) != 3 || len(l[2]) != 3 || len(c.points[Tab10[1]]) != 6+2 {
		t.Errorf("validation: lines %v, %d markers", l, len(c.points[Tab10[1]]))
	}

	// Training alone, and losses alone, over the whole width.
	for i := range epochs {
		epochs[i].ValidationLoss, epochs[i].ValidationAccuracy = nan, nan
	}
	f = mustCurves(t, epochs, CurvesOptions{})
	c = drawnLines(f)
	if !slices.Equal(f.Legend(), []string{"training"}) || !strings.Contains(strings.Join(c.texts, "|"), "lowest training loss") || strings.Contains(strings.Join(c.texts, "|"), "accuracy") {
		t.Errorf("texts %q", c.texts)
	}
	if l := c.lines[Tab10[0]]; l[2][len(l[2])-1].x < 900 {
		t.Errorf("the curve ends at %v", l[2][len(l[2])-1])
	}
	// The first of equals is the best.
	for i := range epochs {
		epochs[i].TrainLoss, epochs[i].TrainAccuracy = 1, 0.5
	}
	texts := strings.Join(record(mustCurves(t, epochs, CurvesOptions{})).texts, "|") + "|"
	if !strings.Contains(texts, "lowest training loss 1 in epoch 1|") || !strings.Contains(texts, "best training accuracy 50.00 % in epoch 1|") {
		t.Errorf("texts %q", texts)
	}
}

func TestCurvesErrors(t *testing.T) {
	good := Epoch{1, 1, 1, 0.5, 0.5, 0.1}
	with := func(change func(e *Epoch)) []Epoch {
		e := good
		change(&e)
		return []Epoch{e}
	}
	for name, c := range map[string]struct {
		epochs []Epoch
		opt    CurvesOptions
		want   string
	}{
		"none":              {nil, CurvesOptions{}, "0 epochs"},
		"too many":          {training(mostEpochs + 1), CurvesOptions{}, "10001 epochs"},
		"order":             {[]Epoch{good, good}, CurvesOptions{}, "epoch 1 comes after epoch 1"},
		"accuracy":          {with(func(e *Epoch) { e.TrainAccuracy = 1.5 }), CurvesOptions{}, "1.5 is not in [0, 1]"},
		"negative accuracy": {with(func(e *Epoch) { e.ValidationAccuracy = -0.5 }), CurvesOptions{}, "-0.5 is not in [0, 1]"},
		"infinite accuracy": {with(func(e *Epoch) { e.ValidationAccuracy = math.Inf(1) }), CurvesOptions{}, "not in [0, 1]"},
		"rate":              {with(func(e *Epoch) { e.Rate = -1 }), CurvesOptions{}, "a learning rate of -1"},
		"nothing":           {[]Epoch{{1, nan, math.Inf(1), nan, nan, 0.1}}, CurvesOptions{}, "neither a loss nor an accuracy"},
		"range":             {[]Epoch{{1, -math.MaxFloat64, nan, nan, nan, nan}, {2, math.MaxFloat64, nan, nan, nan, nan}}, CurvesOptions{}, "span more than can be drawn"},
		"size":              {[]Epoch{good}, CurvesOptions{Width: -1}, "-1 x 460"},
		"narrow":            {[]Epoch{good}, CurvesOptions{Width: 220}, "has no room for a legend"},
		"flat":              {[]Epoch{good}, CurvesOptions{Height: 200, Title: "t"}, "leaves"},
		"palette":           {[]Epoch{good}, CurvesOptions{Palette: "x"}, "no palette"},
	} {
		if f, err := Curves(c.epochs, c.opt); err == nil || f != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	mustCurves(t, training(mostEpochs), CurvesOptions{})
}

// Whatever is drawn lies within the figure, whose SVG is well formed, and an ended context ends it.
func TestCurvesWritten(t *testing.T) {
	epochs := training(30)
	epochs[3].TrainLoss = 1e7 // a power of ten above the panel
	f := mustCurves(t, epochs, CurvesOptions{Title: strings.Repeat("<long & title> ", 20), Width: 900})
	c := drawnLines(f)
	for text, at := range c.at {
		if strings.HasPrefix(text, "best") && at.y < c.at["training"].y+15 || text == "epoch" && at.y < 410 {
			t.Errorf("%q at %v, below the legend at %v", text, at, c.at["training"])
		}
		if at.x < 0 || at.x > 900 || at.y < 0 || at.y > 460 {
			t.Errorf("%q at %v", text, at)
		}
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(t.Context(), &svg); err != nil {
		t.Fatal(err)
	}
	lines, d := 0, xml.NewDecoder(&svg)
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 3+1+4 {
		t.Errorf("%d lines in the SVG, want 8", lines)
	}
	if im := pixels(t, f); im.Rect.Dx() != 900 || im.Rect.Dy() != 460 {
		t.Errorf("an image of %v", im.Rect)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if im, err := f.Image(ended); im != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v, %v", im != nil, err)
	}
	if err := f.WriteSVG(ended, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("under an ended context: %v", err)
	}
}
