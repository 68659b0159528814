package cam

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/integrate/quad"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// IntegratedGradients are integrated gradients (Sundararajan et al., "Axiomatic attribution
// for deep networks", ICML 2017, equation 1): what each number of the input adds to the
// score on the straight way from a baseline x0,
//
//	(x - x0) times the integral over t in [0, 1] of G(x0 + t (x - x0))
//
// by Gauss and Legendre's rule, as in captum. They add up to s(x) - s(x0), but for the error
// of the rule; the map has the sums over the channels.
type IntegratedGradients struct {
	Steps    int       // points of the rule; 0 means 50
	Baseline []float32 // of each channel, normalised as the input is; nil means 0
}

// Name is "integratedgradients".
func (IntegratedGradients) Name() string { return "integratedgradients" }

// About says what it is.
func (IntegratedGradients) About() string {
	return "the gradient's integral from a blank image on; 50 passes (Sundararajan et al. 2017)"
}

// Explain returns the attributions, and the maps of the input's size.
func (c IntegratedGradients) Explain(ctx context.Context, q Question) (*Result, error) {
	steps := c.Steps
	if steps == 0 {
		steps = 50
	}
	if steps < 1 || steps > 10_000 {
		return nil, fmt.Errorf("cam: %d steps; want 1 to 10000", steps)
	}
	s, err := q.subject(ctx)
	if err != nil {
		return nil, err
	}
	baseline, err := s.baseline(c.Baseline)
	if err != nil {
		return nil, err
	}
	t, weights := make([]float64, steps), make([]float64, steps)
	quad.Legendre{}.FixedLocations(t, weights, 0, 1)
	write := func(v perturb.Variant, x []float32) {
		for p, to := range s.Image(v.Image) {
			from := float64(baseline(p))
			x[p] = float32(from + t[v.Number]*(float64(to)-from))
		}
	}
	per := len(q.Input.Data) / len(s.Classes)
	return s.meanGradient(ctx, steps, write, func(number int) float64 { return weights[number] }, func(g float64, p int) float64 {
		return g * (float64(q.Input.Data[p]) - float64(baseline(p%per)))
	}, sumOfChannels)
}

// baseline returns what gives the value of a blank image at each of its numbers.
func (s *subject) baseline(values []float32) (func(p int) float32, error) {
	channels, area := s.Input.Shape[1], s.Input.Shape[2]*s.Input.Shape[3]
	if values == nil {
		values = make([]float32, channels)
	}
	if len(values) != channels {
		return nil, fmt.Errorf("cam: a baseline of %d channels for images of %d", len(values), channels)
	}
	return func(p int) float32 { return values[p/area] }, nil
}
