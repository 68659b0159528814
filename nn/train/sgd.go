package train

import (
	"fmt"

	"github.com/glimpse-go/glimpse/nn"
)

// SGD is torch.optim.SGD, stochastic gradient descent. With g the gradient of a weight w:
//
//	d = g + weight decay * w
//	b = d at the first step, then momentum * b + (1 - dampening) * d
//	w = w - rate * b, with Nesterov w - rate * (d + momentum * b),
//	    without momentum w - rate * d
//
// in float32, as PyTorch does. The zero value descends without momentum or decay. An SGD
// must not be copied after its first step.
type SGD struct {
	Momentum    float64 // 0: none
	Dampening   float64 // of the momentum
	WeightDecay float64 // 0: none
	Nesterov    bool    // needs a momentum, and no dampening
	// DecayAll lets also parameters of one dimension decay: biases, and what scales and
	// shifts a norm. PyTorch does where no groups of parameters are made; He et al. and
	// most since leave these alone.
	DecayAll bool

	moments     moments
	rate, decay float32
}

// Step takes a step.
func (o *SGD) Step(parameters []nn.Parameter, rate float64) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	switch {
	case !(o.Momentum >= 0 && o.Momentum <= maxFloat32):
		return fmt.Errorf("train: SGD: a momentum of %g", o.Momentum)
	case !(o.Dampening >= -maxFloat32 && o.Dampening <= maxFloat32):
		return fmt.Errorf("train: SGD: a dampening of %g", o.Dampening)
	case !(o.WeightDecay >= 0 && o.WeightDecay <= maxFloat32):
		return fmt.Errorf("train: SGD: a weight decay of %g", o.WeightDecay)
	case o.Nesterov && (o.Momentum == 0 || o.Dampening != 0):
		return fmt.Errorf("train: SGD: Nesterov needs a momentum and no dampening, not %g and %g", o.Momentum, o.Dampening)
	}
	kinds := 0
	if o.Momentum > 0 {
		kinds = 1
	}
	if err := o.moments.bind(parameters, kinds); err != nil {
		return err
	}
	o.rate, o.decay = float32(rate), float32(o.WeightDecay)
	o.moments.run(o)
	return nil
}

func (o *SGD) visit(_ int, s span) {
	m := o.moments.bound[s.tensor]
	g := m.gradient[s.lo:s.hi]
	w := m.value[s.lo:s.hi][:len(g)]
	rate, decay := o.rate, o.decay
	if len(m.shape) <= 1 && !o.DecayAll {
		decay = 0
	}
	if o.Momentum == 0 {
		for i, v := range w {
			w[i] = v - rate*(g[i]+decay*v)
		}
		return
	}
	keep, take := float32(o.Momentum), float32(1-o.Dampening)
	if m.fresh {
		take = 1
	}
	ahead, along := float32(0), float32(1)
	if o.Nesterov {
		ahead, along = 1, keep
	}
	b := m.kept[0][s.lo:s.hi][:len(g)]
	for i, v := range w {
		d := g[i] + decay*v
		buf := keep*b[i] + take*d
		b[i] = buf
		w[i] = v - rate*(ahead*d+along*buf)
	}
}

// State returns the momentum buffers, "momentum_buffer.NAME".
func (o *SGD) State() []nn.Parameter { return o.moments.state(false, "momentum_buffer") }

// Restore takes over a copy of what State returned.
func (o *SGD) Restore(state []nn.Parameter) error {
	return o.moments.restore(state, false, "momentum_buffer")
}
