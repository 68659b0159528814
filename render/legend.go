package render

import (
	"fmt"
)

// legend is the list of the series at the right of the data.
type legend struct {
	entries []entry
	more    string // what stands for the series that have no room
	size    textHeight
	rows    int // in a column
	pitch   int // pixels from row to row
	column  int // width of a column
}

type entry struct {
	name string
	marker
}

const (
	legendGap     = 18  // pixels between the axes and the legend
	legendKey     = 20  // for the marker before a name
	legendColumn  = 230 // pixels at most for a name
	legendColumns = 4
)

// newLegend lays out the entries in columns that fit into a height. Names that
// are too long are shortened; beyond four columns the rest is counted.
func newLegend(entries []entry, fonts *typeface, height int) legend {
	l := legend{size: labelText, pitch: 23}
	if len(entries) == 0 {
		return l
	}
	if len(entries) > height/l.pitch {
		l.size, l.pitch = tickText, 17
	}
	l.rows = max(1, height/l.pitch)
	if most := l.rows * legendColumns; len(entries) > most {
		l.more = fmt.Sprintf("+ %d more", len(entries)-most+1)
		entries = entries[:most-1]
	}
	if n := len(entries); l.more == "" {
		columns := (n + l.rows - 1) / l.rows
		l.rows = (n + columns - 1) / columns
	}
	w := fonts[l.size]
	widest := w.width(l.more)
	for _, e := range entries {
		e.name = w.fit(e.name, legendColumn)
		widest = max(widest, w.width(e.name))
		l.entries = append(l.entries, e)
	}
	// More than the Go font needs: readers of an SVG may have a font that is wider,
	// DejaVu Sans by a seventh.
	l.column = legendKey + widest + widest/6 + 8
	return l
}

// width is how many pixels the legend takes beside the axes.
func (l legend) width() int {
	if len(l.entries) == 0 {
		return 0
	}
	n := len(l.entries)
	if l.more != "" {
		n++
	}
	return legendGap + (n+l.rows-1)/l.rows*l.column
}

// draw draws the legend with its upper left corner at (x, y).
func (l legend) draw(c canvas, x, y int) {
	at := func(i int) pt {
		return pt{float64(x + legendGap + i/l.rows*l.column), float64(y + i%l.rows*l.pitch + l.pitch/2)}
	}
	style := textStyle{size: l.size, color: ink}
	drop := 0.36 * l.size.pixels()
	for i, e := range l.entries {
		p := at(i)
		c.markers(e.marker, []pt{{p.x + 6, p.y}})
		c.text(pt{p.x + legendKey, p.y + drop}, e.name, style)
	}
	if l.more != "" {
		p := at(len(l.entries))
		c.text(pt{p.x + legendKey, p.y + drop}, l.more, style)
	}
}
