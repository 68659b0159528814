package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// Series is a set of points that share a colour and a name in the legend.
type Series struct {
	Name  string      // empty: not in the legend
	X, Y  []float64   // of equal length; may be empty
	Color color.Color // nil: the next of the palette
	Rows  []int       // the row that each point came from, for thumbnails; nil: 0, 1, ... on from the series before
}

// ScatterOptions says how a scatter plot looks. The zero value suits a t-SNE
// layout: 1000 x 1000 pixels and the legend beside them.
type ScatterOptions struct {
	Title, XLabel, YLabel string
	// Width and Height of the whole figure in pixels. Defaults: 1000 high; as
	// wide, and the legend.
	Width, Height int
	// Palette of the series without a colour of their own. Default: Tableau.
	Palette Palette
	// Radius of the markers in pixels. Default: by the number of points, from 5
	// for a few down to 1.2 for 50,000 and more; that at a height of 1000, and
	// in proportion at others.
	Radius float64
	// Alpha is the opacity of the markers, above 0 and up to 1. Default: by the
	// number of points, from 0.9 down to 0.5.
	Alpha float64
	// Equal draws a unit as long across as up.
	Equal bool
	// Fonts set what the Go font lacks in Figure.Image, the first that has a character.
	Fonts []*Font
	// NoLegend leaves the legend out, also where series have names.
	NoLegend bool
	// Thumbnail returns the image of a row. When set, images are drawn at
	// points that lie far enough apart, framed in the colour of their series.
	// Only the images that are drawn are asked for. An error ends Scatter.
	Thumbnail func(row int) (image.Image, error)
	// ThumbnailSize is the longer side of a thumbnail in pixels. Default: 36.
	ThumbnailSize int
}

// unlabelled is the gray of points without a class.
var unlabelled = color.RGBA{200, 200, 200, 255}

// ByClass splits points into one series a class, in the order of the classes.
// Points labelled -1 come first, as a gray series "unlabelled". With nil
// labels all points are one series without a name. It returns an error when
// the lengths differ or a label is no class.
func ByClass(x, y []float64, labels []int, classes []string) ([]Series, error) {
	if len(x) != len(y) || labels != nil && len(labels) != len(x) {
		return nil, fmt.Errorf("render: %d x, %d y and %d labels", len(x), len(y), len(labels))
	}
	if labels == nil {
		return []Series{{X: x, Y: y}}, nil
	}
	series := make([]Series, len(classes))
	for i, name := range classes {
		series[i].Name = name
	}
	none := Series{Name: "unlabelled", Color: unlabelled}
	for i, label := range labels {
		s := &none
		if label != -1 {
			if label < 0 || label >= len(classes) {
				return nil, fmt.Errorf("render: point %d has label %d; there are %d classes", i, label, len(classes))
			}
			s = &series[label]
		}
		s.X, s.Y, s.Rows = append(s.X, x[i]), append(s.Y, y[i]), append(s.Rows, i)
	}
	if len(none.X) > 0 {
		series = append([]Series{none}, series...)
	}
	return series, nil
}

// Scatter draws series of points, as matplotlib's scatter with a legend at the
// right does. Series take the colours of the palette in turn; when these are used up,
// again with another of ten shapes of marker; and when those are, after 200 series (80
// of ColourBlindSafe), again in darker and lighter shades: no two series look the same.
// So that no class hides the others, the series are drawn in turns, a share of each at
// a time. A legend that would take more than four columns ends in "+ 900 more", which
// Figure.Notes says too.
//
// It returns an error when there are no points, a point is NaN or infinite,
// lengths differ or an option is out of range. It does not change its input,
// which must not change while the figure is in use.
func Scatter(series []Series, opt ScatterOptions) (*Figure, error) {
	n, err := checkSeries(series)
	if err != nil {
		return nil, err
	}
	if err := opt.complete(n); err != nil {
		return nil, err
	}
	looks, err := markersOf(series, opt)
	if err != nil {
		return nil, err
	}
	title, xLabel, yLabel := oneLine(opt.Title), oneLine(opt.XLabel), oneLine(opt.YLabel)
	names := make([]string, len(series)) // in the legend
	for i, s := range series {
		if len(s.X) > 0 && !opt.NoLegend {
			names[i] = visible.Text(s.Name)
		}
	}
	fonts, err := typefaceFor(opt.Fonts, append(names, title, xLabel, yLabel)...)
	if err != nil {
		return nil, err
	}
	height := opt.Height
	var list []entry
	for i, name := range names {
		if name == "" {
			continue
		}
		m := looks[i]
		m.radius, m.alpha = max(5, min(m.radius, 8)), 1
		list = append(list, entry{name, m})
	}
	l := newLegend(list, fonts, height-110)
	width := opt.Width
	if width == 0 {
		width = height + l.width()
	}
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	a := &axes{title: title, xLabel: xLabel, yLabel: yLabel}
	if a.x, a.y, err = ranges(series, opt, width-l.width(), height); err != nil {
		return nil, err
	}
	if err := a.layout(fonts, width, height, l.width(), opt.Equal, false); err != nil {
		return nil, err
	}
	thumbs, err := thumbnails(series, looks, a, opt)
	if err != nil {
		return nil, err
	}
	named := make([]string, len(l.entries))
	for i := range named {
		named[i] = list[i].name
	}
	var notes []string
	if shown := len(l.entries); shown < len(list) {
		notes = append(notes, fmt.Sprintf("the legend has room for %d of the %d classes", shown, len(list)))
	}
	return &Figure{Width: width, Height: height, fonts: fonts, legend: named, notes: notes, paint: func(c canvas) {
		drawPoints(c, a, series, looks)
		for _, t := range thumbs {
			t.draw(c)
		}
		a.draw(c, fonts)
		l.draw(c, a.box.Max.X, a.box.Min.Y)
	}}, nil
}

// checkSeries returns the number of points.
func checkSeries(series []Series) (n int, err error) {
	for i, s := range series {
		if len(s.X) != len(s.Y) {
			return 0, fmt.Errorf("render: series %d %q has %d x and %d y", i, s.Name, len(s.X), len(s.Y))
		}
		if s.Rows != nil && len(s.Rows) != len(s.X) {
			return 0, fmt.Errorf("render: series %d %q has %d points and %d rows", i, s.Name, len(s.X), len(s.Rows))
		}
		for j := range s.X {
			if x, y := s.X[j], s.Y[j]; math.IsNaN(x-x) || math.IsNaN(y-y) { // also where infinite
				return 0, fmt.Errorf("render: point %d of series %d %q is (%v, %v)", j, i, s.Name, x, y)
			}
		}
		n += len(s.X)
	}
	if n == 0 {
		return 0, errors.New("render: no points to draw")
	}
	return n, nil
}

// complete puts the defaults for n points in place of zeros and checks the
// rest.
func (o *ScatterOptions) complete(n int) error {
	if o.Height == 0 {
		o.Height = 1000
	}
	// The ink that n points take grows as n times the area of one: with the
	// fourth root it grows as the square root of n.
	if o.Radius == 0 {
		o.Radius = min(max(4*math.Pow(500/float64(n), 0.25), 1.2), 5)
		o.Radius = min(max(o.Radius*float64(o.Height)/1000, 1), 100)
	}
	if o.Alpha == 0 {
		o.Alpha = min(max(0.85*math.Pow(500/float64(n), 0.1), 0.5), 0.9)
	}
	if o.ThumbnailSize == 0 {
		o.ThumbnailSize = 36
	}
	if !(o.Radius > 0 && o.Radius <= 100) {
		return fmt.Errorf("render: marker radius %v is not in (0, 100]", o.Radius)
	}
	if !(o.Alpha > 0 && o.Alpha <= 1) {
		return fmt.Errorf("render: alpha %v is not in (0, 1]", o.Alpha)
	}
	if o.ThumbnailSize < 8 || o.ThumbnailSize > 512 {
		return fmt.Errorf("render: thumbnails of %d pixels; 8 to 512 can be drawn", o.ThumbnailSize)
	}
	return nil
}

// markersOf returns the marker of each series.
func markersOf(series []Series, opt ScatterOptions) ([]marker, error) {
	own := 0
	for _, s := range series {
		if s.Color != nil {
			own++
		}
	}
	cycle, err := opt.Palette.colours(len(series) - own)
	if err != nil {
		return nil, err
	}
	looks := make([]marker, len(series))
	next := 0
	for i, s := range series {
		m := marker{radius: opt.Radius, alpha: opt.Alpha}
		if s.Color != nil {
			c := color.NRGBAModel.Convert(s.Color).(color.NRGBA)
			m.color = color.RGBA{c.R, c.G, c.B, 255}
			m.alpha *= float64(c.A) / 255
		} else {
			pairs := len(cycle) * int(shapes)
			m.color = shade(cycle[next%len(cycle)], next/pairs)
			m.shape = shape(next / len(cycle) % int(shapes))
			next++
		}
		looks[i] = m
	}
	return looks, nil
}

// ranges returns what the axes of a figure show: the points and, as with
// matplotlib, 5% around, or more where thumbnails would stick out.
func ranges(series []Series, opt ScatterOptions, width, height int) (x, y span, err error) {
	share := 0.05
	if opt.Thumbnail != nil {
		// Of a side, the share of the data at each end that takes half a
		// thumbnail; 140 pixels are more than the texts around take.
		half, side := opt.ThumbnailSize/2+thumbnailFrame+1, min(width, height)-140
		if side < 4*half {
			return x, y, fmt.Errorf("render: thumbnails of %d pixels are too large for a figure of %d x %d", opt.ThumbnailSize, width, height)
		}
		share = max(share, float64(half)/float64(side-2*half))
	}
	var xs, ys [][]float64
	for _, s := range series {
		xs, ys = append(xs, s.X), append(ys, s.Y)
	}
	if x, err = spanOf(xs...).padded(share); err != nil {
		return
	}
	y, err = spanOf(ys...).padded(share)
	return
}

// drawPoints draws the series in turns.
func drawPoints(c canvas, a *axes, series []Series, looks []marker) {
	turns := 24
	if len(series) == 1 {
		turns = 1
	}
	var at []pt
	for turn := range turns {
		for i, s := range series {
			n := len(s.X)
			at = at[:0]
			for j := turn * n / turns; j < (turn+1)*n/turns; j++ {
				at = append(at, a.place(s.X[j], s.Y[j]))
			}
			c.markers(looks[i], at)
		}
	}
}
