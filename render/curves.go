package render

import (
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strconv"
)

// An Epoch is what was measured in an epoch of training. NaN is what was not: a curve goes
// on to the next value. Infinity breaks it.
type Epoch struct {
	Number                            int     // grows from one Epoch to the next
	TrainLoss, ValidationLoss         float64 // means over the images
	TrainAccuracy, ValidationAccuracy float64 // shares, 0 to 1
	Rate                              float64 // the learning rate
}

// CurvesOptions says how the curves of a training look.
type CurvesOptions struct {
	Title string
	// Width and Height of the figure in pixels. Default: 1000 x 460.
	Width, Height int
	// Palette gives the two colours. Default: Tableau.
	Palette Palette
	// Fonts set what the Go font lacks in Figure.Image, the first that has a character.
	Fonts []*Font
}

// mostEpochs is more than a figure can show apart.
const mostEpochs = 10_000

// Curves draws a training by epoch: at the left the losses, at the right the accuracies in
// percent, each a line for training and one for validation, over matplotlib's axes. The
// best value of validation (of training where there is no validation) is marked, and named
// above. A learning rate that changes is a gray line behind the first panel, from 0 at its
// bottom to the highest, which the legend names, just below its top. A panel of which
// nothing was measured is left out.
//
// It returns an error where there are no epochs or more than 10,000, their numbers do not
// grow, an accuracy is not in [0, 1], a rate is negative, or nothing was measured.
func Curves(epochs []Epoch, opt CurvesOptions) (*Figure, error) {
	if err := checkEpochs(epochs); err != nil {
		return nil, err
	}
	if opt.Width == 0 {
		opt.Width = 1000
	}
	if opt.Height == 0 {
		opt.Height = 460
	}
	if err := checkSize(opt.Width, opt.Height); err != nil {
		return nil, err
	}
	colours, err := opt.Palette.colours(2)
	if err != nil {
		return nil, err
	}
	title := oneLine(opt.Title)
	fonts, err := typefaceFor(opt.Fonts, title)
	if err != nil {
		return nil, err
	}
	column := func(scale float64, of func(e *Epoch) float64) []float64 {
		values := make([]float64, len(epochs))
		for i := range epochs {
			values[i] = scale * of(&epochs[i])
		}
		return values
	}
	numbers := column(1, func(e *Epoch) float64 { return float64(e.Number) })
	loss := newPanel("loss", true, numbers,
		column(1, func(e *Epoch) float64 { return e.TrainLoss }),
		column(1, func(e *Epoch) float64 { return e.ValidationLoss }))
	accuracy := newPanel("accuracy (%)", false, numbers,
		column(100, func(e *Epoch) float64 { return e.TrainAccuracy }),
		column(100, func(e *Epoch) float64 { return e.ValidationAccuracy }))
	var panels []*panel
	if loss.best >= 0 {
		v, epoch := loss.value()
		loss.heading = fmt.Sprintf("lowest %s loss %.3g in epoch %s", curveNames[loss.of], v, epoch)
		panels = append(panels, loss)
	}
	if accuracy.best >= 0 {
		v, epoch := accuracy.value()
		accuracy.heading = fmt.Sprintf("best %s accuracy %.2f %% in epoch %s", curveNames[accuracy.of], v, epoch)
		panels = append(panels, accuracy)
	}
	if len(panels) == 0 {
		return nil, errors.New("render: neither a loss nor an accuracy was measured in any epoch")
	}
	panels[0].addRate(column(1, func(e *Epoch) float64 { return e.Rate }))
	return layCurves(panels, title, fonts, colours, opt)
}

func checkEpochs(epochs []Epoch) error {
	if len(epochs) == 0 || len(epochs) > mostEpochs {
		return fmt.Errorf("render: %d epochs to draw, want 1 to %d", len(epochs), mostEpochs)
	}
	for i, e := range epochs {
		if i > 0 && e.Number <= epochs[i-1].Number {
			return fmt.Errorf("render: epoch %d comes after epoch %d", e.Number, epochs[i-1].Number)
		}
		for _, a := range []float64{e.TrainAccuracy, e.ValidationAccuracy} {
			if a < 0 || a > 1 {
				return fmt.Errorf("render: epoch %d: an accuracy of %v is not in [0, 1]", e.Number, a)
			}
		}
		if e.Rate < 0 {
			return fmt.Errorf("render: epoch %d: a learning rate of %v", e.Number, e.Rate)
		}
	}
	return nil
}

// layCurves places panels side by side below the title and the legend.
func layCurves(panels []*panel, title string, fonts *typeface, colours []color.RGBA, opt CurvesOptions) (*Figure, error) {
	var legend keys
	var names []string
	for i, name := range curveNames {
		if slices.ContainsFunc(panels, func(p *panel) bool { return len(finite(p.series[i])) > 0 }) {
			legend = append(legend, key{name, colours[i]})
		}
	}
	if panels[0].rates != nil {
		legend = append(legend, key{"learning rate, 0 to " + strconv.FormatFloat(panels[0].highest, 'g', 3, 64), rateInk})
	}
	for _, k := range legend {
		names = append(names, k.name)
	}
	_, wide := legend.widths(fonts)
	if wide > opt.Width-2*edge {
		return nil, fmt.Errorf("render: a figure of %d pixels across has no room for a legend of %d; make it larger", opt.Width, wide)
	}
	title = fonts[titleText].fit(title, opt.Width-2*edge)
	keysTop := edge
	if title != "" {
		keysTop += fonts[titleText].ascent + fonts[titleText].descent + 8
	}
	top := keysTop + fonts[labelText].ascent + fonts[labelText].descent + 8
	for i, p := range panels {
		left, right := i*opt.Width/len(panels), (i+1)*opt.Width/len(panels)
		if err := p.place(fonts, left, top, right-left, opt.Height-top); err != nil {
			return nil, err
		}
	}
	return &Figure{Width: opt.Width, Height: opt.Height, fonts: fonts, legend: names, paint: func(c canvas) {
		if title != "" {
			c.text(pt{float64(opt.Width) / 2, float64(edge + fonts[titleText].ascent)}, title, textStyle{size: titleText, anchor: middle, color: ink})
		}
		legend.draw(c, fonts, (opt.Width-wide)/2, keysTop)
		for _, p := range panels {
			p.draw(c, fonts, colours)
		}
	}}, nil
}
