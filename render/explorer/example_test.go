package explorer_test

import (
	"bytes"
	"context"
	"fmt"
	"image"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/render/explorer"
)

// A page of three points with an image each, to be kept as a file or sent by a server.
func ExamplePage_Write() {
	page := &explorer.Page{
		Title:   "Three points",
		Layouts: []explorer.Layout{{Name: "t-SNE", At: mat.NewDense(3, 2, []float64{0, 0, 1, 2, 3, 1})}},
		Classes: []string{"cat", "dog"},
		Labels:  []int{0, 1, 1},
		Images:  func(i int) (image.Image, error) { return image.NewGray(image.Rect(0, 0, 32, 32)), nil },
	}
	var file bytes.Buffer
	if err := page.Write(context.Background(), &file); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%.15s\n", file.String())
	// Output: <!DOCTYPE html>
}
