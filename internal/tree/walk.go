package tree

// A group is up to Lanes points, neighbours on the Morton curve, on which
// repulsion is summed together: the tree is walked once for all of them.
// Assembly knows the layout.
type group struct {
	x, y   [Lanes]float32 // relative to the tree's origin
	fx, fy [Lanes]float32 // the sums of q^2 times the vector from the body
	z      [Lanes]float32 // the sum of q over bodies in other places
	same   [Lanes]float32 // the number of bodies in the same place
}

// listSize is the most cells and the most points that a walk lists before they
// are summed: several times those of a whole walk at the usual angle, of which
// there are some 200 each.
const listSize = 2048

// A Walk goes through a tree for a group and lists what acts on it: the cells
// that are far from its box, and the points of the leaves that are not.
// Assembly knows the layout.
type Walk struct {
	quads  *quad
	nodes  *node
	points *body
	box    [4]float32 // the low x and y, the high x and y
	at     int64      // the next node
	farN   int64
	nearN  int64
	far    farList
	near   [listSize]body
	queue  [listSize + 4]int32 // quads to look at
	leaves [listSize + 4]int32 // nodes to list the points of

	tree  *Tree
	group group
}

// A farList is cells that count as one point.
type farList struct {
	x, y, count [listSize + 4]float32
}

// Reset makes w a walk of t, whose quads are made.
func (w *Walk) Reset(t *Tree) {
	w.tree, w.nodes, w.points, w.quads = t, &t.nodes[0], &t.bodies[0], nil
	if len(t.quads) > 0 {
		w.quads = &t.quads[0]
	}
}

// Repel sums the repulsion on the points lo to hi of the tree's order, at most
// Lanes, in two dimensions with one degree of freedom. It writes the forces to
// out, two coordinates each, and returns the sum of q over all pairs of these
// points with others.
//
// A cell counts as one point when it would for every place in the box around
// the group, which is at least as strict as to ask for each point.
func (w *Walk) Repel(lo, hi int, out []float32) (z float64) {
	return w.repel(&chosen, lo, hi, out)
}

func (w *Walk) repel(v *vectors, lo, hi int, out []float32) (z float64) {
	g := &w.group
	*g = group{}
	s := w.tree.bodies[lo:hi]
	for i := range Lanes {
		p := s[min(i, len(s)-1)]
		g.x[i], g.y[i] = p.x, p.y
	}
	lowX, lowY, highX, highY := s[0].x, s[0].y, s[0].x, s[0].y
	for _, p := range s { // min and max would allow for NaN, slowly
		if p.x < lowX {
			lowX = p.x
		} else if p.x > highX {
			highX = p.x
		}
		if p.y < lowY {
			lowY = p.y
		} else if p.y > highY {
			highY = p.y
		}
	}
	w.box = [4]float32{lowX, lowY, highX, highY}
	for w.at = 0; w.at < int64(len(w.tree.nodes)); {
		w.farN, w.nearN = 0, 0
		v.walk(w)
		v.sum(g, &w.far, int(w.farN))
		v.sumNear(g, &w.near[0], int(w.nearN))
	}
	for i := range s {
		out[2*i], out[2*i+1] = g.fx[i], g.fy[i]
		z += float64(g.z[i]) + (float64(g.same[i]) - 1) // without the point itself
	}
	return z
}
