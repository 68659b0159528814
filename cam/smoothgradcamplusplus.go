package cam

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// SmoothGradCAMPlusPlus is Smooth Grad-CAM++ (Omeiza et al., "Smooth Grad-CAM++: An enhanced
// inference level visualization technique for deep convolutional neural network models",
// 2019, equations 7 and 8): [GradCAMPlusPlus] of gradients, their squares and cubes that are
// means over n inputs with noise of deviation sigma,
//
//	M = sum over k of w_k A_k
//	w_k = sum over pixels of a max(mean(G_k), 0)
//	a = mean(G_k^2) / (2 mean(G_k^2) + sum(A_k) mean(G_k^3) + 1e-6), 0 where the mean of squares is
//
// before the ReLU; A without noise. The numerator is that of Grad-CAM++, as in torchcam:
// the paper has the mean of G_k there.
type SmoothGradCAMPlusPlus struct {
	Samples   int     // n; 0 means 4
	Deviation float64 // sigma, in units of the normalised input; 0 means 0.3
	Noise     Noise   // of the input's size; default: Normal(0)
}

// Name is "smoothgradcam++".
func (SmoothGradCAMPlusPlus) Name() string { return "smoothgradcam++" }

// About says what it is.
func (SmoothGradCAMPlusPlus) About() string {
	return "gradcam++ over noisy inputs; 4 passes (Omeiza et al. 2019)"
}

// Explain returns the maps.
func (c SmoothGradCAMPlusPlus) Explain(ctx context.Context, q Question) (*Result, error) {
	samples := c.Samples
	if samples == 0 {
		samples = 4
	}
	sigma := c.Deviation
	if sigma == 0 {
		sigma = 0.3
	}
	if samples < 0 || sigma < 0 {
		return nil, fmt.Errorf("cam: %d samples of deviation %v", samples, sigma)
	}
	s, layer, err := q.over(ctx)
	if err != nil {
		return nil, err
	}
	size := len(s.Run.Taps[layer].Data)
	mean, squares, cubes := make([]float64, size), make([]float64, size), make([]float64, size)
	per := size / len(s.Classes)
	noisy := s.noisy(samples, c.Noise, func([]float32) float64 { return sigma })
	err = s.GradientEach(ctx, samples, false, layer, noisy, func(v perturb.Variant, gradient []float32) {
		at := v.Image * per
		for p, g := range gradient {
			g := float64(g) / float64(samples)
			mean[at+p] += g
			squares[at+p] += g * g * float64(samples)
			cubes[at+p] += g * g * g * float64(samples) * float64(samples)
		}
	})
	if err != nil {
		return nil, err
	}
	return q.maps(ctx, s.Run, layer, func(ctx context.Context, e *Evidence) ([]float64, error) {
		area := e.Height * e.Width
		return e.Weigh(ctx, func(k int) float64 {
			total := 0.0
			for _, a := range e.Plane(e.Output, k) {
				total += float64(a)
			}
			w := 0.0
			for p := e.Image*per + k*area; p < e.Image*per+(k+1)*area; p++ {
				if g := mean[p]; g > 0 {
					w += squares[p] / (2*squares[p] + total*cubes[p] + 1e-6) * g
				}
			}
			return w
		})
	})
}
