package cam

import (
	"context"
	"math"
)

// FEM is the feature-based explanation method (Fuad et al., "Features understanding in 3D
// CNNs for actions recognition in video", IPTA 2020): channels by how many of their pixels
// stand out,
//
//	M = sum over k of w_k A_k
//	w_k = share of the pixels with A_k > mean(A_k) + 2 deviation(A_k)
//
// It knows no class.
type FEM struct{}

// Name is "fem".
func (FEM) Name() string { return "fem" }

// About says what it is.
func (FEM) About() string {
	return "channels weighed by how many pixels stand out, of no class (Fuad et al. 2020)"
}

// Explain returns the maps.
func (FEM) Explain(ctx context.Context, q Question) (*Result, error) {
	return q.explain(ctx, false, func(ctx context.Context, e *Evidence) ([]float64, error) {
		area := float64(e.Height * e.Width)
		// What stands out, and what it counts.
		return e.Weigh(ctx, func(k int) float64 {
			var sum, squares, out float64
			for _, a := range e.Plane(e.Output, k) {
				sum += float64(a)
			}
			for _, a := range e.Plane(e.Output, k) {
				squares += (float64(a) - sum/area) * (float64(a) - sum/area)
			}
			limit := sum/area + 2*math.Sqrt(squares/area)
			for _, a := range e.Plane(e.Output, k) {
				if float64(a) > limit {
					out++
				}
			}
			return out / area
		})
	})
}
