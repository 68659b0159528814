package tsne_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne"
)

// Sixty points on two lines far apart come out as two groups far apart.
func ExampleFit() {
	x := mat.NewDense(60, 3, nil)
	for i := range 60 {
		x.SetRow(i, []float64{float64(i / 2), float64(100 * (i % 2)), 0})
	}
	r, err := tsne.Fit(context.Background(), x, tsne.Options{Perplexity: 10, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, columns := r.Layout.Dims()
	fmt.Println(rows, "points in", columns, "dimensions")
	fmt.Println(r.Iterations, "iterations:", r.Stop)

	// Every point's neighbour in the layout is on the same line.
	same := 0
	for i := range 60 {
		nearest, best := -1, 0.0
		for j := range 60 {
			dx, dy := r.Layout.At(i, 0)-r.Layout.At(j, 0), r.Layout.At(i, 1)-r.Layout.At(j, 1)
			if d := dx*dx + dy*dy; j != i && (nearest < 0 || d < best) {
				nearest, best = j, d
			}
		}
		if nearest%2 == i%2 {
			same++
		}
	}
	fmt.Println(same, "of 60 nearest neighbours are on the same line")
	// Output:
	// 60 points in 2 dimensions
	// 1000 iterations: all iterations done
	// 60 of 60 nearest neighbours are on the same line
}
