package render

import (
	"image/color"
	"math"
	"strconv"
)

// curveNames are those of the series of a panel.
var curveNames = [2]string{"training", "validation"}

// rateInk is the gray of the learning rate, behind the curves.
var rateInk = color.RGBA{190, 190, 190, 255}

// A panel is one of the axes of Curves.
type panel struct {
	axes
	heading string
	numbers []float64    // of the epochs
	series  [2][]float64 // training and validation
	rates   []float64    // nil: none
	highest float64      // of them
	of      int          // the series that has the best value
	best    int          // and its index in it, -1 where nothing was measured
}

// newPanel takes what was measured. The best value is the first of the largest, or with
// lowest of the smallest, of validation where there is any.
func newPanel(label string, lowest bool, numbers, training, validation []float64) *panel {
	p := &panel{numbers: numbers, series: [2][]float64{training, validation}, best: -1}
	p.xLabel, p.yLabel = "epoch", label
	for i, values := range p.series {
		best := -1
		for k, v := range values {
			if isFinite(v) && (best < 0 || lowest && v < values[best] || !lowest && v > values[best]) {
				best = k
			}
		}
		if best >= 0 {
			p.of, p.best = i, best
		}
	}
	return p
}

// value is the best value and the number of its epoch.
func (p *panel) value() (v float64, epoch string) {
	return p.series[p.of][p.best], strconv.Itoa(int(p.numbers[p.best]))
}

// addRate adds the learning rates, unless they are all the same.
func (p *panel) addRate(rates []float64) {
	if s := spanOf(finite(rates)); s.hi > s.lo {
		p.rates, p.highest = rates, s.hi
	}
}

func isFinite(v float64) bool { return !math.IsNaN(v - v) }

// finite are the values that can be drawn.
func finite(values []float64) (out []float64) {
	for _, v := range values {
		if isFinite(v) {
			out = append(out, v)
		}
	}
	return out
}

// place lays the panel out with its upper left corner at (left, top).
func (p *panel) place(fonts *typeface, left, top, width, height int) (err error) {
	const margin = 0.05 // matplotlib's
	if p.x, err = spanOf(p.numbers).padded(margin); err != nil {
		return err
	}
	if p.y, err = spanOf(finite(p.series[0]), finite(p.series[1])).padded(margin); err != nil {
		return err
	}
	p.left, p.top = left, top
	if err := p.layout(fonts, width, height, 0, false, true); err != nil {
		return err
	}
	p.heading = fonts[labelText].fit(p.heading, p.box.Dx())
	return nil
}

// draw draws the panel, the learning rate behind all else.
func (p *panel) draw(c canvas, fonts *typeface, colours []color.RGBA) {
	p.grid(c)
	if p.rates != nil {
		at := func(i int) pt {
			const share = 0.96 // of the panel
			return pt{p.placeX(p.numbers[i]), float64(p.box.Max.Y) - float64(share*p.rates[i]/p.highest*float64(p.box.Dy()))}
		}
		curve(c, p.rates, at, marker{radius: 1.5, color: rateInk, alpha: 1}, 1.5, false)
	}
	for i, values := range p.series {
		at := func(k int) pt { return p.axes.place(p.numbers[k], values[k]) }
		apart := len(finite(values)) <= p.box.Dx()/14 // where markers do not run into each other
		curve(c, values, at, marker{radius: 3, color: colours[i], alpha: 1}, 2, apart)
	}
	best := []pt{p.axes.place(p.numbers[p.best], p.series[p.of][p.best])}
	c.markers(marker{radius: 6, color: colours[p.of], alpha: 1}, best)
	c.markers(marker{radius: 3.5, color: color.RGBA{255, 255, 255, 255}, alpha: 1}, best)
	p.axes.draw(c, fonts)
	base := p.box.Min.Y - 8
	if p.yPower != "" {
		base -= fonts[tickText].ascent + fonts[tickText].descent
	}
	c.text(pt{float64(p.box.Min.X), float64(base)}, p.heading, textStyle{size: labelText, color: ink})
}

// curve draws a line from value to value that infinity breaks, with a marker on each value,
// or only on those that stand alone.
func curve(c canvas, values []float64, at func(i int) pt, m marker, width float64, all bool) {
	var run, marked []pt
	end := func() {
		if len(run) > 1 {
			c.line(run, width, m.color)
		}
		if all || len(run) == 1 {
			marked = append(marked, run...)
		}
		run = nil
	}
	for i, v := range values {
		switch {
		case math.IsInf(v, 0):
			end()
		case !math.IsNaN(v):
			run = append(run, at(i))
		}
	}
	end()
	c.markers(m, marked)
}
