package render

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

var (
	ink   = color.RGBA{38, 38, 38, 255}    // texts
	frame = color.RGBA{38, 38, 38, 255}    // the axes
	faint = color.RGBA{225, 225, 225, 255} // lines behind data
)

const (
	edge       = 16 // pixels around a figure
	tickLength = 5
	tickGap    = 4 // between a tick and its number
)

// axes is the rectangle that data is drawn in, with the numbers and names
// around it.
type axes struct {
	title, xLabel, yLabel string
	x, y                  span            // in data units
	left, top             int             // the upper left corner of all that is around, in pixels
	box                   image.Rectangle // in pixels

	xTicks, yTicks   []float64
	xNumbers, yNumbs []string
	xPower, yPower   string
}

// layout places the axes in a figure, or a part of one, of a size, leaving room at the
// right. With equal, a unit is as long across as up: the shorter range is widened. With
// whole, the x axis shows whole numbers alone, and a short one shows them all.
func (a *axes) layout(fonts *typeface, width, height, right int, equal, whole bool) error {
	tick, label, title := fonts[tickText], fonts[labelText], fonts[titleText]
	x, y := a.x, a.y
	left := edge + 60
	// The numbers along y take room, which changes the width, which with equal
	// units changes the numbers: the second round settles it.
	for range 3 {
		top := edge + tick.ascent/2
		if a.title != "" {
			top = edge + title.ascent + title.descent + 10
		}
		if a.yPower != "" {
			top += tick.ascent + tick.descent
		}
		bottom := height - edge - tickLength - tickGap - tick.ascent - tick.descent
		if a.xLabel != "" || a.xPower != "" {
			bottom -= 4 + label.ascent + label.descent
		}
		a.box = image.Rectangle{image.Pt(left, top), image.Pt(width-edge-right, bottom)}
		if a.box.Dx() < 80 || a.box.Dy() < 80 {
			return fmt.Errorf("render: a figure of %d x %d pixels leaves %d x %d to the data; make it larger", width, height, a.box.Dx(), a.box.Dy())
		}
		a.x, a.y = x, y
		if equal {
			a.equalise()
		}
		// A number about each 70 pixels across and 50 up.
		var step float64
		a.xTicks, step = ticks(a.x.lo, a.x.hi, min(max(a.box.Dx()/70, 2), 9))
		if whole {
			a.xTicks, step = a.wholeNumbers(step)
		}
		a.xNumbers, a.xPower = tickLabels(a.xTicks, step)
		a.yTicks, step = ticks(a.y.lo, a.y.hi, min(max(a.box.Dy()/50, 2), 9))
		a.yNumbs, a.yPower = tickLabels(a.yTicks, step)
		left = edge + tickLength + tickGap
		widest := 0
		for _, s := range a.yNumbs {
			widest = max(widest, tick.width(s))
		}
		left += widest
		if a.yLabel != "" {
			left += label.ascent + label.descent + 6
		}
	}
	// The title is centred over the data, not over the figure.
	mid := (a.box.Min.X + a.box.Max.X) / 2
	a.title = title.fit(a.title, 2*(min(mid, width-mid)-edge))
	a.xLabel = label.fit(a.xLabel, a.box.Dx())
	a.yLabel = label.fit(a.yLabel, a.box.Dy())
	a.box = a.box.Add(image.Pt(a.left, a.top))
	return nil
}

// wholeNumbers returns the whole numbers that the x axis shows, where they would have a
// step: all of a short range that leaves them room.
func (a *axes) wholeNumbers(step float64) (at []float64, _ float64) {
	const room = 22 // pixels
	width := a.x.hi - a.x.lo
	if width <= 21 && float64(a.box.Dx()) >= width*room || step < 1 {
		for v := math.Ceil(a.x.lo); v <= a.x.hi; v++ {
			at = append(at, v+0) // +0: never -0
		}
		return at, 1
	}
	if step == 2.5 {
		step = 5
	}
	for v := math.Ceil(a.x.lo / step); v <= math.Floor(a.x.hi/step); v++ {
		at = append(at, v*step+0)
	}
	return at, step
}

// equalise widens one range until a unit has the same length on both axes.
func (a *axes) equalise() {
	ux, uy := (a.x.hi-a.x.lo)/float64(a.box.Dx()), (a.y.hi-a.y.lo)/float64(a.box.Dy())
	widen := func(s span, pixels int, unit float64) span {
		mid, half := s.lo+(s.hi-s.lo)/2, unit*float64(pixels)/2
		return span{mid - half, mid + half}
	}
	if ux < uy {
		a.x = widen(a.x, a.box.Dx(), uy)
	} else {
		a.y = widen(a.y, a.box.Dy(), ux)
	}
}

// place returns where a value pair is drawn.
func (a *axes) place(x, y float64) pt { return pt{a.placeX(x), a.placeY(y)} }

func (a *axes) placeX(x float64) float64 {
	return float64(a.box.Min.X) + float64((x-a.x.lo)/(a.x.hi-a.x.lo)*float64(a.box.Dx()))
}

func (a *axes) placeY(y float64) float64 {
	return float64(a.box.Max.Y) - float64((y-a.y.lo)/(a.y.hi-a.y.lo)*float64(a.box.Dy()))
}

// grid draws faint lines from the numbers along y.
func (a *axes) grid(c canvas) {
	for _, v := range a.yTicks {
		y := int(math.Round(a.placeY(v)))
		c.rect(image.Rect(a.box.Min.X, y, a.box.Max.X, y+1), faint)
	}
}

// draw draws the frame, the ticks and the texts.
func (a *axes) draw(c canvas, fonts *typeface) {
	b := a.box
	c.rect(image.Rect(b.Min.X, b.Min.Y, b.Max.X+1, b.Min.Y+1), frame)
	c.rect(image.Rect(b.Min.X, b.Max.Y, b.Max.X+1, b.Max.Y+1), frame)
	c.rect(image.Rect(b.Min.X, b.Min.Y, b.Min.X+1, b.Max.Y+1), frame)
	c.rect(image.Rect(b.Max.X, b.Min.Y, b.Max.X+1, b.Max.Y+1), frame)

	tick, label := fonts[tickText], fonts[labelText]
	below := b.Max.Y + tickLength + tickGap + tick.ascent
	for i, v := range a.xTicks {
		x := int(math.Round(a.placeX(v)))
		c.rect(image.Rect(x, b.Max.Y+1, x+1, b.Max.Y+1+tickLength), frame)
		c.text(pt{float64(x) + 0.5, float64(below)}, a.xNumbers[i], textStyle{size: tickText, anchor: middle, color: ink})
	}
	for i, v := range a.yTicks {
		y := int(math.Round(a.placeY(v)))
		c.rect(image.Rect(b.Min.X-tickLength, y, b.Min.X, y+1), frame)
		// The middle of a digit is about 0.36 em above the baseline.
		base := float64(y) + 0.5 + 0.36*tickText.pixels()
		c.text(pt{float64(b.Min.X - tickLength - tickGap), base}, a.yNumbs[i], textStyle{size: tickText, anchor: end, color: ink})
	}
	midX, midY := float64(b.Min.X+b.Max.X)/2, float64(b.Min.Y+b.Max.Y)/2
	underline := float64(below + tick.descent + 4 + label.ascent)
	if a.xPower != "" {
		c.text(pt{float64(b.Max.X), underline}, a.xPower, textStyle{size: tickText, anchor: end, color: ink})
	}
	if a.yPower != "" {
		c.text(pt{float64(b.Min.X), float64(b.Min.Y - tick.descent - 2)}, a.yPower, textStyle{size: tickText, color: ink})
	}
	if a.xLabel != "" {
		c.text(pt{midX, underline}, a.xLabel, textStyle{size: labelText, anchor: middle, color: ink})
	}
	if a.yLabel != "" {
		c.text(pt{float64(a.left + edge + label.ascent), midY}, a.yLabel, textStyle{size: labelText, anchor: middle, upwards: true, color: ink})
	}
	if a.title != "" {
		c.text(pt{midX, float64(a.top + edge + fonts[titleText].ascent)}, a.title, textStyle{size: titleText, anchor: middle, color: ink})
	}
}
