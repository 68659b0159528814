package train

import (
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// ClipNorm is torch.nn.utils.clip_grad_norm_: it makes the gradients of all parameters, as
// one vector, no longer than limit, and returns how long they were,
//
//	g = g * min(1, limit / (norm + 1e-6)), norm = sqrt(sum of g^2)
//
// Parameters without a gradient are left out. A limit that is not above 0 is none: then
// ClipNorm only measures. A norm of infinity or NaN makes, as in PyTorch, gradients of 0 or
// NaN, so look at it before the step.
func ClipNorm(parameters []nn.Parameter, limit float64) (norm float64) {
	c := clipper{parameters: parameters}
	var w sweep
	for i, p := range parameters {
		w.add(i, len(p.Gradient))
	}
	c.sums = make([]float64, len(w.spans))
	w.run(&c)
	for _, s := range c.sums {
		norm += s
	}
	norm = math.Sqrt(norm)
	if c.factor = limit / (norm + 1e-6); limit > 0 && !(c.factor >= 1) {
		c.sums = nil
		w.run(&c)
	}
	return norm
}

// A clipper sums the squares of each span, or without sums scales the gradients.
type clipper struct {
	parameters []nn.Parameter
	sums       []float64
	factor     float64
}

func (c *clipper) visit(n int, s span) {
	g := c.parameters[s.tensor].Gradient[s.lo:s.hi]
	if c.sums == nil {
		for i, v := range g {
			g[i] = float32(c.factor * float64(v))
		}
		return
	}
	var sums [4]float64 // shorter chains of additions that wait for each other
	for ; len(g) >= 4; g = g[4:] {
		for i, v := range g[:4] {
			sums[i] += float64(v) * float64(v)
		}
	}
	for i, v := range g {
		sums[i] += float64(v) * float64(v)
	}
	c.sums[n] = (sums[0] + sums[1]) + (sums[2] + sums[3])
}
