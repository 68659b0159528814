package render

import (
	"image"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/font"
)

// What GridOptions allows, to the last pixel.
func TestGridLimits(t *testing.T) {
	cell := picture(4, 4, 0, 0, "")
	many := func(n int) []Cell {
		cells := make([]Cell, n)
		for i := range cells {
			cells[i] = cell
		}
		return cells
	}
	for _, c := range []struct {
		n    int
		opt  GridOptions
		ok   bool
		w, h int // where it is allowed; 0: whatever comes
	}{
		{1, GridOptions{CellSize: 31}, false, 0, 0},
		{1, GridOptions{CellSize: 32}, true, 60, 60},
		{1, GridOptions{CellSize: 4096}, true, 4124, 4124},
		{1, GridOptions{CellSize: 4097}, false, 0, 0},
		{1, GridOptions{CellSize: 32, Scale: 0.5}, true, 30, 30},
		{1, GridOptions{CellSize: 32, Scale: 0.49}, false, 0, 0},
		{1, GridOptions{CellSize: 32, Scale: 8}, true, 480, 480},
		{1, GridOptions{CellSize: 32, Scale: 8.01}, false, 0, 0},
		{1, GridOptions{Cols: 1}, true, 208, 208},
		{1, GridOptions{Cols: -1}, false, 0, 0},
		// 14 pictures of 1421 pixels with gaps of 6 and margins of 14 take 20,000.
		{14, GridOptions{Cols: 14, CellSize: 1421}, true, 20000, 1449},
		{14, GridOptions{Cols: 14, CellSize: 1422}, false, 0, 0},
		{14, GridOptions{Cols: 1, CellSize: 1421}, true, 1449, 20000},
		{14, GridOptions{Cols: 1, CellSize: 1422}, false, 0, 0},
		// 6 of 1657 take 10,000, and so many squared are the most pixels.
		{36, GridOptions{Cols: 6, CellSize: 1657}, true, 10000, 10000},
		{36, GridOptions{Cols: 6, CellSize: 1658}, false, 0, 0},
	} {
		l, err := newLayout(many(c.n), c.opt)
		if (err == nil) != c.ok {
			t.Errorf("%d cells, %+v: %v", c.n, c.opt, err)
		} else if c.ok && l.figure != image.Rect(0, 0, c.w, c.h) {
			t.Errorf("%d cells, %+v: %v, want %d x %d", c.n, c.opt, l.figure, c.w, c.h)
		}
	}
}

// The scale of colours is left out where fewer than 20 pixels are left to it.
func TestScaleNeedsRoom(t *testing.T) {
	text := goFace(t, 16)
	words := text.width("low") + text.width("high") + 2*8
	for _, c := range []struct {
		room int
		bar  bool
	}{{19, false}, {20, true}, {21, true}} {
		l, err := newLayout([]Cell{picture(4, 4, 0, 0, "")}, GridOptions{Cols: 1, CellSize: words + c.room, Caption: "a"})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.footer.bar; got.Empty() == c.bar || c.bar && got.Dx() != c.room {
			t.Errorf("room for %d: a scale at %v", c.room, got)
		}
	}
	// It stands beside a caption that leaves it 24 pixels more than its own, else below.
	caption := "Maps of maps"
	for short := range 2 {
		l, err := newLayout([]Cell{picture(4, 4, 0, 0, "")}, GridOptions{Cols: 1, CellSize: 140 + words + 24 + text.width(caption) - short, Caption: caption})
		if err != nil {
			t.Fatal(err)
		}
		baseline := l.footer.top + short*text.line + text.ascent
		if got := l.footer; got.bar.Max.Y != baseline || len(got.lines) != 1 || got.bar.Dx() != 140 {
			t.Errorf("%d pixels too few: lines %q, a scale at %v, want it at %d", short, got.lines, got.bar, baseline)
		}
	}
	// Without heat maps there is none.
	l, err := newLayout([]Cell{{Base: image.NewGray(image.Rect(0, 0, 9, 9))}}, GridOptions{Caption: "a"})
	if err != nil || !l.footer.bar.Empty() {
		t.Errorf("a scale without maps at %v, %v", l.footer.bar, err)
	}
}

// Pictures of several shapes stand in the middle of square rooms; titles make narrow
// rooms wider and flat ones higher.
func TestRooms(t *testing.T) {
	l, err := newLayout([]Cell{picture(40, 10, 0, 0, ""), picture(10, 40, 0, 0, "")}, GridOptions{Cols: 2, CellSize: 120})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []image.Rectangle{image.Rect(14, 14+45, 134, 14+75), image.Rect(140+45, 14, 140+75, 134)} {
		c := picture([]int{40, 10}[i], []int{10, 40}[i], 0, 0, "")
		if got := l.places(l.cell(i), &c); len(got) != 1 || got[0] != want {
			t.Errorf("picture %d at %v, want %v", i, got, want)
		}
	}
	for _, other := range []Cell{picture(40, 20, 0, 0, ""), picture(10, 40, 0, 0, "")} {
		l, err := newLayout([]Cell{picture(40, 10, 0, 0, ""), other}, GridOptions{CellSize: 120})
		if err != nil || l.side != image.Pt(120, 120) {
			t.Errorf("a room of %v, want a square, %v", l.side, err)
		}
	}
	line := goFace(t, 16).line
	for _, c := range []struct {
		w, h int
		want image.Point
	}{{100, 100, image.Pt(120, 120)}, {100, 1, image.Pt(120, line+12)}, {1, 100, image.Pt(60, 120)}} {
		l, err := newLayout([]Cell{picture(c.w, c.h, 0, 0, "x")}, GridOptions{CellSize: 120})
		if err != nil || l.side != c.want {
			t.Errorf("%d x %d: a room of %v, want %v, %v", c.w, c.h, l.side, c.want, err)
		}
	}
}

// Widths are those that package font measures.
func TestWidths(t *testing.T) {
	for _, size := range []float64{13, 16, 20} {
		w, err := newWriter(size)
		if err != nil {
			t.Fatal(err)
		}
		face := goFace(t, size).face
		for _, s := range []string{"", "i", "AVATAR", "To. We. Ly", "fluffy", "Größe Ёжик"} {
			if got, want := w.width(s), font.MeasureString(face, s).Ceil(); got != want {
				t.Errorf("%q is %d wide, want %d", s, got, want)
			}
		}
	}
}

// About every 70 pixels across and 50 up there is a number, between 2 and 9 intervals.
func TestNumbersHaveRoom(t *testing.T) {
	series := []Series{{X: []float64{0, 10}, Y: []float64{0, 10}}}
	for _, c := range []struct {
		side      int
		has, lack string
	}{
		{350, "0 5 10 0.0 2.5 7.5", "2 4"},
		{200, "0 10", "5 2 2.5"},
		{3000, "0 2 4 6 8 10", "1 3"},
	} {
		p := placedOf(mustScatter(t, series, ScatterOptions{Width: c.side, Height: c.side}))
		for _, s := range strings.Fields(c.has) {
			if _, ok := p.at[s]; !ok {
				t.Errorf("%d pixels: no number %s", c.side, s)
			}
		}
		for _, s := range strings.Fields(c.lack) {
			if _, ok := p.at[s]; ok {
				t.Errorf("%d pixels: the number %s", c.side, s)
			}
		}
	}
}

// A title is shortened where it would come nearer to an edge than 16 pixels.
func TestLongTitle(t *testing.T) {
	long := strings.Repeat("m", 300)
	f := mustScatter(t, []Series{{X: []float64{0, 10}, Y: []float64{0, 10}}}, ScatterOptions{Title: long, XLabel: long, YLabel: long})
	p := placedOf(f)
	title, label := goFace(t, 18), goFace(t, 15)
	found := 0
	for s, style := range p.styles {
		at := p.at[s]
		half := float64(title.width(s)) / 2
		letter := float64(title.width("m"))
		switch {
		case style.size == titleText:
			found++
			if room := math.Min(at.x, float64(f.Width)-at.x) - 16; half > room || half < room-letter {
				t.Errorf("half the title is %v wide in a room of %v", half, room)
			}
		case style.size == labelText:
			found++
			half, letter = float64(label.width(s))/2, float64(label.width("m"))
			axis := float64(p.rects[0].Dx()-1) / 2
			if style.upwards {
				axis = float64(p.rects[2].Dy()-1) / 2
			}
			if half > axis || half < axis-letter {
				t.Errorf("half a name is %v long at an axis of %v", half, axis)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d long texts", found)
	}
}
