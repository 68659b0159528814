package render_test

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/glimpse-go/glimpse/render"
)

// A figure of two images under their class activation maps, which the network
// gives at 4 x 4: the first is classified rightly, the second is not.
func ExampleGrid() {
	var cells []render.Cell
	for i, class := range []string{"cat", "ship"} {
		im := image.NewRGBA(image.Rect(0, 0, 96, 96))
		heat, err := render.Resize([]uint8{
			0, 20, 40, 20,
			10, 90, 255, 60,
			0, 80, 200, 40,
			0, 10, 30, 10,
		}, 4, 4, 96, 96)
		if err != nil {
			fmt.Println(err)
			return
		}
		cells = append(cells, render.Cell{Base: im, Heat: heat, Title: class, Wrong: i == 1})
	}
	figure, err := render.Grid(context.Background(), cells, render.GridOptions{Caption: "Class activation maps"})
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(os.TempDir(), "example-grid.png")
	defer os.Remove(path)
	if err := render.SavePNG(context.Background(), path, figure); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(figure.Rect.Dx() > 2*180, figure.Rect.Dy() > 180)
	// Output: true true
}

// The colours are those that matplotlib shows.
func ExampleOverlay() {
	gray := &image.Gray{Pix: []uint8{0, 100, 200, 255}, Stride: 4, Rect: image.Rect(0, 0, 4, 1)}
	heat := []uint8{0, 80, 160, 255}
	im, err := render.Overlay(gray, heat, &render.Jet, render.DefaultAlpha)
	if err != nil {
		fmt.Println(err)
		return
	}
	for x := range 4 {
		fmt.Println(im.RGBAAt(x, 0))
	}
	// Output:
	// {0 0 50 255}
	// {60 136 161 255}
	// {211 221 127 255}
	// {203 153 153 255}
}
