package tree

import (
	"math"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// A quad is the children of a cell in two dimensions, side by side, so that one
// comparison tells which of them are far. Assembly knows the layout.
type quad struct {
	x, y, count [4]float32
	reach       [4]float32 // NaN where there is no child
	open        [4]int32   // what a child that is not far leads to: its quad, or the node of a leaf
	leaves      int32      // bit c is set when child c is a leaf
	_           [11]int32  // 128 bytes
}

// MakeQuads fills in the quads of a tree in two dimensions.
func (t *Tree) MakeQuads() {
	t.quadOf = scratch.Resize(t.quadOf, len(t.nodes))
	quads := int32(0)
	for i := range t.nodes {
		if t.nodes[i].first < 0 {
			t.quadOf[i] = quads
			quads++
		}
	}
	t.quads = scratch.Resize(t.quads, int(quads))
	nan := float32(math.NaN())
	parallel.For(len(t.nodes), 1024, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if t.nodes[i].first >= 0 {
				continue
			}
			q := &t.quads[t.quadOf[i]]
			q.reach = [4]float32{nan, nan, nan, nan}
			q.leaves = 0
			c := 0
			for j := int32(i + 1); j < t.nodes[i].next; j = t.nodes[j].next {
				n := &t.nodes[j]
				q.x[c], q.y[c], q.count[c], q.reach[c] = n.x, n.y, n.count, n.reach
				q.open[c] = t.quadOf[j]
				if n.first >= 0 {
					q.open[c] = j
					q.leaves |= 1 << c
				}
				c++
			}
		}
	})
}
