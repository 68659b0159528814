package pca_test

import (
	"context"
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
)

func Example() {
	// Six points near a line through (1, 2), in the plane.
	x := mat.NewDense(6, 2, []float64{
		-1, 1.1,
		0, 1.4,
		1, 2.1,
		2, 2.4,
		3, 3.1,
		1, 1.9,
	})
	m, err := pca.Fit(context.Background(), x, pca.Options{Components: 1})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := m.Transform(context.Background(), x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("direction %.3f\n", m.Components.RawRowView(0))
	fmt.Printf("explained variance ratio %.3f\n", m.ExplainedVarianceRatio)
	fmt.Printf("scores %.2f\n", mat.Formatted(scores.T()))
	// Output:
	// direction [0.894 0.449]
	// explained variance ratio [0.996]
	// scores [-2.19  -1.16   0.04   1.07   2.28  -0.04]
}

func ExampleIncremental() {
	var first, second pca.Incremental // of two shards, perhaps on two machines
	for i, inc := range []*pca.Incremental{&first, &second} {
		shard := mat.NewDense(3, 2, []float64{0, 0, 1, 2, 2, 4})
		shard.Apply(func(_, j int, v float64) float64 { return v + float64(i*j) }, shard)
		if err := inc.Add(context.Background(), shard); err != nil {
			log.Fatal(err)
		}
	}
	if err := first.Merge(&second); err != nil {
		log.Fatal(err)
	}
	m, err := first.Fit(context.Background(), pca.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d samples, mean %.1f, variance %.3f\n", m.Samples, m.Mean, m.ExplainedVariance)
	// Output: 6 samples, mean [1.0 2.5], variance [4.243 0.057]
}
