package render_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"
	"strings"

	"github.com/glimpse-go/glimpse/render"
)

// A layout of five points of two classes; the last has no label.
func ExampleScatter() {
	x := []float64{0, 1, 5, 6, 3}
	y := []float64{0, 1, 5, 4, 2}
	series, err := render.ByClass(x, y, []int{0, 0, 1, 1, -1}, []string{"cat", "dog"})
	if err != nil {
		log.Fatal(err)
	}
	figure, err := render.Scatter(series, render.ScatterOptions{Title: "t-SNE", Palette: render.ColourBlindSafe})
	if err != nil {
		log.Fatal(err)
	}
	// figure.Save("tsne.png") or figure.Save("tsne.svg") writes a file.
	var svg bytes.Buffer
	if err := figure.WriteSVG(context.Background(), &svg); err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Height, "pixels high;", strings.Count(svg.String(), "<circle"), "circles, of which 3 in the legend")
	// Output: 1000 pixels high; 8 circles, of which 3 in the legend
}

// The scree plot of a PCA of three components.
func ExampleScree() {
	figure, err := render.Scree([]float64{0.61, 0.22, 0.09}, render.ScreeOptions{Title: "PCA"})
	if err != nil {
		log.Fatal(err)
	}
	picture, err := figure.Image(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(picture.Bounds())
	// Output: (0,0)-(1000,700)
}

// Two epochs of training, the second without validation.
func ExampleCurves() {
	none := math.NaN()
	figure, err := render.Curves([]render.Epoch{
		{Number: 1, TrainLoss: 1.9, ValidationLoss: 1.5, TrainAccuracy: 0.31, ValidationAccuracy: 0.44, Rate: 0.1},
		{Number: 2, TrainLoss: 1.3, ValidationLoss: none, TrainAccuracy: 0.52, ValidationAccuracy: none, Rate: 0.05},
	}, render.CurvesOptions{Title: "ResNet18"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(figure.Width, "x", figure.Height, figure.Legend())
	// Output: 1000 x 460 [training validation learning rate, 0 to 0.1]
}
