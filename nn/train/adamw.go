package train

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/nn"
)

// AdamW is torch.optim.AdamW (Loshchilov and Hutter, "Decoupled weight decay
// regularization", ICLR 2019). With g the gradient of a weight w at its step t, from 1:
//
//	w = w - rate * weight decay * w
//	m = beta1 * m + (1 - beta1) * g
//	v = beta2 * v + (1 - beta2) * g^2
//	w = w - rate * m / (1 - beta1^t) / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// in float32, as PyTorch does. The zero value has PyTorch's defaults. An AdamW must not be
// copied after its first step.
type AdamW struct {
	Beta1       float64 // 0 means 0.9; negative: 0
	Beta2       float64 // 0 means 0.999; negative: 0
	Epsilon     float64 // 0 means 1e-8
	WeightDecay float64 // 0 means 0.01; negative: none
	// DecayAll lets also parameters of one dimension decay: biases, and what scales and
	// shifts a norm. PyTorch does where no groups of parameters are made.
	DecayAll bool

	moments moments
	rate    float64
	set     adamValues
}

// An adamValues is the options of a step, each with its value.
type adamValues struct{ beta1, beta2, epsilon, decay float64 }

// Step takes a step.
func (o *AdamW) Step(parameters []nn.Parameter, rate float64) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	o.rate = rate
	o.set = adamValues{or(o.Beta1, 0.9), or(o.Beta2, 0.999), or(o.Epsilon, 1e-8), or(o.WeightDecay, 0.01)}
	switch {
	case !(o.set.beta1 < 1) || !(o.set.beta2 < 1):
		return fmt.Errorf("train: AdamW: betas of %g and %g, want less than 1", o.Beta1, o.Beta2)
	case !(o.Epsilon >= 0 && o.Epsilon <= maxFloat32):
		return fmt.Errorf("train: AdamW: an epsilon of %g", o.Epsilon)
	case !(o.set.decay <= maxFloat32):
		return fmt.Errorf("train: AdamW: a weight decay of %g", o.WeightDecay)
	}
	if err := o.moments.bind(parameters, 2); err != nil {
		return err
	}
	o.moments.run(o)
	return nil
}

// or is what an option of 0 or less stands for.
func or(x, otherwise float64) float64 {
	if x == 0 {
		return otherwise
	}
	return max(x, 0)
}

func (o *AdamW) visit(_ int, s span) {
	p := o.moments.bound[s.tensor]
	g := p.gradient[s.lo:s.hi]
	w := p.value[s.lo:s.hi][:len(g)]
	m := p.kept[0][s.lo:s.hi][:len(g)]
	v := p.kept[1][s.lo:s.hi][:len(g)]
	shrink := float32(1 - o.rate*o.set.decay)
	if len(p.shape) <= 1 && !o.DecayAll {
		shrink = 1
	}
	take1, keep2, take2 := float32(1-o.set.beta1), float32(o.set.beta2), float32(1-o.set.beta2)
	t := float64(p.steps)
	size := float32(o.rate / (1 - math.Pow(o.set.beta1, t)))
	root, epsilon := float32(math.Sqrt(1-math.Pow(o.set.beta2, t))), float32(o.set.epsilon)
	for i, x := range g {
		first := m[i] + take1*(x-m[i])
		second := keep2*v[i] + take2*x*x
		m[i], v[i] = first, second
		w[i] = shrink*w[i] - size*first/(float32(math.Sqrt(float64(second)))/root+epsilon)
	}
}

// State returns for each parameter "step.NAME", "exp_avg.NAME" (m) and "exp_avg_sq.NAME" (v).
func (o *AdamW) State() []nn.Parameter { return o.moments.state(true, "exp_avg", "exp_avg_sq") }

// Restore takes over a copy of what State returned.
func (o *AdamW) Restore(state []nn.Parameter) error {
	return o.moments.restore(state, true, "exp_avg", "exp_avg_sq")
}
