package nn

import (
	"context"
	"fmt"
	"slices"
)

// InputName is the name of the batch itself among the gradients.
const InputName = "input"

// GradientOptions say what is derived. The zero value is the logit of the
// predicted class.
type GradientOptions struct {
	// Target is the scalar of each image. Default: Logit(nil).
	Target Target
	// Guided lets every ReLU also drop what is negative of the gradient that
	// comes to it: guided backpropagation (Springenberg et al. 2015).
	Guided bool
}

// Gradients runs the graph forward and then backward, as far as the nodes that
// are asked for; see [Network].
func (g *Graph) Gradients(ctx context.Context, x *Tensor, opt GradientOptions, at ...string) (*Result, error) {
	names := slices.DeleteFunc(slices.Clone(at), func(name string) bool { return name == InputName })
	wanted, err := g.find(names)
	if err != nil {
		return nil, err
	}
	if _, err := g.check(x); err != nil {
		return nil, err
	}
	values, err := g.forward(ctx, x, nil)
	if err != nil {
		return nil, err
	}
	last := len(g.nodes) - 1
	r := &Result{
		Logits: flat(values[last]), Features: flat(values[g.features()]),
		Taps: make(map[string]*Tensor), Gradients: make(map[string]*Tensor),
	}
	seed, err := seedOf(r.Logits, opt.Target)
	if err != nil {
		return nil, err
	}
	seed.Shape = values[last].Shape
	keep := wanted
	if len(names) < len(at) {
		keep = append(slices.Clone(wanted), Input)
	}
	grads, err := g.backward(ctx, x, values, seed, keep, opt)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		r.Taps[name] = values[wanted[i]]
		r.Gradients[name] = orZeros(grads[wanted[i]], values[wanted[i]])
	}
	if len(names) < len(at) {
		r.Gradients[InputName] = orZeros(grads[Input], x)
	}
	return r, nil
}

// seedOf returns the derivatives of every image's target by its logits.
func seedOf(logits *Tensor, target Target) (*Tensor, error) {
	if target == nil {
		target = Logit(nil)
	}
	classes := logits.Shape[1]
	seed, z, d := empty(logits.Shape...), make([]float64, classes), make([]float64, classes)
	for i := range logits.Shape[0] {
		for k, v := range logits.Data[i*classes:][:classes] {
			z[k] = float64(v)
		}
		if _, err := target(i, z, d); err != nil {
			return nil, err
		}
		for k, v := range d {
			seed.Data[i*classes+k] = float32(v)
		}
	}
	return seed, nil
}

// backward takes the gradient by the last node's output back to the wanted
// nodes ([Input] is the batch), and no further. The gradient by a node that
// several others take is the sum of what they give.
func (g *Graph) backward(ctx context.Context, x *Tensor, values []*Tensor, seed *Tensor, wanted []int, opt GradientOptions) (map[int]*Tensor, error) {
	way := g.way(wanted)
	grads := map[int]*Tensor{len(g.nodes) - 1: seed}
	for i, n := range slices.Backward(g.nodes) {
		dy := grads[i]
		if dy == nil || !way[i] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		dx, err := n.Op.Backward(ctx, dy, values[i], inputs(n, values, x)...)
		if err != nil {
			return nil, fmt.Errorf("%s: backward: %w", n.Name, err)
		}
		if opt.Guided && n.Op == ReLU {
			for k, v := range dx[0].Data {
				dx[0].Data[k] = max(v, 0)
			}
		}
		for k, j := range n.Inputs {
			if sum := grads[j]; sum == nil {
				grads[j] = dx[k]
			} else {
				for p, v := range dx[k].Data {
					sum.Data[p] += v
				}
			}
		}
		if !slices.Contains(wanted, i) {
			delete(grads, i)
		}
	}
	return grads, nil
}

// way tells, by node, whether a gradient passes it on its way to the wanted ones: whether
// a wanted one goes into it.
func (g *Graph) way(wanted []int) []bool {
	way := make([]bool, len(g.nodes))
	for i, n := range g.nodes {
		for _, j := range n.Inputs {
			way[i] = way[i] || slices.Contains(wanted, j) || j != Input && way[j]
		}
	}
	return way
}

// orZeros returns a gradient, which is zero where nothing came back.
func orZeros(grad, like *Tensor) *Tensor {
	if grad == nil {
		return empty(like.Shape...)
	}
	return grad
}
