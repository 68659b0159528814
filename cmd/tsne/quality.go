package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/tsne"
	"github.com/glimpse-go/glimpse/tsne/quality"
)

// qualityPoints is the most points whose neighbours are all looked at, in time
// that grows with the square of their number. Of more, qualitySample are.
const (
	qualityPoints = 20000
	qualitySample = 2000
)

// printQuality prints how well a layout keeps the neighbourhoods of the features, by -metric.
func (o *options) printQuality(ctx context.Context, stdout io.Writer, f *cli.Features, layout mat.Matrix) error {
	n, _ := f.X.Dims()
	var x mat.Matrix = f.X
	if o.Metric == tsne.Cosine {
		x = onSphere(f.X) // where neighbours are the same
	}
	k := min(10, (n-1)/2)
	if k < 1 {
		return nil
	}
	began := time.Now()
	if n > qualityPoints {
		kept, err := sampled(ctx, x, layout, k, qualitySample)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "quality   %.1f%% of the %d nearest neighbours kept, of %d points looked at (%.1f s)\n",
			100*kept, k, qualitySample, time.Since(began).Seconds())
		return nil
	}
	kept, err := quality.NeighbourPreservation(ctx, x, layout, k)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("quality   %.1f%% of each point's %d nearest neighbours kept", 100*kept, k)
	if 2*k < n {
		trust, err := quality.Trustworthiness(ctx, x, layout, k)
		if err != nil {
			return err
		}
		line += fmt.Sprintf(", trustworthiness %.4f", trust)
	}
	fmt.Fprintf(stdout, "%s (%.1f s)\n", line, time.Since(began).Seconds())
	return nil
}

// onSphere returns rows of length 1, whose distances are in the order of their cosines; rows
// of zeros stay.
func onSphere(x mat.Matrix) *mat.Dense {
	out := mat.DenseCopyOf(x)
	n, _ := out.Dims()
	for i := range n {
		row := out.RawRowView(i)
		if largest := floats.Norm(row, math.Inf(1)); largest > 0 {
			floats.Scale(1/largest, row) // so that squares neither leave the range nor vanish
			floats.Scale(1/floats.Norm(row, 2), row)
		}
	}
	return out
}

// sampled is the neighbour preservation of m points spread evenly over the
// rows.
func sampled(ctx context.Context, x, layout mat.Matrix, k, m int) (float64, error) {
	n, _ := x.Dims()
	points := make([]int, min(m, n))
	for i := range points {
		points[i] = i * n / len(points)
	}
	return quality.NeighbourPreservationOf(ctx, x, layout, k, points)
}
