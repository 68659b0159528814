package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
	"github.com/glimpse-go/glimpse/nn"
)

// SmoothGrad is SmoothGrad (Smilkov et al., "SmoothGrad: removing noise by adding noise",
// 2017): the gradient as the mean over n images with noise, whose deviation is a share of
// the range of the image's values; the map as for [Gradient].
type SmoothGrad struct {
	Samples int     // n; 0 means the paper's 50
	Share   float64 // 0 means 0.15, in the middle of the paper's 0.1 to 0.2
	Noise   Noise   // of the input's size; default: Normal(0)
}

// Name is "smoothgrad".
func (SmoothGrad) Name() string { return "smoothgrad" }

// About says what it is.
func (SmoothGrad) About() string {
	return "the mean gradient over 50 noisy images (Smilkov et al. 2017)"
}

// Explain returns the mean gradients, and the maps of the input's size.
func (c SmoothGrad) Explain(ctx context.Context, q Question) (*Result, error) {
	samples, share := c.Samples, c.Share
	if samples == 0 {
		samples = 50
	}
	if share == 0 {
		share = 0.15
	}
	if samples < 0 || share < 0 {
		return nil, fmt.Errorf("cam: %d samples of a deviation of %v of the range", samples, share)
	}
	s, err := q.subject(ctx)
	if err != nil {
		return nil, err
	}
	noisy := s.noisy(samples, c.Noise, func(image []float32) float64 {
		low, high := bounds(image)
		return share * float64(high-low)
	})
	return s.meanGradient(ctx, samples, noisy, func(int) float64 { return 1 / float64(samples) }, func(g float64, _ int) float64 { return g }, largestMagnitude)
}

// meanGradient adds up the gradients at variants of the images, each times its weight, and
// makes attributions of the sums; p counts the numbers of the batch.
func (s *subject) meanGradient(ctx context.Context, count int, write func(v perturb.Variant, x []float32), weight func(number int) float64, f func(g float64, p int) float64, reduce func(of []float32, area, p int) float64) (*Result, error) {
	sum := make([]float64, len(s.Input.Data))
	per := len(sum) / len(s.Classes)
	err := s.GradientEach(ctx, count, false, nn.InputName, write, func(v perturb.Variant, gradient []float32) {
		w := weight(v.Number)
		for p, g := range gradient {
			sum[v.Image*per+p] += w * float64(g)
		}
	})
	if err != nil {
		return nil, err
	}
	out := s.Batch(s.Input, len(s.Classes))
	for p, g := range sum {
		out.Data[p] = float32(f(g, p))
	}
	return attributed(s.Run, s.Classes, out, reduce)
}
