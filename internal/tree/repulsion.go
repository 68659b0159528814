package tree

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/student"
)

// Repel returns the sums over all points of the tree of q/(1 + d2/dof) times
// the vector to the point at, and of q. When at is itself a point of the tree,
// it counts as 1 in the second.
func (t *Tree) Repel(at [3]float64, k student.Kernel) (force [3]float64, z float64) {
	for a := range t.dims {
		at[a] -= t.Origin[a]
	}
	switch {
	case t.dims == 2 && k.DoF == 1:
		return t.repel2(at[0], at[1])
	case t.dims == 3 && k == student.Kernel{DoF: 2}:
		return t.repel3(at[0], at[1], at[2])
	}
	return t.repelAny(at, k)
}

// repel2 is repel in two dimensions with one degree of freedom. Far cells are
// summed in float32, in which their barycentres are known; near points in
// float64.
func (t *Tree) repel2(px, py float64) (force [3]float64, z float64) {
	x, y := float32(px), float32(py)
	var farX, farY, farZ float32
	var nearX, nearY float64
	nodes, points := t.nodes, t.points
	for i := 0; i < len(nodes); {
		n := &nodes[i]
		dx, dy := x-n.x, y-n.y
		d2 := dx*dx + dy*dy
		if d2 > n.reach {
			q := 1 / (1 + d2)
			f := n.count * q
			farZ += f
			f *= q
			farX += f * dx
			farY += f * dy
			i = int(n.next)
			continue
		}
		if n.first < 0 {
			i++
			continue
		}
		weight := 1.0
		if n.last-n.first == 1 {
			weight = float64(n.count)
		}
		leaf := points[2*n.first : 2*n.last]
		for len(leaf) >= 2 {
			dx, dy := px-leaf[0], py-leaf[1]
			leaf = leaf[2:]
			q := 1 / (1 + dx*dx + dy*dy)
			f := weight * q
			z += f
			f *= q
			nearX += f * dx
			nearY += f * dy
		}
		i = int(n.next)
	}
	return [3]float64{nearX + float64(farX), nearY + float64(farY)}, z + float64(farZ)
}

// repel3 is repel2 in three dimensions with two degrees of freedom.
func (t *Tree) repel3(px, py, pz float64) (force [3]float64, z float64) {
	x, y, w := float32(px), float32(py), float32(pz)
	var farX, farY, farW, farZ float32
	var nearX, nearY, nearW float64
	nodes, points := t.nodes, t.points
	for i := 0; i < len(nodes); {
		n := &nodes[i]
		dx, dy, dw := x-n.x, y-n.y, w-n.z
		d2 := dx*dx + dy*dy + dw*dw
		if d2 > n.reach {
			inv := 1 / (1 + d2/2)
			f := n.count * inv * float32(math.Sqrt(float64(inv)))
			farZ += f
			f *= inv
			farX += f * dx
			farY += f * dy
			farW += f * dw
			i = int(n.next)
			continue
		}
		if n.first < 0 {
			i++
			continue
		}
		weight := 1.0
		if n.last-n.first == 1 {
			weight = float64(n.count)
		}
		leaf := points[3*n.first : 3*n.last]
		for len(leaf) >= 3 {
			dx, dy, dw := px-leaf[0], py-leaf[1], pz-leaf[2]
			leaf = leaf[3:]
			inv := 1 / (1 + (dx*dx+dy*dy+dw*dw)/2)
			f := weight * inv * math.Sqrt(inv)
			z += f
			f *= inv
			nearX += f * dx
			nearY += f * dy
			nearW += f * dw
		}
		i = int(n.next)
	}
	force = [3]float64{nearX + float64(farX), nearY + float64(farY), nearW + float64(farW)}
	return force, z + float64(farZ)
}

// repelAny is repel for any dimension and kernel.
func (t *Tree) repelAny(at [3]float64, k student.Kernel) (force [3]float64, z float64) {
	dims := t.dims
	x, y, w := float32(at[0]), float32(at[1]), float32(at[2])
	for i := 0; i < len(t.nodes); {
		n := &t.nodes[i]
		dx, dy, dw := x-n.x, y-n.y, w-n.z
		d2 := dx*dx + dy*dy + dw*dw
		if d2 > n.reach {
			inv, q := k.At(float64(d2))
			f := float64(n.count) * q
			z += f
			f *= inv
			force[0] += f * float64(dx)
			force[1] += f * float64(dy)
			force[2] += f * float64(dw)
			i = int(n.next)
			continue
		}
		if n.first < 0 {
			i++
			continue
		}
		weight := 1.0
		if n.last-n.first == 1 {
			weight = float64(n.count)
		}
		for s := int(n.first); s < int(n.last); s++ {
			var d [3]float64
			d2 := 0.0
			for a := range dims {
				d[a] = at[a] - t.points[s*dims+a]
				d2 += d[a] * d[a]
			}
			inv, q := k.At(d2)
			q *= weight
			z += q
			inv *= q
			for a := range dims {
				force[a] += inv * d[a]
			}
		}
		i = int(n.next)
	}
	return force, z
}
