package render

import (
	"image/color"
	"math"
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

func TestTable(t *testing.T) {
	rows := []TableRow{{"first", []TableCell{{"0.1", 0}, {"0.9", 1}}}, {"second", []TableCell{{"n", math.NaN()}, {"0.5", 0.5}}}}
	fig, err := Table(t.Context(), []string{"a", "b"}, rows, TableOptions{Title: "Title", Caption: "Caption"})
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	for y := range fig.Rect.Dy() {
		for x := range fig.Rect.Dx() {
			count[fig.RGBAAt(x, y)]++
		}
	}
	for _, shade := range []int{0, 128, 255} {
		c := Viridis[shade]
		if n := count[color.RGBA{c[0], c[1], c[2], 255}]; n < 300 {
			t.Errorf("%d pixels of shade %d", n, shade)
		}
	}
	for name, f := range map[string]func() error{
		"rows":    func() error { _, err := Table(t.Context(), []string{"a"}, nil, TableOptions{}); return err },
		"columns": func() error { _, err := Table(t.Context(), []string{"a"}, rows, TableOptions{}); return err },
		"scale": func() error {
			_, err := Table(t.Context(), []string{"a", "b"}, rows, TableOptions{Scale: 9})
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Under a map that is all transparent, a picture keeps its colours, or is gray.
func TestColorCell(t *testing.T) {
	im := &data.Image{Width: 64, Height: 64, Pix: make([]uint8, 3*64*64)}
	for p := range 64 * 64 {
		im.Pix[3*p] = 200
	}
	alpha := 0.0
	for _, inColor := range []bool{false, true} {
		fig, err := Grid(t.Context(), []Cell{{Base: im, Heat: make([]uint8, 64*64), Color: inColor}}, GridOptions{Alpha: &alpha, CellSize: 64})
		if err != nil {
			t.Fatal(err)
		}
		at := fig.Rect.Max.Div(2)
		want := color.RGBA{60, 60, 60, 255}
		if inColor {
			want = color.RGBA{200, 0, 0, 255}
		}
		if got := fig.RGBAAt(at.X, at.Y); got != want {
			t.Errorf("colour %v: %v, want %v", inColor, got, want)
		}
	}
}
