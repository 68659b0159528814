package quality_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne/quality"
)

// How much of the neighbourhoods of six points in the plane does a line keep?
func ExampleTrustworthiness() {
	x := mat.NewDense(6, 2, []float64{0, 0, 1, 0, 3, 1, 6, 0, 10, 4, 15, 2})
	y := mat.NewDense(6, 1, []float64{0, 1, 3, 6, 4, 15}) // the fifth point out of place
	ctx := context.Background()
	trust, err := quality.Trustworthiness(ctx, x, y, 2)
	if err != nil {
		log.Fatal(err)
	}
	kept, err := quality.NeighbourPreservation(ctx, x, y, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("trustworthiness %.3f, neighbours kept %.3f\n", trust, kept)
	// Output: trustworthiness 0.867, neighbours kept 0.750
}
