package tsne

// repel returns the sums over all points of the tree of q/(1 + d2/dof) times
// the vector to the point at, and of q. When at is itself a point of the tree,
// it counts as 1 in the second.
func (t *tree) repel(at [3]float64, k kernel) (force [3]float64, z float64) {
	for a := range t.dims {
		at[a] -= t.origin[a]
	}
	if t.dims == 2 && k.dof == 1 {
		return t.repel2(at[0], at[1])
	}
	return t.repelAny(at, k)
}

// repel2 is repel in two dimensions with one degree of freedom. Far cells are
// summed in float32, in which their barycentres are known; near points in
// float64.
func (t *tree) repel2(px, py float64) (force [3]float64, z float64) {
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

// repelAny is repel for any dimension and kernel.
func (t *tree) repelAny(at [3]float64, k kernel) (force [3]float64, z float64) {
	dims := t.dims
	add := func(d [3]float64, weight float64) {
		inv, q := k.at(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])
		q *= weight
		z += q
		inv *= q
		force[0] += inv * d[0]
		force[1] += inv * d[1]
		force[2] += inv * d[2]
	}
	x, y, zz := float32(at[0]), float32(at[1]), float32(at[2])
	for i := 0; i < len(t.nodes); {
		n := &t.nodes[i]
		dx, dy, dz := x-n.x, y-n.y, zz-n.z
		if dx*dx+dy*dy+dz*dz > n.reach {
			add([3]float64{float64(dx), float64(dy), float64(dz)}, float64(n.count))
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
			for a := range dims {
				d[a] = at[a] - t.points[s*dims+a]
			}
			add(d, weight)
		}
		i = int(n.next)
	}
	return force, z
}
