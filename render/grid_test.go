package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"runtime"
	"strings"
	"testing"
)

// picture is an image of one gray level with a heat map of one level.
func picture(w, h int, level, heat uint8, title string) Cell {
	im := image.NewGray(image.Rect(0, 0, w, h))
	for i := range im.Pix {
		im.Pix[i] = level
	}
	return Cell{Base: im, Heat: bytes.Repeat([]uint8{heat}, w*h), Title: title}
}

// blended is the colour of a picture's pixels in a figure.
func blended(t *testing.T, level, heat uint8) color.RGBA {
	t.Helper()
	im, err := Overlay(&image.Gray{Pix: []uint8{level}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)}, []uint8{heat}, nil, DefaultAlpha)
	if err != nil {
		t.Fatal(err)
	}
	return im.RGBAAt(0, 0)
}

func grid(t *testing.T, cells []Cell, opt GridOptions) *image.RGBA {
	t.Helper()
	im, err := Grid(t.Context(), cells, opt)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// extent returns the smallest rectangle around the pixels that pass, and their
// number.
func extent(im *image.RGBA, within image.Rectangle, pass func(color.RGBA) bool) (image.Rectangle, int) {
	var r image.Rectangle
	n := 0
	for y := within.Min.Y; y < within.Max.Y; y++ {
		for x := within.Min.X; x < within.Max.X; x++ {
			if pass(im.RGBAAt(x, y)) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
				n++
			}
		}
	}
	return r, n
}

func is(c color.RGBA) func(color.RGBA) bool { return func(d color.RGBA) bool { return c == d } }

func TestGridPlacesCells(t *testing.T) {
	for _, c := range []struct {
		n, cols, wantCols int
		size, wantSide    int
		scale             float64
	}{
		{20, 0, 10, 60, 60, 0}, {20, 5, 5, 100, 100, 0}, {2, 0, 2, 0, 180, 0},
		{7, 3, 3, 64, 64, 0}, {1, 1, 1, 32, 32, 0}, {4, 2, 2, 50, 100, 2}, {6, 4, 4, 100, 50, 0.5},
	} {
		var cells []Cell
		for i := range c.n {
			cells = append(cells, picture(12, 12, uint8(10*i), uint8(255-9*i), ""))
		}
		im := grid(t, cells, GridOptions{Cols: c.cols, CellSize: c.size, Scale: c.scale})
		var last image.Rectangle
		for i := range cells {
			// Searched below the row before, so that no pixel is seen too often.
			rest := im.Rect
			rest.Min.Y = last.Min.Y
			rest.Max.Y = min(rest.Max.Y, last.Max.Y+c.wantSide+50)
			place, n := extent(im, rest, is(blended(t, uint8(10*i), uint8(255-9*i))))
			if place.Dx() != c.wantSide || place.Dy() != c.wantSide || n != c.wantSide*c.wantSide {
				t.Errorf("%+v: picture %d takes %v, %d pixels", c, i, place, n)
			}
			if !place.In(im.Rect.Inset(1)) {
				t.Errorf("%+v: picture %d at %v is at the edge of %v", c, i, place, im.Rect)
			}
			switch {
			case i%c.wantCols > 0 && (place.Min.Y != last.Min.Y || place.Min.X <= last.Max.X):
				t.Errorf("%+v: picture %d at %v is not right of %v", c, i, place, last)
			case i > 0 && i%c.wantCols == 0 && place.Min.Y <= last.Max.Y:
				t.Errorf("%+v: picture %d at %v is not below %v", c, i, place, last)
			}
			last = place
		}
	}
}

// With no scaling, a cell shows what Overlay gives, to the byte.
func TestGridShowsTheOverlay(t *testing.T) {
	const side = 64
	im := &image.NRGBA{Pix: randomBytes("picture", side*side*4), Stride: 4 * side, Rect: image.Rect(0, 0, side, side)}
	heat := randomBytes("heat", side*side)
	gray, err := GrayOf(im)
	if err != nil {
		t.Fatal(err)
	}
	for _, alpha := range []float64{0, 0.4, 0.8, 1} {
		want, err := Overlay(gray, heat, &Viridis, alpha)
		if err != nil {
			t.Fatal(err)
		}
		fig := grid(t, []Cell{{Base: im, Heat: heat}}, GridOptions{CellSize: side, Alpha: &alpha, Colormap: &Viridis})
		at := fig.Rect.Min.Add(fig.Rect.Size().Sub(image.Pt(side, side)).Div(2))
		got := image.NewRGBA(want.Rect)
		draw.Draw(got, got.Rect, fig, at, draw.Src)
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("alpha %v: the cell differs from the overlay", alpha)
		}
	}
}

func TestGridKeepsShapes(t *testing.T) {
	cells := []Cell{picture(40, 10, 50, 100, ""), picture(10, 40, 100, 150, ""), picture(300, 200, 150, 200, ""), picture(1, 1, 200, 250, "")}
	im := grid(t, cells, GridOptions{Cols: 2, CellSize: 120})
	for i, want := range []image.Point{{120, 30}, {30, 120}, {120, 80}, {120, 120}} {
		place, n := extent(im, im.Rect, is(blended(t, uint8(50*i+50), uint8(50*i+100))))
		if place.Size() != want || n != want.X*want.Y {
			t.Errorf("picture %d: %v, want %v", i, place.Size(), want)
		}
	}
	// Of one shape, the rows take no more room than they need.
	flat := grid(t, []Cell{cells[0], cells[0]}, GridOptions{Cols: 1, CellSize: 120})
	if h := flat.Rect.Dy(); h > 30+30+60 {
		t.Errorf("two pictures of 120 x 30 make a figure %d high", h)
	}
}

func TestGridTitles(t *testing.T) {
	const level, heat = 60, 0
	reddish := func(c color.RGBA) bool { return int(c.R)-int(c.G) > 40 && c.G == c.B }
	blackish := func(c color.RGBA) bool { return c.R < 180 && c.G == c.R && c.B == c.R }
	for _, shape := range []image.Point{{96, 96}, {200, 20}, {20, 200}, {500, 2}, {2, 500}} {
		opt := GridOptions{Cols: 1, CellSize: 100}
		cells := []Cell{picture(shape.X, shape.Y, level, heat, " "), picture(shape.X, shape.Y, level, heat, "")}
		blank := grid(t, cells, opt)
		l, err := newLayout(cells, opt)
		if err != nil {
			t.Fatal(err)
		}
		cell := l.cell(0)
		for _, title := range []string{"cat", "a", "Größe Ёжик ñandú", strings.Repeat("W", 500), strings.Repeat("many words ", 40), "two\nlines\tand\x00more", "\xff\xfe", "日本語", " "} {
			for _, wrong := range []bool{false, true} {
				name := fmt.Sprintf("%.12q wrong=%v %v", title, wrong, shape)
				cells[0].Title, cells[0].Wrong = title, wrong
				im := grid(t, cells, opt)
				box, n := extent(im, cell, is(boxEdge))
				if n == 0 {
					t.Errorf("%s: no box", name)
					continue
				}
				if !box.In(cell) || box.Dy() < 16 {
					t.Errorf("%s: box %v, cell %v", name, box, cell)
				}
				for i, v := range im.Pix {
					if p := image.Pt(i%im.Stride/4, i/im.Stride); v != blank.Pix[i] && !p.In(cell) {
						t.Fatalf("%s: the title changes %v outside its cell %v", name, p, cell)
					}
				}
				// The edge is whole: nothing is written over it or cut off.
				if edge := 2*box.Dx() + 2*box.Dy() - 4; n < edge {
					t.Errorf("%s: %d pixels of the edge of %v are to be seen, not %d", name, n, box, edge)
				}
				if corner := im.RGBAAt(box.Min.X+1, box.Min.Y+1); corner != (color.RGBA{255, 255, 255, 255}) {
					t.Errorf("%s: the box is filled with %v", name, corner)
				}
				_, red := extent(im, box.Inset(1), reddish)
				_, black := extent(im, box.Inset(1), blackish)
				blank := strings.TrimSpace(title) == ""
				if !blank && (wrong != (red > 0) || wrong == (black > 0)) || blank && red+black > 0 {
					t.Errorf("%s: %d red and %d black pixels", name, red, black)
				}
			}
		}
	}
}

func TestGridMark(t *testing.T) {
	white := is(color.RGBA{255, 255, 255, 255})
	for _, p := range []Point{{48, 48}, {20, 70}, {5.5, 5.5}, {10, 90}, {90, 10}} {
		c := picture(96, 96, 60, 0, "title")
		c.Mark = &p
		im := grid(t, []Cell{c}, GridOptions{CellSize: 192})
		l, err := newLayout([]Cell{c}, GridOptions{CellSize: 192})
		if err != nil {
			t.Fatal(err)
		}
		cell := l.cell(0)
		want := Point{float64(cell.Min.X) + 2*p.X, float64(cell.Min.Y) + 2*p.Y}
		around := image.Rect(int(want.X)-10, int(want.Y)-10, int(want.X)+11, int(want.Y)+11).Intersect(cell)
		ring, n := extent(im, around, white)
		got := Point{float64(ring.Min.X+ring.Max.X) / 2, float64(ring.Min.Y+ring.Max.Y) / 2}
		if n < 20 || math.Hypot(got.X-want.X, got.Y-want.Y) > 1 {
			t.Errorf("mark at %v: a ring of %d pixels about %v, want %v", p, n, got, want)
		}
	}
}

func TestGridOriginals(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 50, 50))
	draw.Draw(red, red.Rect, image.NewUniform(color.RGBA{250, 10, 20, 255}), image.Point{}, draw.Src)
	heat := bytes.Repeat([]uint8{128}, 2500)
	gray, err := GrayOf(red)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := Overlay(gray, heat, nil, DefaultAlpha)
	if err != nil {
		t.Fatal(err)
	}
	im := grid(t, []Cell{{Base: red, Heat: heat}}, GridOptions{CellSize: 100, Originals: true})
	first, n := extent(im, im.Rect, is(color.RGBA{250, 10, 20, 255}))
	second, m := extent(im, im.Rect, is(mixed.RGBAAt(0, 0)))
	if n != 100*100 || m != 100*100 || first.Max.X > second.Min.X || first.Min.Y != second.Min.Y {
		t.Errorf("original %v, map %v", first, second)
	}
	// Without a heat map there is one picture, in colour.
	alone := grid(t, []Cell{{Base: red}}, GridOptions{CellSize: 100})
	if _, n := extent(alone, alone.Rect, is(color.RGBA{250, 10, 20, 255})); n != 100*100 {
		t.Errorf("%d pixels of the picture without a map", n)
	}
}

// No ink of headings and captions reaches the edge of the figure, however
// narrow it is, and every word is there.
func TestGridCaption(t *testing.T) {
	text := "Class activation maps of the predicted class over layer4; red: predicted wrong"
	for _, n := range []int{1, 2, 3, 10} {
		for _, side := range []int{40, 100, 180} {
			var cells []Cell
			for range n {
				cells = append(cells, picture(8, 8, 60, 0, ""))
			}
			bare := grid(t, cells, GridOptions{CellSize: side})
			opt := GridOptions{CellSize: side, Title: text, Caption: text}
			im := grid(t, cells, opt)
			if im.Rect.Dx() != bare.Rect.Dx() || im.Rect.Dy() <= bare.Rect.Dy() {
				t.Errorf("%d x %d: figure %v with a caption, %v without", n, side, im.Rect, bare.Rect)
			}
			inked, _ := extent(im, im.Rect, func(c color.RGBA) bool { return c != color.RGBA{255, 255, 255, 255} })
			if !inked.In(im.Rect.Inset(5)) {
				t.Errorf("%d x %d: ink in %v of %v", n, side, inked, im.Rect)
			}
			l, err := newLayout(cells, opt)
			if err != nil {
				t.Fatal(err)
			}
			if side > 100 && (strings.Join(l.footer.lines, " ") != text || strings.Join(l.headings, " ") != text) {
				t.Errorf("%d x %d: %q, %q", n, side, l.headings, l.footer.lines)
			}
			// The scale runs from the map's first colour to its last.
			bar := l.footer.bar
			if side > 100 && bar.Empty() {
				t.Errorf("%d x %d: no scale of colours", n, side)
			}
			if !bar.Empty() {
				first, last := im.RGBAAt(bar.Min.X, bar.Min.Y), im.RGBAAt(bar.Max.X-1, bar.Max.Y-1)
				if (first != color.RGBA{Jet[0][0], Jet[0][1], Jet[0][2], 255}) || (last != color.RGBA{Jet[255][0], Jet[255][1], Jet[255][2], 255}) {
					t.Errorf("%d x %d: the scale runs from %v to %v", n, side, first, last)
				}
			}
		}
	}
}

func TestGridErrors(t *testing.T) {
	ok := picture(4, 4, 0, 0, "x")
	short := ok
	short.Heat = short.Heat[1:]
	empty := Cell{Base: image.NewGray(image.Rect(0, 0, 0, 3))}
	endless := Cell{Base: image.NewUniform(color.Black)}
	outside := ok
	outside.Mark = &Point{5, 1}
	nowhere := ok
	nowhere.Mark = &Point{math.NaN(), 1}
	alpha := 1.5
	many := make([]Cell, 30_000)
	for i := range many {
		many[i] = ok
	}
	for name, c := range map[string]struct {
		cells []Cell
		opt   GridOptions
	}{
		"no cells":       {},
		"no image":       {cells: []Cell{{}}},
		"empty image":    {cells: []Cell{ok, empty}},
		"endless image":  {cells: []Cell{endless}},
		"short map":      {cells: []Cell{ok, short}},
		"mark outside":   {cells: []Cell{outside}},
		"mark nowhere":   {cells: []Cell{nowhere}},
		"negative cols":  {[]Cell{ok}, GridOptions{Cols: -1}},
		"tiny cells":     {[]Cell{ok}, GridOptions{CellSize: 5}},
		"negative cells": {[]Cell{ok}, GridOptions{CellSize: -5}},
		"huge cells":     {[]Cell{ok}, GridOptions{CellSize: 1 << 30}},
		"alpha":          {[]Cell{ok}, GridOptions{Alpha: &alpha}},
		"scale":          {[]Cell{ok}, GridOptions{Scale: 1000}},
		"negative scale": {[]Cell{ok}, GridOptions{Scale: -1}},
		"scale NaN":      {[]Cell{ok}, GridOptions{Scale: math.NaN()}},
		"too wide":       {many[:200], GridOptions{Cols: 200}},
		"too high":       {many[:200], GridOptions{Cols: 1}},
		"far too wide":   {many, GridOptions{Cols: math.MaxInt}},
		"far too high":   {many, GridOptions{Cols: 1}},
		"too large":      {many[:10_000], GridOptions{Cols: 100}},
	} {
		im, err := Grid(t.Context(), c.cells, c.opt)
		if err == nil {
			t.Errorf("%s: accepted as %v", name, im.Rect)
		} else if !strings.Contains(err.Error(), "render: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q", name, err)
		}
	}
}

func TestGridSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var cells []Cell
	for i := range 23 {
		w, h := 20+i, 40-i
		im := &image.NRGBA{Pix: randomBytes(fmt.Sprint("picture ", i), w*h*4), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		cells = append(cells, Cell{Base: im, Heat: randomBytes(fmt.Sprint("heat ", i), w*h), Title: fmt.Sprint("picture ", i), Wrong: i%3 == 0, Mark: &Point{float64(i), 5}})
	}
	var first []uint8
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		im := grid(t, cells, GridOptions{CellSize: 70, Title: "Title", Caption: "Caption", Originals: true})
		if first == nil {
			first = im.Pix
		} else if !bytes.Equal(first, im.Pix) {
			t.Errorf("GOMAXPROCS %d changes the figure", procs)
		}
	}
}

func BenchmarkGrid(b *testing.B) {
	var cells []Cell
	for range 20 {
		im := &image.NRGBA{Pix: randomBytes("picture", 96*96*4), Stride: 4 * 96, Rect: image.Rect(0, 0, 96, 96)}
		cells = append(cells, Cell{Base: im, Heat: randomBytes("heat", 96*96), Title: "picture"})
	}
	for b.Loop() {
		if _, err := Grid(b.Context(), cells, GridOptions{Caption: "Caption"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(cells))/b.Elapsed().Seconds(), "images/s")
}
