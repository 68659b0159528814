package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// ConfusionOptions says how a confusion matrix looks.
type ConfusionOptions struct {
	Title string
	// Size is the side of the figure in pixels. Default: 900.
	Size int
	// Fonts set what the Go font lacks in Figure.Image, the first that has a character.
	Fonts []*Font
}

// mostConfused bounds the classes: with more, a class has less than some pixels.
const mostConfused = 200

// Confusion draws a confusion matrix: a row for each true class, a column for each
// prediction, counts[i][j] images of class i that were taken for j. A cell is as blue as the
// square root of its share of its row, so that what is rare is seen, and says the count and
// below it the share in percent, where there is room. Of names without room every second
// is shown, or fewer. Below the title stands the accuracy: the share of the images on the
// diagonal.
//
// It returns an error where there are no classes or more than 200, the matrix is not square
// or has not as many rows as there are classes, a count is negative, or all are 0.
func Confusion(counts [][]int, classes []string, opt ConfusionOptions) (*Figure, error) {
	n := len(counts)
	if n == 0 || n > mostConfused || len(classes) != n {
		return nil, fmt.Errorf("render: a confusion matrix of %d rows and %d classes, want 1 to %d of both", n, len(classes), mostConfused)
	}
	total, right := 0, 0
	for i, row := range counts {
		if len(row) != n {
			return nil, fmt.Errorf("render: row %d of a confusion matrix has %d counts, want %d", i, len(row), n)
		}
		for j, v := range row {
			if v < 0 || total > math.MaxInt-v {
				return nil, fmt.Errorf("render: a count of %d in row %d of a confusion matrix", v, i)
			}
			total += v
			if i == j {
				right += v
			}
		}
	}
	if total == 0 {
		return nil, errors.New("render: a confusion matrix without images")
	}
	if opt.Size == 0 {
		opt.Size = 900
	}
	if err := checkSize(opt.Size, opt.Size); err != nil {
		return nil, err
	}
	names := make([]string, n)
	for i, name := range classes {
		names[i] = visible.Text(name)
	}
	title := oneLine(opt.Title)
	fonts, err := typefaceFor(opt.Fonts, append([]string{title}, names...)...)
	if err != nil {
		return nil, err
	}
	m := &matrix{counts: counts, title: title, names: names, fonts: fonts}
	m.accuracy = fmt.Sprintf("accuracy %.2f %%: %d of %d images", 100*float64(right)/float64(total), right, total)
	if err := m.layout(opt.Size); err != nil {
		return nil, err
	}
	return &Figure{Width: opt.Size, Height: opt.Size, fonts: fonts, paint: m.draw}, nil
}

// matrix is a confusion matrix as it is drawn.
type matrix struct {
	counts          [][]int
	title, accuracy string
	names           []string
	fonts           *typeface
	box             image.Rectangle // of the cells
	across          bool            // the names of the columns are written across, and not upwards
	every           int             // so manyth name is shown
}

const namesRoom = 150 // pixels at most for the names beside the cells

// layout gives the cells the largest square that titles and names leave.
func (m *matrix) layout(size int) error {
	tick, label, title := m.fonts[tickText], m.fonts[labelText], m.fonts[titleText]
	top := edge + label.ascent + label.descent + 8
	if m.title != "" {
		top += title.ascent + title.descent + 6
	}
	widest := 0
	for i, name := range m.names {
		m.names[i] = tick.fit(name, namesRoom)
		widest = max(widest, tick.width(m.names[i]))
	}
	left := edge + label.ascent + label.descent + 6 + widest + tickGap
	below := tickGap + widest + 6 + label.ascent + label.descent + edge
	n := len(m.names)
	side := min(size-edge-left, size-below-top)
	flat := tickGap + tick.ascent + tick.descent + 6 + label.ascent + label.descent + edge
	if wider := min(size-edge-left, size-flat-top); (widest+8)*n <= wider {
		m.across, side = true, wider
	}
	if side < 2*n || side < 80 {
		return fmt.Errorf("render: a figure of %d pixels leaves %d to %d classes; make it larger", size, max(side, 0), n)
	}
	m.every = ((tick.ascent+tick.descent)*n + side - 1) / side
	m.box = image.Rect(0, 0, side, side).Add(image.Pt(left+(size-edge-left-side)/2, top))
	m.title = title.fit(m.title, size-2*edge)
	m.accuracy = label.fit(m.accuracy, size-2*edge)
	return nil
}

func (m *matrix) draw(c canvas) {
	tick, label := m.fonts[tickText], m.fonts[labelText]
	mid := float64(m.box.Min.X+m.box.Max.X) / 2
	y := edge
	if m.title != "" {
		c.text(pt{mid, float64(y + m.fonts[titleText].ascent)}, m.title, textStyle{size: titleText, anchor: middle, color: ink})
		y += m.fonts[titleText].ascent + m.fonts[titleText].descent + 6
	}
	c.text(pt{mid, float64(y + label.ascent)}, m.accuracy, textStyle{size: labelText, anchor: middle, color: ink})
	c.rect(m.box, faint)
	for i, row := range m.counts {
		sum := 0
		for _, v := range row {
			sum += v
		}
		for j, v := range row {
			share := 0.0
			if sum > 0 {
				share = float64(v) / float64(sum)
			}
			m.cell(c, m.at(i, j), v, share)
		}
	}
	m.frame(c)
	drop := 0.36 * tickText.pixels()
	for i, name := range m.names {
		if i%m.every != 0 {
			continue
		}
		centre := (float64(i) + 0.5) * float64(m.box.Dx()) / float64(len(m.names))
		c.text(pt{float64(m.box.Min.X - tickGap), float64(m.box.Min.Y) + centre + drop}, name, textStyle{size: tickText, anchor: end, color: ink})
		if m.across {
			c.text(pt{float64(m.box.Min.X) + centre, float64(m.box.Max.Y + tickGap + tick.ascent)}, name, textStyle{size: tickText, anchor: middle, color: ink})
		} else {
			c.text(pt{float64(m.box.Min.X) + centre + drop, float64(m.box.Max.Y + tickGap)}, name, textStyle{size: tickText, anchor: end, upwards: true, color: ink})
		}
	}
}

// at is the place of a cell, with a line's room between it and the next where cells are not
// tiny.
func (m *matrix) at(i, j int) image.Rectangle {
	n, side := len(m.names), m.box.Dx()
	r := image.Rect(j*side/n, i*side/n, (j+1)*side/n, (i+1)*side/n).Add(m.box.Min)
	if side >= 12*n {
		if j < n-1 {
			r.Max.X--
		}
		if i < n-1 {
			r.Max.Y--
		}
	}
	return r
}

// cell fills a cell and writes what there is room for.
func (m *matrix) cell(c canvas, at image.Rectangle, count int, share float64) {
	fill := blue(math.Sqrt(share))
	c.rect(at, fill)
	tick := m.fonts[tickText]
	number := strconv.Itoa(count)
	if at.Dx() < tick.width(number)+4 || at.Dy() < tick.ascent+tick.descent || count == 0 {
		return
	}
	style := textStyle{size: tickText, anchor: middle, color: ink}
	if luma(fill.R, fill.G, fill.B) < 128 {
		style.color = color.RGBA{255, 255, 255, 255}
	}
	mid := pt{float64(at.Min.X+at.Max.X) / 2, float64(at.Min.Y+at.Max.Y)/2 + 0.36*tickText.pixels()}
	percent := strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
	if at.Dx() < tick.width(percent)+4 || at.Dy() < 2*(tick.ascent+tick.descent)+4 {
		c.text(mid, number, style)
		return
	}
	half := float64(tick.ascent+tick.descent) / 2
	c.text(pt{mid.x, mid.y - half}, number, style)
	c.text(pt{mid.x, mid.y + half}, percent, style)
}

// blue goes from white to a dark blue, evenly.
func blue(share float64) color.RGBA {
	mix := func(to float64) uint8 { return uint8(math.Round(255 + float64(share*(to-255)))) }
	return color.RGBA{mix(8), mix(64), mix(129), 255}
}

// frame draws the edge of the matrix and names its sides.
func (m *matrix) frame(c canvas) {
	b, label := m.box, m.fonts[labelText]
	c.rect(image.Rect(b.Min.X-1, b.Min.Y-1, b.Max.X+1, b.Min.Y), frame)
	c.rect(image.Rect(b.Min.X-1, b.Max.Y, b.Max.X+1, b.Max.Y+1), frame)
	c.rect(image.Rect(b.Min.X-1, b.Min.Y-1, b.Min.X, b.Max.Y+1), frame)
	c.rect(image.Rect(b.Max.X, b.Min.Y-1, b.Max.X+1, b.Max.Y+1), frame)
	widest := 0
	for _, name := range m.names {
		widest = max(widest, m.fonts[tickText].width(name))
	}
	under := widest
	if m.across {
		under = m.fonts[tickText].ascent + m.fonts[tickText].descent
	}
	style := textStyle{size: labelText, anchor: middle, color: ink}
	c.text(pt{float64(b.Min.X+b.Max.X) / 2, float64(b.Max.Y + tickGap + under + 6 + label.ascent)}, "predicted class", style)
	style.upwards = true
	c.text(pt{float64(b.Min.X - tickGap - widest - 6 - label.descent), float64(b.Min.Y+b.Max.Y) / 2}, "true class", style)
}
