package tree

import (
	"unsafe"

	"github.com/glimpse-go/glimpse/internal/dispatch"
)

// Lanes is how many points are acted on at a time: one AVX-512 register of
// float32, two of AVX2.
const Lanes = 16

// vectors are the innermost loops of a walk in two dimensions with one degree of
// freedom, for one instruction set, in float32. Each gives the numbers of the
// portable ones but for the last bits.
type vectors struct {
	name string

	// walk continues a walk of the tree until a list is full or the tree ends.
	walk func(w *Walk)

	// sum adds to the group what the first n cells do, none of them in the place
	// of a point of the group.
	sum func(g *group, from *farList, n int)

	// sumNear is sum for points, which may be in the place of one of the group.
	sumNear func(g *group, from *body, n int)
}

func (v vectors) Name() string { return v.name }

// portable is always built. It is the only one under -tags purego and where there
// is no assembly for the processor.
var portable = vectors{"portable", walkGo, sumGo, sumNearGo}

var chosen = dispatch.Choose(portable, machineVectors())

// walkGo is the portable walk, depth first.
func walkGo(w *Walk) {
	nodes, points := w.tree.nodes, w.tree.bodies
	lowX, lowY, highX, highY := w.box[0], w.box[1], w.box[2], w.box[3]
	at, farN, nearN := w.at, w.farN, w.nearN
	for at < int64(len(nodes)) && farN < listSize && nearN <= listSize-leafSize {
		n := &nodes[at]
		var dx, dy float32 // from the box to the barycentre
		if n.x < lowX {
			dx = lowX - n.x
		} else if n.x > highX {
			dx = n.x - highX
		}
		if n.y < lowY {
			dy = lowY - n.y
		} else if n.y > highY {
			dy = n.y - highY
		}
		switch {
		case dx*dx+dy*dy > n.reach:
			w.far.x[farN], w.far.y[farN], w.far.count[farN] = n.x, n.y, n.count
			farN++
			at = int64(n.next)
		case n.first < 0:
			at++
		default:
			nearN += int64(copy(w.near[nearN:], points[n.first:n.last]))
			at = int64(n.next)
		}
	}
	w.at, w.farN, w.nearN = at, farN, nearN
}

// sumGo is the portable sum.
func sumGo(g *group, from *farList, n int) {
	for k := range n {
		x, y, count := from.x[k], from.y[k], from.count[k]
		for i := range Lanes {
			dx, dy := g.x[i]-x, g.y[i]-y
			q := 1 / (1 + dx*dx + dy*dy)
			f := count * q
			g.z[i] += f
			f *= q
			g.fx[i] += f * dx
			g.fy[i] += f * dy
		}
	}
}

// sumNearGo is the portable sumNear.
func sumNearGo(g *group, from *body, n int) {
	for _, s := range unsafe.Slice(from, n) {
		for i := range Lanes {
			dx, dy := g.x[i]-s.x, g.y[i]-s.y
			d2 := dx*dx + dy*dy
			if d2 == 0 {
				g.same[i] += s.count
				continue
			}
			q := 1 / (1 + d2)
			f := s.count * q
			g.z[i] += f
			f *= q
			g.fx[i] += f * dx
			g.fy[i] += f * dy
		}
	}
}
