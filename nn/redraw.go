package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Redrawn returns the network as it might have been before training, from the output of a
// module on, or all of it after "input": the weights of convolutions and linear layers are
// drawn anew, normally distributed with variance 2/fan-in (He et al., "Delving deep into
// rectifiers", ICCV 2015), their biases are 0, and norms neither scale nor shift nor know a
// mean or variance. What comes before, and what has no weights, is shared with g. The same
// seed gives the same network. It returns an error when there is no such module.
func (g *Graph) Redrawn(after string, seed uint64) (*Graph, error) {
	from := Input
	if after != InputName {
		nodes, err := g.find([]string{after})
		if err != nil {
			return nil, err
		}
		from = nodes[0]
	}
	out := &Graph{Architecture: g.Architecture, Assumed: g.Assumed, nodes: slices.Clone(g.nodes), containers: g.containers, index: g.index}
	for i := from + 1; i < len(out.nodes); i++ {
		// Each node's numbers are its own, however many are drawn before.
		draw := rand.New(rand.NewPCG(seed, uint64(i)))
		switch op := out.nodes[i].Op.(type) {
		case *Conv2d:
			again := *op
			again.Weight, again.Bias = drawn(op.Weight, draw), zeros(op.Bias)
			out.nodes[i].Op = &again
		case *Linear:
			again := *op
			again.Weight, again.Bias = drawn(op.Weight, draw), zeros(op.Bias)
			out.nodes[i].Op = &again
		case *BatchNorm2d:
			again := *op
			again.Weight, again.Bias = ones(op.Weight), zeros(op.Bias)
			again.RunningMean, again.RunningVar = zeros(op.RunningMean), ones(op.RunningVar)
			out.nodes[i].Op = &again
		case *LayerNorm:
			again := *op
			again.Weight, again.Bias = ones(op.Weight), zeros(op.Bias)
			out.nodes[i].Op = &again
		case *Affine:
		default:
			if weightless(op) {
				continue
			}
			return nil, fmt.Errorf("nn: %s: what to draw anew of %s is not known", out.nodes[i].Name, kind(op))
		}
	}
	return out, nil
}

// drawn is a tensor of He's numbers: all but the first dimension are the fan-in.
func drawn(like *Tensor, draw *rand.Rand) *Tensor {
	t := empty(like.Shape...)
	deviation := math.Sqrt(2 / float64(len(t.Data)/t.Shape[0]))
	for i := range t.Data {
		t.Data[i] = float32(deviation * draw.NormFloat64())
	}
	return t
}

// zeros are as many, or nil for nil.
func zeros(like []float32) []float32 {
	if like == nil {
		return nil
	}
	return make([]float32, len(like))
}

func ones(like []float32) []float32 {
	out := make([]float32, len(like))
	for i := range out {
		out[i] = 1
	}
	return out
}
