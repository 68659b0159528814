// Package tree is the quadtree of points in one to three dimensions and its sums
// under Student's kernel: what all points do to one, where a cell that is far away
// counts as a single point (Barnes and Hut 1986; van der Maaten 2014).
package tree

import (
	"math"
	"math/bits"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/internal/scratch"
)

// A Tree is the binary tree, quadtree or octree of a layout, in arrays: the
// points sorted along the Morton curve, and the cells in depth-first order, so
// that a walk goes forward through memory and needs no stack. The root is the
// box around the points; each cell is halved along every axis, as in
// scikit-learn's _QuadTree, down to leaves of a few points.
//
// A Tree is rebuilt by Build without new memory, and may be walked by many
// goroutines at once.
type Tree struct {
	dims   int
	Width  [3]float64 // of the box
	Origin [3]float64 // its centre, to which all positions are relative
	nodes  []node
	Order  []int32   // Order[s] is the index in the layout of the s-th point
	Rank   []int32   // the inverse of Order
	points []float64 // the sorted points, dims coordinates each

	// bodies are the sorted points as what acts on others. The first of
	// several in one place stands for all of them in its leaf. There are
	// leafSize more, so that a leaf can be copied without looking at its length.
	bodies []body

	quads  []quad
	quadOf []int32 // of each node that is not a leaf

	codes, codes2 []uint64
	order2        []int32
	counts        [][1 << digit]int32 // of the sort's first pass, by chunk
	starts        [1 << digit]int32   // of its buckets
	reach         [33]float32         // of cells, by level
	parts         []part
}

// A body is what acts on the points: one of them, or the barycentre of a cell.
type body struct {
	x, y, z float32
	count   float32 // the number of points
}

// A node is a cell, in 32 bytes.
type node struct {
	body                // the barycentre
	reach       float32 // the cell is one point to those further than its root
	next        int32   // the node after all those inside this one
	first, last int32   // the points of a leaf; first is -1 in other cells
}

// leafSize is the most points in a leaf. Pairs are computed exactly inside a
// leaf: with 8, more of them cost what fewer nodes save (BenchmarkGradient).
const leafSize = 8

// levelsOf returns how often the box is halved along each axis at most. Points
// that agree so far, such as equal ones, are taken as so many copies of one.
func levelsOf(dims int) int {
	if dims == 3 {
		return 21
	}
	return 32
}

// resize returns s with length n, its contents lost.

// Build makes t the tree of n points of dims coordinates each, 1 to 3, row by row in y, with cells that count as one point from a
// distance of width/theta on. A cell that holds the observing point never
// does: the angle is at most 1/sqrt(dims).
func (t *Tree) Build(n, dims int, y []float64, theta float64) {
	t.dims = dims
	t.points = scratch.Resize(t.points, n*dims)
	t.bodies, t.Rank = scratch.Resize(t.bodies, n+leafSize), scratch.Resize(t.Rank, n)
	t.nodes = t.nodes[:0]
	t.Arrange(n, dims, y)
	if n == 0 {
		return
	}
	parallel.For(n, 2048, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			i := int(t.Order[s])
			t.Rank[i] = int32(s)
			var at [3]float64
			for a := range dims {
				at[a] = y[i*dims+a] - t.Origin[a]
				t.points[s*dims+a] = at[a]
			}
			t.bodies[s] = body{float32(at[0]), float32(at[1]), float32(at[2]), 1}
		}
	})
	b := builder{t: t, levels: levelsOf(dims)}
	widest := max(t.Width[0], t.Width[1], t.Width[2])
	if dims == 1 {
		// Small leaves, whose pairs are exact, make up for the boxes being a
		// little tighter than scikit-learn's, but not in a binary tree.
		widest *= 1.05
	}
	// 1.001 covers the rounding of the float32 positions.
	factor := max(1/(theta*theta), 1.001*float64(dims))
	for level := range t.reach {
		w := math.Ldexp(widest, -level)
		t.reach[level] = float32(w * w * factor)
	}
	// Parts by several goroutines, the cells above them by one. Where parts
	// begin depends on the points alone, and so do the nodes.
	b.cut = max(n/64, 256)
	b.parts = t.parts[:0]
	b.divide(0, n, 0)
	t.parts = b.parts
	parallel.For(len(t.parts), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p := &t.parts[i]
			one := builder{t: t, levels: b.levels, nodes: p.nodes[:0]}
			p.sum = one.cell(p.lo, p.hi, p.level)
			p.nodes = one.nodes
		}
	})
	b.nodes = t.nodes[:0]
	b.cell(0, n, 0)
	t.nodes = b.nodes
}

// Arrange sets the order alone.
func (t *Tree) Arrange(n, dims int, y []float64) {
	t.codes, t.codes2 = scratch.Resize(t.codes, n), scratch.Resize(t.codes2, n)
	t.Order, t.order2 = scratch.Resize(t.Order, n), scratch.Resize(t.order2, n)
	if n > 0 {
		t.encode(n, dims, y, t.box(n, dims, y))
		t.sort()
	}
}

// box sets the width and the origin, and returns the low corner.
func (t *Tree) box(n, dims int, y []float64) (low [3]float64) {
	const grain = 4096
	corners := make([][2][3]float64, (n+grain-1)/grain)
	parallel.For(n, grain, func(lo, hi int) {
		var low, high [3]float64
		copy(low[:], y[lo*dims:(lo+1)*dims])
		high = low
		for i := lo * dims; i < hi*dims; i += dims {
			for a, v := range y[i : i+dims] {
				if v < low[a] {
					low[a] = v
				}
				if v > high[a] {
					high[a] = v
				}
			}
		}
		corners[lo/grain] = [2][3]float64{low, high}
	})
	low, high := corners[0][0], corners[0][1]
	for _, c := range corners {
		for a := range low {
			low[a], high[a] = min(low[a], c[0][a]), max(high[a], c[1][a])
		}
	}
	for a := range low {
		t.Width[a] = high[a] - low[a]
		t.Origin[a] = low[a] + t.Width[a]/2
	}
	return low
}

// A builder appends the nodes of a tree, or of a part of it.
type builder struct {
	t      *Tree
	levels int
	nodes  []node
	parts  []part // still to be grafted
	cut    int    // the most points of a part
}

// A part is the cells of some points, built by itself.
type part struct {
	lo, hi, level int
	nodes         []node
	sum           [3]float64 // of the points
}

// divide lists the parts of the points lo to hi, which share a cell of the
// given level: the largest cells of at most cut points.
func (b *builder) divide(lo, hi, level int) {
	if hi-lo <= b.cut || b.t.codes[lo] == b.t.codes[hi-1] {
		if len(b.parts) < cap(b.parts) {
			b.parts = b.parts[:len(b.parts)+1] // with its nodes' memory
		} else {
			b.parts = append(b.parts, part{})
		}
		p := &b.parts[len(b.parts)-1]
		p.lo, p.hi, p.level = lo, hi, level
		return
	}
	level = b.levelOf(lo, hi, level)
	shift := (b.levels - level - 1) * b.t.dims
	for from := lo; from < hi; {
		to := b.end(from, hi, b.t.codes[from]>>shift, shift)
		b.divide(from, to, level+1)
		from = to
	}
}

// levelOf returns the level, at least the given one, of the smallest cell that
// holds the points lo to hi.
func (b *builder) levelOf(lo, hi, level int) int {
	differ := b.t.codes[lo] ^ b.t.codes[hi-1]
	if differ == 0 {
		return b.levels
	}
	common := bits.LeadingZeros64(differ) - (64 - b.levels*b.t.dims)
	return max(level, common/b.t.dims)
}

// cell appends the cell of the points lo to hi, which share a cell of the
// given level, and all cells inside it. It returns the sum of the points.
func (b *builder) cell(lo, hi, level int) (sum [3]float64) {
	t := b.t
	dims := t.dims
	me := len(b.nodes)
	if len(b.parts) > 0 && b.parts[0].lo == lo && b.parts[0].hi == hi {
		p := &b.parts[0]
		b.parts = b.parts[1:]
		b.nodes = append(b.nodes, p.nodes...)
		for i := me; i < len(b.nodes); i++ {
			b.nodes[i].next += int32(me)
		}
		return p.sum
	}
	level = b.levelOf(lo, hi, level)
	b.nodes = append(b.nodes, node{reach: b.t.reach[level], first: -1})
	switch {
	case level == b.levels:
		// Copies of the first point: one point of that weight.
		b.nodes[me].first, b.nodes[me].last = int32(lo), int32(lo+1)
		t.bodies[lo].count = float32(hi - lo)
		for a := range dims {
			sum[a] = t.points[lo*dims+a] * float64(hi-lo)
		}
	case hi-lo <= leafSize:
		b.nodes[me].first, b.nodes[me].last = int32(lo), int32(hi)
		for s := lo; s < hi; s++ {
			for a := range dims {
				sum[a] += t.points[s*dims+a]
			}
		}
	default:
		shift := (b.levels - level - 1) * dims
		for from := lo; from < hi; {
			to := b.end(from, hi, t.codes[from]>>shift, shift)
			s := b.cell(from, to, level+1)
			for a := range dims {
				sum[a] += s[a]
			}
			from = to
		}
	}
	n := &b.nodes[me]
	c := 1 / float64(hi-lo)
	n.body = body{float32(sum[0] * c), float32(sum[1] * c), float32(sum[2] * c), float32(hi - lo)}
	n.next = int32(len(b.nodes))
	return sum
}

// end returns the end of the points from lo on, before hi, whose codes shifted
// right equal child.
func (b *builder) end(lo, hi int, child uint64, shift int) int {
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if b.t.codes[mid]>>shift == child {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
