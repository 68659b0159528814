package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// lettersAt draws texts with package font alone, to compare with.
type lettersAt struct {
	face                  font.Face
	ascent, line, capital int
}

func goFace(t *testing.T, size float64) lettersAt {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	m := face.Metrics()
	return lettersAt{face, m.Ascent.Ceil(), m.Ascent.Ceil() + m.Descent.Ceil(), m.CapHeight.Round()}
}

func (l lettersAt) draw(im draw.Image, x, baseline int, text string, c color.Color) {
	d := font.Drawer{Dst: im, Src: image.NewUniform(c), Face: l.face, Dot: fixed.P(x, baseline)}
	d.DrawString(text)
}

func (l lettersAt) width(text string) int { return font.MeasureString(l.face, text).Ceil() }

func fill(im draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(im, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// same compares figures byte by byte.
func same(t *testing.T, name string, got, want *image.RGBA) {
	t.Helper()
	if got.Rect != want.Rect {
		t.Errorf("%s: %v, want %v", name, got.Rect, want.Rect)
		return
	}
	if !bytes.Equal(got.Pix, want.Pix) {
		n, first := 0, image.Point{}
		for i := 0; i < len(got.Pix); i += 4 {
			if !bytes.Equal(got.Pix[i:i+4], want.Pix[i:i+4]) {
				if n++; n == 1 {
					first = image.Pt(i%got.Stride/4, i/got.Stride)
				}
			}
		}
		t.Errorf("%s: %d pixels differ, the first at %v: %v, want %v", name, n, first, got.RGBAAt(first.X, first.Y), want.RGBAAt(first.X, first.Y))
	}
}

// The whole of a figure, drawn anew from its design: a margin of 14 pixels, cells with
// gaps of 6, a heading in letters of 20 pixels with 4 below, a caption 10 below the
// pictures in letters of 16, and right of or below it the scale of colours, 140 wide or
// as wide as there is room for, as high as a capital, between its words with 8 of space.
func TestGridGeometry(t *testing.T) {
	type design struct {
		scale              float64
		n, cols, side      int
		originals          bool
		title, caption     string
		lines, titles      []string // as they must break
		bar                bool
		barLine, barLength int
	}
	short, long := "Maps", "Class activation maps of the class that the network predicts; red: predicted wrong"
	for _, d := range []design{
		{scale: 1, n: 5, cols: 3, side: 100},
		{scale: 1, n: 3, cols: 0, side: 180, title: short, titles: []string{short}, caption: short, lines: []string{short}, bar: true, barLength: 140},
		{scale: 2, n: 3, cols: 3, side: 180, title: short, titles: []string{short}, caption: short, lines: []string{short}, bar: true, barLength: 280},
		{scale: 0.5, n: 4, cols: 2, side: 180, originals: true, caption: short, lines: []string{short}, bar: true, barLength: 70},
		{scale: 1, n: 1, cols: 1, side: 150, caption: short, lines: []string{short}, bar: true, barLine: 1, barLength: -1},
		{scale: 1, n: 1, cols: 1, side: 60, caption: "a", lines: []string{"a"}},
		{scale: 1, n: 4, cols: 4, side: 180, caption: long, lines: []string{long}, bar: true, barLine: 1, barLength: 140},
		{scale: 1, n: 2, cols: 2, side: 180, caption: long, bar: true, barLength: 140, barLine: -1},
	} {
		name := fmt.Sprintf("%+v", d)
		px := func(v float64) int { return int(math.Round(v * d.scale)) }
		var cells []Cell
		for i := range d.n {
			cells = append(cells, picture(10, 10, uint8(20*i+40), uint8(250-20*i), ""))
		}
		got := grid(t, cells, GridOptions{Cols: d.cols, CellSize: d.side, Scale: d.scale, Originals: d.originals, Title: d.title, Caption: d.caption})
		text, heading := goFace(t, 16*d.scale), goFace(t, 20*d.scale)
		cols := d.cols
		if cols == 0 {
			cols = d.n
		}
		side, gap, margin := px(float64(d.side)), px(6), px(14)
		pitch := side
		if d.originals {
			pitch = 2*side + 1
		}
		rows := (d.n + cols - 1) / cols
		inner := cols*pitch + (cols-1)*gap
		if d.barLength < 0 { // what the words and 8 pixels beside each leave
			d.barLength = inner - text.width("low") - text.width("high") - 2*px(8)
		}
		if d.barLine < 0 { // broken where the words no longer fit, the scale beside the last line or below
			d.lines = wrapped(text, long, inner)
			beside := inner - d.barLength - text.width("low") - text.width("high") - 2*px(8) - 3*px(8)
			d.barLine = len(d.lines) - 1
			if text.width(d.lines[d.barLine]) > beside {
				d.barLine++
			}
		}
		top := margin
		if len(d.titles) > 0 {
			top += len(d.titles)*heading.line + px(4)
		}
		bottom := top + rows*side + (rows-1)*gap
		height := bottom + margin
		if d.caption != "" {
			height += px(10) + max(len(d.lines), boolInt(d.bar)*(d.barLine+1))*text.line
		}
		want := image.NewRGBA(image.Rect(0, 0, inner+2*margin, height))
		fill(want, want.Rect, color.White)
		for i := range d.n {
			at := image.Pt(margin+i%cols*(pitch+gap), top+i/cols*(side+gap))
			place := image.Rect(0, 0, side, side).Add(at)
			if d.originals {
				level := uint8(20*i + 40)
				fill(want, place, color.RGBA{level, level, level, 255})
				place = place.Add(image.Pt(side+1, 0))
			}
			fill(want, place, blended(t, uint8(20*i+40), uint8(250-20*i)))
		}
		for i, s := range d.titles {
			heading.draw(want, margin, margin+i*heading.line+heading.ascent, s, ink)
		}
		for i, s := range d.lines {
			text.draw(want, margin, bottom+px(10)+i*text.line+text.ascent, s, ink)
		}
		if d.bar {
			base := bottom + px(10) + d.barLine*text.line + text.ascent
			right := margin + inner - text.width("high") - px(8)
			if d.barLength > 0 {
				for x := range d.barLength {
					c := Jet[x*255/(d.barLength-1)]
					fill(want, image.Rect(right-d.barLength+x, base-text.capital, right-d.barLength+x+1, base), color.RGBA{c[0], c[1], c[2], 255})
				}
			}
			text.draw(want, right+px(8), base, "high", ink)
			text.draw(want, right-d.barLength-px(8)-text.width("low"), base, "low", ink)
		}
		same(t, name, got, want)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wrapped breaks a text between words, as many on a line as fit.
func wrapped(l lettersAt, text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && l.width(line+" "+word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// A title's box stands 4 pixels inside the picture's corner, its text 4 in, its edge one
// pixel wide; at the lower left where it would hide the mark.
func TestTitleGeometry(t *testing.T) {
	for _, c := range []struct {
		scale float64
		title string
		font  float64
		mark  *Point
		below bool
		wrong bool
	}{
		{1, "cat", 16, nil, false, false},
		{2, "cat", 16, nil, false, true},
		{1, "a longer title, small", 13.5, nil, false, true},
		{1, "cat", 16, &Point{15, 5}, true, false},
		{1, "cat", 16, &Point{60, 60}, false, false},
	} {
		px := func(v float64) int { return int(math.Round(v * c.scale)) }
		cell := picture(100, 100, 60, 0, c.title)
		cell.Mark, cell.Wrong = c.mark, c.wrong
		got := grid(t, []Cell{cell}, GridOptions{CellSize: 150, Scale: c.scale})
		plain := cell
		plain.Title = ""
		want := grid(t, []Cell{plain}, GridOptions{CellSize: 150, Scale: c.scale})
		text := goFace(t, c.font*c.scale)
		pad := px(4)
		box := image.Rect(0, 0, text.width(c.title)+2*pad, text.line+pad).Add(image.Pt(px(14)+pad, px(14)+pad))
		if c.below {
			box = box.Add(image.Pt(0, px(14)+px(150)-pad-box.Max.Y))
		}
		fill(want, box, boxEdge)
		fill(want, box.Inset(px(1)), color.White)
		inked := titleInk
		if c.wrong {
			inked = wrongInk
		}
		text.draw(want, box.Min.X+pad, box.Min.Y+pad/2+text.ascent, c.title, inked)
		same(t, fmt.Sprintf("%+v", c), got, want)
	}
}

// placed keeps where texts and markers of a figure are.
type placed struct {
	recorder
	at     map[string]pt
	styles map[string]textStyle
	keys   []pt // of the legend: markers drawn one at a time
	looks  []marker
}

func (p *placed) text(at pt, s string, style textStyle) { p.at[s], p.styles[s] = at, style }
func (p *placed) markers(m marker, at []pt) {
	if len(at) == 1 && m.alpha == 1 {
		p.keys, p.looks = append(p.keys, at[0]), append(p.looks, m)
	}
}

func placedOf(f *Figure) *placed {
	p := &placed{at: map[string]pt{}, styles: map[string]textStyle{}}
	p.recorder.points = map[color.RGBA][]pt{}
	f.paint(p)
	return p
}

// The legend stands 18 pixels right of the axes, its names 20 right of the middle of its
// keys' column, rows 23 pixels apart, or 17 in small letters where there are more than
// fit; columns are evenly filled, and their widths those of their longest name and a
// sixth, and 28.
func TestLegendGeometry(t *testing.T) {
	for _, c := range []struct {
		classes, height        int
		pitch                  int
		size                   float64
		rows, columns, entries int
	}{
		{3, 1000, 23, 15, 3, 1, 3},
		{38, 1000, 23, 15, 38, 1, 38}, // 890 pixels have room for 38
		{39, 1000, 17, 13, 39, 1, 39},
		{52, 1000, 17, 13, 52, 1, 52},
		{53, 1000, 17, 13, 27, 2, 53},
		{208, 1000, 17, 13, 52, 4, 208},
		{209, 1000, 17, 13, 52, 4, 207},
		{1000, 1000, 17, 13, 52, 4, 207},
		{12, 400, 23, 15, 12, 1, 12},
		{13, 400, 17, 13, 13, 1, 13},
	} {
		series := clusters(max(200, 2*c.classes), c.classes)
		f := mustScatter(t, series, ScatterOptions{Height: c.height, Title: "T"})
		p := placedOf(f)
		text := goFace(t, c.size)
		widest := 0
		for i := range c.entries {
			widest = max(widest, text.width(series[i].Name))
		}
		more := fmt.Sprintf("+ %d more", c.classes-c.entries)
		if c.entries < c.classes {
			widest = max(widest, text.width(more))
		}
		column := 20 + widest + widest/6 + 8
		if want := c.height + 18 + c.columns*column; f.Width != want {
			t.Errorf("%d classes: a figure %d wide, want %d", c.classes, f.Width, want)
		}
		title := goFace(t, 18)
		left, top := c.height-16, 16+title.line+10 // the right end of the axes, and their top
		where := func(i int) (x, y float64) {
			return float64(left + 18 + i/c.rows*column), float64(top + i%c.rows*c.pitch + c.pitch/2)
		}
		if len(p.keys) != c.entries || len(f.Legend()) != c.entries {
			t.Errorf("%d classes: %d keys and %d names, want %d", c.classes, len(p.keys), len(f.Legend()), c.entries)
			continue
		}
		for i := range c.entries {
			x, y := where(i)
			if got := p.keys[i]; got != (pt{x + 6, y}) {
				t.Errorf("%d classes: key %d at %v, want (%v, %v)", c.classes, i, got, x+6, y)
			}
			name := series[i].Name
			if got := p.at[name]; math.Hypot(got.x-x-20, got.y-y-0.36*c.size) > 1e-9 {
				t.Errorf("%d classes: %s at %v, want (%v, %v)", c.classes, name, got, x+20, y+0.36*c.size)
			}
			if got := p.styles[name]; got.size.pixels() != c.size || got.anchor != start || got.color != ink || got.upwards {
				t.Errorf("%s in %+v", name, got)
			}
			if r := p.looks[i].radius; r < 5 || r > 8 {
				t.Errorf("key %d of radius %v, want 5 to 8", i, r)
			}
		}
		x, y := where(c.entries)
		if got, ok := p.at[more]; c.entries < c.classes && (!ok || math.Hypot(got.x-x-20, got.y-y-0.36*c.size) > 1e-9) {
			t.Errorf("%d classes: %q at %v, want (%v, %v)", c.classes, more, got, x+20, y+0.36*c.size)
		}
		if notes := f.Notes(); (len(notes) > 0) != (c.entries < c.classes) || len(notes) > 0 && notes[0] != fmt.Sprintf("the legend has room for %d of the %d classes", c.entries, c.classes) {
			t.Errorf("%d classes: notes %q", c.classes, notes)
		}
	}
	// A name that is too long ends in an ellipsis within 230 pixels.
	f := mustScatter(t, []Series{{Name: strings.Repeat("W", 100), X: []float64{1, 2}, Y: []float64{1, 2}}}, ScatterOptions{})
	if most := 1000 + 18 + 20 + 230 + 230/6 + 8; f.Width > most || f.Width < most-20 {
		t.Errorf("a figure %d wide, want at most %d", f.Width, most)
	}
}

// The axes: an edge of 16 pixels, ticks of 5 with 4 to their numbers, the names of the
// axes along the edges, the title above the middle of the data.
func TestAxesGeometry(t *testing.T) {
	series := []Series{{X: []float64{0, 10}, Y: []float64{0, 10}}}
	tick, label, title := goFace(t, 13), goFace(t, 15), goFace(t, 18)
	for _, named := range []bool{false, true} {
		opt := ScatterOptions{}
		if named {
			opt = ScatterOptions{Title: "Title", XLabel: "along", YLabel: "up"}
		}
		p := placedOf(mustScatter(t, series, opt))
		left := 16 + tick.width("10") + 5 + 4
		top, bottom := 16+tick.ascent/2, 1000-16-5-4-tick.line
		if named {
			left += label.line + 6
			top = 16 + title.line + 10
			bottom -= 4 + label.line
		}
		right := 1000 - 16
		box := image.Rect(left, top, right, bottom)
		frames := []image.Rectangle{
			image.Rect(left, top, right+1, top+1), image.Rect(left, bottom, right+1, bottom+1),
			image.Rect(left, top, left+1, bottom+1), image.Rect(right, top, right+1, bottom+1),
		}
		if len(p.rects) < 4 || fmt.Sprint(p.rects[:4]) != fmt.Sprint(frames) {
			t.Errorf("frame %v, want %v", p.rects[:4], frames)
		}
		// 0 to 10 with a twentieth at each end.
		x := func(v float64) int { return int(math.Round(float64(left) + float64(box.Dx())*(v+0.5)/11)) }
		y := func(v float64) int { return int(math.Round(float64(bottom) - float64(box.Dy())*(v+0.5)/11)) }
		var ticks []image.Rectangle
		for _, v := range []float64{0, 2, 4, 6, 8, 10} {
			ticks = append(ticks, image.Rect(x(v), bottom+1, x(v)+1, bottom+6))
		}
		for _, v := range []float64{0, 2, 4, 6, 8, 10} {
			ticks = append(ticks, image.Rect(left-5, y(v), left, y(v)+1))
		}
		if fmt.Sprint(p.rects[4:]) != fmt.Sprint(ticks) {
			t.Errorf("ticks %v, want %v", p.rects[4:], ticks)
		}
		// The last text of a number is that along y.
		if got, want := p.at["10"], (pt{float64(left - 9), float64(y(10)) + 0.5 + 0.36*13}); got != want || p.styles["10"].anchor != end || p.styles["10"].size != tickText {
			t.Errorf("10 at %v, want %v, %+v", got, want, p.styles["10"])
		}
		if !named {
			continue
		}
		midX, midY := float64(left+right)/2, float64(top+bottom)/2
		for text, want := range map[string]struct {
			at    pt
			style textStyle
		}{
			"Title": {pt{midX, float64(16 + title.ascent)}, textStyle{size: titleText, anchor: middle, color: ink}},
			"along": {pt{midX, float64(bottom + 9 + tick.line + 4 + label.ascent)}, textStyle{size: labelText, anchor: middle, color: ink}},
			"up":    {pt{float64(16 + label.ascent), midY}, textStyle{size: labelText, anchor: middle, upwards: true, color: ink}},
		} {
			if p.at[text] != want.at || p.styles[text] != want.style {
				t.Errorf("%s at %v %+v, want %v %+v", text, p.at[text], p.styles[text], want.at, want.style)
			}
		}
	}
	// Numbers along x stand below their ticks, in the middle; y = 1 at all points.
	p := placedOf(mustScatter(t, []Series{{X: []float64{-100, 200}, Y: []float64{1, 1}}}, ScatterOptions{}))
	if at, style := p.at["−100"], p.styles["−100"]; style.anchor != middle || at.y != float64(1000-16-tick.line+tick.ascent) {
		t.Errorf("−100 at %v %+v", at, style)
	}
}

// Powers of ten stand at the ends of the axes.
func TestPowersGeometry(t *testing.T) {
	tick, label := goFace(t, 13), goFace(t, 15)
	p := placedOf(mustScatter(t, []Series{{X: []float64{0, 3e7}, Y: []float64{0, 2e-7}}}, ScatterOptions{}))
	left := 16 + 9 + tick.width("0.0")
	top := 16 + tick.ascent/2 + tick.line
	bottom := 1000 - 16 - 9 - tick.line - 4 - label.line
	if got, want := p.at["1e7"], (pt{984, float64(bottom + 9 + tick.line + 4 + label.ascent)}); got != want || p.styles["1e7"].anchor != end {
		t.Errorf("1e7 at %v, want %v", got, want)
	}
	got := p.at["1e−7"]
	if want := (pt{float64(left), float64(top - tick.line + tick.ascent - 2)}); math.Abs(got.x-want.x) > 12 || got.y != want.y || p.styles["1e−7"].anchor != start {
		t.Errorf("1e−7 at %v, want %v", got, want)
	}
}

// A table: 10 pixels around, a line as high as a text and 10, columns as wide as their
// widest cell and 20 or their name and 10, texts in the middle of theirs.
func TestTableGeometry(t *testing.T) {
	for _, scale := range []float64{1, 2} {
		px := func(v float64) int { return int(math.Round(v * scale)) }
		rows := []TableRow{{"first", []TableCell{{"0.1", 0}, {"0.900", 1}}}, {"the second", []TableCell{{"n", math.NaN()}, {"0.5", 0.5}}}}
		columns := []string{"a", "wide name"}
		got, err := Table(t.Context(), columns, rows, TableOptions{Title: "Title", Caption: "Caption", Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		text, heading := goFace(t, 15*scale), goFace(t, 19*scale)
		pad := px(10)
		line := text.line + pad
		first := text.width("the second") + 2*pad
		other := max(text.width("0.900")+2*pad, text.width("wide name")+pad)
		top := pad + heading.line
		want := image.NewRGBA(image.Rect(0, 0, first+2*other+2*pad, top+3*line+pad+text.line+pad))
		fill(want, want.Rect, color.White)
		heading.draw(want, pad, pad+heading.ascent, "Title", titleInk)
		base := func(row int) int { return top + row*line + pad/2 + text.ascent }
		for j, c := range columns {
			text.draw(want, pad+first+j*other+(other-text.width(c))/2, base(0), c, titleInk)
		}
		for i, r := range rows {
			text.draw(want, pad, base(i+1), r.Name, titleInk)
			for j, c := range r.Cells {
				x, y := pad+first+j*other, top+(i+1)*line
				ink := color.Color(titleInk)
				if c.Shade == c.Shade {
					shade := Viridis[int(math.Round(255*c.Shade))]
					fill(want, image.Rect(x, y, x+other-1, y+line-1), color.RGBA{shade[0], shade[1], shade[2], 255})
					if c.Shade < 1 { // viridis is dark up to its middle
						ink = color.White
					}
				}
				text.draw(want, x+(other-text.width(c.Text))/2, base(i+1), c.Text, ink)
			}
		}
		text.draw(want, pad, want.Rect.Dy()-pad-text.line+text.ascent, "Caption", titleInk)
		same(t, fmt.Sprint("scale ", scale), got, want)
	}
}

// Bars of a scree plot stand over their numbers, 0.8 of the distance wide but at most
// 120 pixels, as high as their ratios on an axis from 0 to 1.04; their values 5 above,
// that of the first within it.
func TestScreeGeometry(t *testing.T) {
	tick, label := goFace(t, 13), goFace(t, 15)
	for _, ratios := range [][]float64{{0.5, 0.25, 0.125}, {0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05}} {
		f, err := Scree(ratios, ScreeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := placedOf(f)
		n := float64(len(ratios))
		left := 16 + 9 + tick.width("0.0") + label.line + 6
		legend := 20 + label.width("each component") + label.width("each component")/6 + 8 + 18
		right, top := 1000-16-legend, 16+tick.ascent/2
		bottom := 700 - 16 - 9 - tick.line - 4 - label.line
		pitch := float64(right-left) / (n + 0.2)
		width := min(0.8*pitch, 120)
		var bars []image.Rectangle
		for i, r := range ratios {
			mid := float64(left) + pitch*(float64(i)+0.6)
			y := float64(bottom) - r/1.04*float64(bottom-top)
			bars = append(bars, image.Rect(int(math.Round(mid-width/2)), int(math.Round(y)), int(math.Round(mid+width/2)), bottom))
			value := fmt.Sprintf("%.3f", r)
			base := math.Round(y) - 5
			if i == 0 {
				base = math.Round(y) + 8 + float64(tick.ascent)
			}
			if i > 0 && r == ratios[i-1] || i+1 < len(ratios) && r == ratios[i+1] {
				continue // several texts of one value
			}
			if got := p.at[value]; math.Abs(got.x-mid) > 1e-9 || got.y != base || p.styles[value].anchor != middle {
				t.Errorf("%s at %v, want (%v, %v)", value, got, mid, base)
			}
		}
		lines := 6 // of the grid, at 0, 0.2 ... 1
		if got := p.rects[lines : lines+len(bars)]; fmt.Sprint(got) != fmt.Sprint(bars) {
			t.Errorf("bars %v, want %v", got, bars)
		}
		for i, v := range []float64{0, 0.2, 0.4, 0.6, 0.8, 1} {
			y := int(math.Round(float64(bottom) - v/1.04*float64(bottom-top)))
			if want := image.Rect(left, y, right, y+1); p.rects[i] != want {
				t.Errorf("line %d of the grid is %v, want %v", i, p.rects[i], want)
			}
		}
		if p.at["principal component"].x != float64(left+right)/2 {
			t.Errorf("the name of x at %v", p.at["principal component"])
		}
	}
}
