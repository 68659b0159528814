package nn

import (
	"context"
	"fmt"
	"math"
)

// HessianVector differentiates twice: given the outputs that [Graph.Resume] needs, among
// them the output A of a module, it returns the gradient G of a target by A and the product
// H v of its second derivatives by A with v, shaped as A,
//
//	(H v)[i] = sum over j of d^2 s / (dA[i] dA[j]) v[j] = dG(A + e v)[i]/de at e = 0
//
// for each image of the batch. The graph is differentiated along v while it runs forward
// and back (Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6,
// 1994), node by node as the formulas stand. It returns an error when an operation of
// another package comes after the module, or as Resume does.
func (g *Graph) HessianVector(ctx context.Context, given map[string]*Tensor, module string, v *Tensor, target Target) (gradient, product *Tensor, err error) {
	r, err := g.resume(given)
	if err != nil {
		return nil, nil, err
	}
	if err := v.check(); err != nil {
		return nil, nil, err
	}
	at, ok := g.index[module]
	if !ok || r.given[at] == nil {
		return nil, nil, fmt.Errorf("nn: the output of %s is not given", module)
	}
	if len(v.Data) != len(r.given[at].Data) {
		return nil, nil, fmt.Errorf("nn: a direction of shape %v for outputs of %v", v.Shape, r.given[at].Shape)
	}
	// Forward: values, and what they change by along v; nil where nothing changes.
	values, along := make([]*Tensor, len(g.nodes)), make([]*Tensor, len(g.nodes))
	for i, n := range g.nodes {
		if r.given[i] != nil {
			values[i] = r.given[i]
			continue
		}
		if !r.needed[i] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		x := inputs(n, values, r.given[Input])
		if values[i], err = n.Op.Forward(ctx, x...); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		if at != i && changes(n, along, at) {
			if along[i], err = tangent(ctx, n.Op, values[i], x, directions(n, along, at, v)); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", n.Name, err)
			}
		}
	}
	along[at] = v
	// Back: gradients, and what they change by.
	last := len(g.nodes) - 1
	if along[last] == nil {
		return nil, nil, fmt.Errorf("nn: the logits do not follow from the output of %s", module)
	}
	dy, ddy := make([]*Tensor, len(g.nodes)), make([]*Tensor, len(g.nodes))
	if dy[last], ddy[last], err = seedAlong(values[last], along[last], target); err != nil {
		return nil, nil, err
	}
	for i := last; i > at; i-- {
		if dy[i] == nil || along[i] == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		n := g.nodes[i]
		x := inputs(n, values, r.given[Input])
		dx, err := n.Op.Backward(ctx, dy[i], values[i], x...)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: backward: %w", n.Name, err)
		}
		ddx, err := n.Op.Backward(ctx, ddy[i], values[i], x...)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: backward: %w", n.Name, err)
		}
		if err := bend(ctx, n.Op, dy[i], values[i], x, directions(n, along, at, v), ddx); err != nil {
			return nil, nil, fmt.Errorf("%s: backward: %w", n.Name, err)
		}
		for k, j := range n.Inputs {
			if j != Input && along[j] != nil {
				dy[j], ddy[j] = plus(dy[j], dx[k]), plus(ddy[j], ddx[k])
			}
		}
		dy[i], ddy[i] = nil, nil
	}
	return orZeros(dy[at], v), orZeros(ddy[at], v), nil
}

// changes tells whether an input of a node changes along the direction.
func changes(n Node, along []*Tensor, at int) bool {
	for _, j := range n.Inputs {
		if j == at || j != Input && along[j] != nil {
			return true
		}
	}
	return false
}

// directions returns what the inputs of a node change by; nil where one does not.
func directions(n Node, along []*Tensor, at int, v *Tensor) []*Tensor {
	dx := make([]*Tensor, len(n.Inputs))
	for k, j := range n.Inputs {
		switch {
		case j == at:
			dx[k] = v
		case j != Input:
			dx[k] = along[j]
		}
	}
	return dx
}

// plus adds a tensor to another, which it may change, or begins with it.
func plus(sum, t *Tensor) *Tensor {
	if sum == nil {
		return t
	}
	for p, v := range t.Data {
		sum.Data[p] += v
	}
	return sum
}

// tangent returns what the output y of an operation changes by where its inputs x change
// by v; nil among them is no change.
func tangent(ctx context.Context, op Operation, y *Tensor, x, v []*Tensor) (*Tensor, error) {
	if norm, ok := op.(*BatchNorm2d); ok && norm.Train {
		return nil, fmt.Errorf("nn: no second derivatives of %s in train mode", kind(op))
	}
	switch op := op.(type) {
	case *Activation: // each number by itself
		dx, err := op.Backward(ctx, v[0], y, x[0])
		if err != nil {
			return nil, err
		}
		return dx[0], nil
	case *MaxPool2d: // the change of the largest
		dy := empty(y.Shape...)
		return dy, eachPlane(ctx, y.Shape, func(p, _ int) {
			src, dst := v[0].plane(p), dy.plane(p)
			op.eachLargest(x[0].Shape, y.Shape, x[0].plane(p), func(i, at int) { dst[i] = src[at] })
		})
	case Mul: // by the product rule
		var dy *Tensor
		for k := range v {
			if v[k] == nil {
				continue
			}
			with := []*Tensor{x[0], x[1]}
			with[k] = v[k]
			part, err := op.Forward(ctx, with...)
			if err != nil {
				return nil, err
			}
			dy = plus(dy, part)
		}
		return dy, nil
	case *LayerNorm:
		dy := empty(y.Shape...)
		return dy, op.eachRow(ctx, x[0], func(at []int, z []float64, deviation float64) {
			for i, dz := range normalTangent(at, z, deviation, v[0]) {
				dy.Data[at[i]] = float32(dz * float64(op.Weight[i]))
			}
		})
	case *Conv2d, *Linear, *BatchNorm2d, *Affine, Add, *AvgPool2d, *AdaptiveAvgPool2d, *BlurPool2d, BlurPool2d, mover:
		// Linear but for a constant.
		zeros, with := make([]*Tensor, len(x)), make([]*Tensor, len(x))
		for k := range x {
			zeros[k] = empty(x[k].Shape...)
			with[k] = orZeros(v[k], x[k])
		}
		dy, err := op.Forward(ctx, with...)
		if err != nil {
			return nil, err
		}
		constant, err := op.Forward(ctx, zeros...)
		if err != nil {
			return nil, err
		}
		for p, c := range constant.Data {
			dy.Data[p] -= c
		}
		return dy, nil
	}
	return nil, fmt.Errorf("nn: no second derivatives of %s", kind(op))
}

// bend adds to ddx what the gradients by the inputs x of an operation change by, where x
// change by v and the gradient dy by the output does not.
func bend(ctx context.Context, op Operation, dy, y *Tensor, x, v, ddx []*Tensor) error {
	switch op := op.(type) {
	case *Activation:
		if op.curve == nil {
			return nil // straight, piece by piece
		}
		return eachElement(ctx, len(dy.Data), func(i int) {
			ddx[0].Data[i] += dy.Data[i] * op.curve(x[0].Data[i]) * v[0].Data[i]
		})
	case Mul:
		other := []*Tensor{orZeros(v[0], x[0]), orZeros(v[1], x[1])}
		part, err := op.Backward(ctx, dy, y, other...)
		if err != nil {
			return err
		}
		for k := range ddx {
			plus(ddx[k], part[k])
		}
	case *LayerNorm:
		return op.eachRow(ctx, x[0], func(at []int, z []float64, deviation float64) {
			// dx = (g - mean(g) - z mean(g z)) / deviation with g = dy weight, derived along v.
			n := float64(len(at))
			dz := normalTangent(at, z, deviation, v[0])
			var mean, product, change, growth float64
			for i, p := range at {
				g := float64(dy.Data[p]) * float64(op.Weight[i])
				mean += g / n
				product += g * z[i] / n
				change += g * dz[i] / n
				growth += z[i] * float64(v[0].Data[p]) / n
			}
			for i, p := range at {
				g := float64(dy.Data[p]) * float64(op.Weight[i])
				dx := (g - mean - z[i]*product) / deviation
				ddx[0].Data[p] += float32(-(dx*growth + dz[i]*product + z[i]*change) / deviation)
			}
		})
	}
	return nil
}

// normalTangent returns what the normalised values z of a row change by.
func normalTangent(at []int, z []float64, deviation float64, v *Tensor) []float64 {
	var sum, product float64
	for i, p := range at {
		sum += float64(v.Data[p])
		product += float64(v.Data[p]) * z[i]
	}
	n := float64(len(at))
	dz := make([]float64, len(at))
	for i, p := range at {
		dz[i] = (float64(v.Data[p]) - sum/n - z[i]*product/n) / deviation
	}
	return dz
}

// seedAlong returns the derivatives of every image's target by its logits, and what they
// change by along v. A target is a function without second derivatives: they are
// differences of its first, of fourth order and in float64.
func seedAlong(logits, v *Tensor, target Target) (dy, ddy *Tensor, err error) {
	n := logits.Shape[0]
	classes := len(logits.Data) / n
	dy, ddy = empty(logits.Shape...), empty(logits.Shape...)
	z, d := make([]float64, classes), make([]float64, classes)
	for i := range n {
		row, change := logits.Data[i*classes:][:classes], v.Data[i*classes:][:classes]
		most := 0.0
		for _, c := range change {
			most = max(most, math.Abs(float64(c)))
		}
		step := 1e-3 / most
		sum := make([]float64, classes)
		for _, p := range []struct{ at, weight float64 }{{0, 0}, {1, 8}, {-1, -8}, {2, -1}, {-2, 1}} {
			if most == 0 && p.at != 0 {
				continue
			}
			for k := range z {
				z[k] = float64(row[k])
				if p.at != 0 {
					z[k] += p.at * step * float64(change[k])
				}
			}
			if _, err := target(i, z, d); err != nil {
				return nil, nil, err
			}
			for k := range d {
				if p.at == 0 {
					dy.Data[i*classes+k] = float32(d[k])
				} else {
					sum[k] += p.weight * d[k] / (12 * step)
				}
			}
		}
		for k, s := range sum {
			ddy.Data[i*classes+k] = float32(s)
		}
	}
	return dy, ddy, nil
}
