package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

// cellCanvas keeps the rectangles of a confusion matrix and their colours.
type cellCanvas struct {
	lineCanvas
	rects  []image.Rectangle
	fills  []color.RGBA
	styles map[string]textStyle
}

func (c *cellCanvas) rect(r image.Rectangle, fill color.RGBA) {
	c.rects, c.fills = append(c.rects, r), append(c.fills, fill)
}

func (c *cellCanvas) text(at pt, s string, style textStyle) {
	c.lineCanvas.text(at, s, style)
	c.styles[s] = style
}

func drawnCells(t *testing.T, counts [][]int, names []string, opt ConfusionOptions) *cellCanvas {
	t.Helper()
	f, err := Confusion(counts, names, opt)
	if err != nil {
		t.Fatal(err)
	}
	c := &cellCanvas{lineCanvas: lineCanvas{at: map[string]pt{}}, styles: map[string]textStyle{}}
	f.paint(c)
	return c
}

func TestConfusion(t *testing.T) {
	c := drawnCells(t, [][]int{{90, 9, 1}, {2, 28, 10}, {0, 0, 0}}, []string{"cat", "dog", "a\nbird"}, ConfusionOptions{Title: "pets"})
	for _, want := range []string{
		"pets", "accuracy 84.29 %: 118 of 140 images", "90", "90.0 %", "9", "9.0 %", "1", "1.0 %", "2", "5.0 %", "28", "70.0 %", "10", "25.0 %",
		"cat", "dog", `a\nbird`, "predicted class", "true class",
	} {
		if _, written := c.at[want]; !written {
			t.Errorf("no %q in %q", want, c.texts)
		}
	}
	if _, written := c.at["0"]; written {
		t.Error("zeros are written")
	}
	// The box, nine cells row by row, and the frame.
	if len(c.rects) != 1+9+4 {
		t.Fatalf("%d rectangles", len(c.rects))
	}
	box, cells := c.rects[0], c.rects[1:10]
	for i, r := range cells {
		if !r.In(box) {
			t.Errorf("cell %d, %v, is not in %v", i, r, box)
		}
		for j, other := range cells[:i] {
			if r.Overlaps(other) {
				t.Errorf("cells %d and %d overlap", i, j)
			}
		}
	}
	if cells[1].Min.X <= cells[0].Min.X || cells[1].Min.Y != cells[0].Min.Y || cells[3].Min.Y <= cells[0].Min.Y || cells[3].Min.X != cells[0].Min.X {
		t.Errorf("cells %v", cells)
	}
	if at := c.at["10"]; int(at.x) < cells[5].Min.X || int(at.x) > cells[5].Max.X || int(at.y) < cells[5].Min.Y || int(at.y) > cells[5].Max.Y {
		t.Errorf("10 is at %v, its cell %v", at, cells[5])
	}
	// The square root of the share, from white: 0.25 goes half the way to (8, 64, 129).
	white := color.RGBA{255, 255, 255, 255}
	if got, want := c.fills[1+5], (color.RGBA{132, 160, 192, 255}); got != want {
		t.Errorf("a share of 0.25 has %v, want %v", got, want)
	}
	if c.fills[1+6] != white || c.fills[1+8] != white {
		t.Errorf("nothing has %v and %v", c.fills[1+6], c.fills[1+8])
	}
	if c.styles["90"].color != white || c.styles["10"].color != ink {
		t.Errorf("90 is written in %v, 10 in %v", c.styles["90"].color, c.styles["10"].color)
	}
	if c.styles["true class"].upwards == false || c.styles["cat"].upwards {
		t.Error("the names of classes are not across, or that of the rows is")
	}
}

// Any number of classes has a figure; names and numbers go where there is no room, and all
// stays within the figure.
func TestConfusionOfAnySize(t *testing.T) {
	for _, n := range []int{1, 2, 10, 40, 100, mostConfused} {
		counts, names := make([][]int, n), make([]string, n)
		for i := range counts {
			counts[i] = make([]int, n)
			counts[i][i] = 1000
			names[i] = fmt.Sprintf("the class of number %d", i)
		}
		for _, size := range []int{600, 900, 2000} {
			f, err := Confusion(counts, names, ConfusionOptions{Size: size})
			if n == mostConfused && size == 600 {
				if err == nil || !strings.Contains(err.Error(), "make it larger") {
					t.Errorf("%d classes, %d pixels: %v", n, size, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%d classes, %d pixels: %v", n, size, err)
				continue
			}
			c := &cellCanvas{lineCanvas: lineCanvas{at: map[string]pt{}}, styles: map[string]textStyle{}}
			f.paint(c)
			box := c.rects[0]
			if !box.In(image.Rect(0, 0, size, size)) || box.Dx() != box.Dy() || box.Dx() < size/2 {
				t.Errorf("%d classes, %d pixels: cells in %v", n, size, box)
			}
			if last := c.rects[n*n]; last.Max != box.Max {
				t.Errorf("%d classes: the last cell is %v in %v", n, last, box)
			}
			shown := 0
			for text, at := range c.at {
				if at.x < 0 || at.x > float64(size) || at.y < 0 || at.y > float64(size) {
					t.Errorf("%d classes, %d pixels: %q at %v", n, size, text, at)
				}
				if strings.HasPrefix(text, "the class") {
					shown++
				}
			}
			// Names have 16 pixels at least, and no more are left out than that takes.
			if most := box.Dx()/16 + 1; shown > most || shown < min(n, most/2) {
				t.Errorf("%d classes, %d pixels: %d names in %d", n, size, shown, box.Dx())
			}
		}
	}
}

func TestConfusionErrors(t *testing.T) {
	for name, c := range map[string]struct {
		counts  [][]int
		classes []string
		opt     ConfusionOptions
		want    string
	}{
		"none":     {nil, nil, ConfusionOptions{}, "0 rows"},
		"many":     {make([][]int, mostConfused+1), make([]string, mostConfused+1), ConfusionOptions{}, "201 rows"},
		"names":    {[][]int{{1}}, nil, ConfusionOptions{}, "1 rows and 0 classes"},
		"square":   {[][]int{{1}, {1}}, []string{"a", "b"}, ConfusionOptions{}, "row 0 of a confusion matrix has 1 counts"},
		"negative": {[][]int{{-1}}, []string{"a"}, ConfusionOptions{}, "a count of -1"},
		"overflow": {[][]int{{math.MaxInt, 1}, {0, 0}}, []string{"a", "b"}, ConfusionOptions{}, "a count of 1 "},
		"zeros":    {[][]int{{0}}, []string{"a"}, ConfusionOptions{}, "without images"},
		"size":     {[][]int{{1}}, []string{"a"}, ConfusionOptions{Size: 100}, "100 x 100"},
		"small":    {[][]int{{1}}, []string{strings.Repeat("a", 100)}, ConfusionOptions{Size: 220}, "make it larger"},
	} {
		if f, err := Confusion(c.counts, c.classes, c.opt); err == nil || f != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestConfusionWritten(t *testing.T) {
	f, err := Confusion([][]int{{3, 1}, {0, 5}}, []string{"<a>", "b"}, ConfusionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(t.Context(), &svg); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(svg.String(), "<rect"); n != 1+1+4+4 || !strings.Contains(svg.String(), "&lt;a&gt;") {
		t.Errorf("%d rectangles in\n%s", n, svg.String())
	}
	if im := pixels(t, f); im.Rect.Dx() != 900 || im.Rect.Dy() != 900 {
		t.Errorf("an image of %v", im.Rect)
	}
}
