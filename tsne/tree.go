package tsne

import (
	"math"
	"math/bits"

	"github.com/glimpse-go/glimpse/internal/parallel"
)

// A tree is the binary tree, quadtree or octree of a layout, in arrays: the
// points sorted along the Morton curve, and the cells in depth-first order, so
// that a walk goes forward through memory and needs no stack. The root is the
// box around the points; each cell is halved along every axis, as in
// scikit-learn's _QuadTree, down to leaves of a few points.
//
// A tree is rebuilt by build without new memory, and may be walked by many
// goroutines at once.
type tree struct {
	dims   int
	width  [3]float64 // of the box
	origin [3]float64 // its centre, to which all positions are relative
	nodes  []node
	order  []int32   // order[s] is the index in the layout of the s-th point
	rank   []int32   // the inverse of order
	points []float64 // the sorted points, dims coordinates each

	// bodies are the sorted points as what acts on others. The first of
	// several in one place stands for all of them in its leaf.
	bodies []body

	codes, codes2 []uint64
	order2        []int32
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
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// build makes t the tree of l, with cells that count as one point from a
// distance of width/theta on. A cell that holds the observing point never
// does: the angle is at most 1/sqrt(dims).
func (t *tree) build(l layout, theta float64) {
	t.dims = l.dims
	t.codes, t.codes2 = resize(t.codes, l.n), resize(t.codes2, l.n)
	t.order, t.order2 = resize(t.order, l.n), resize(t.order2, l.n)
	t.points = resize(t.points, l.n*l.dims)
	t.bodies, t.rank = resize(t.bodies, l.n), resize(t.rank, l.n)
	t.nodes = t.nodes[:0]
	if l.n == 0 {
		return
	}
	low := t.box(l)
	t.encode(l, low)
	t.sort()
	parallel.For(l.n, 2048, func(lo, hi int) {
		for s := lo; s < hi; s++ {
			i := int(t.order[s])
			t.rank[i] = int32(s)
			var at [3]float64
			for a := range l.dims {
				at[a] = l.y[i*l.dims+a] - t.origin[a]
				t.points[s*l.dims+a] = at[a]
			}
			t.bodies[s] = body{float32(at[0]), float32(at[1]), float32(at[2]), 1}
		}
	})
	b := builder{t: t, levels: levelsOf(l.dims)}
	widest := max(t.width[0], t.width[1], t.width[2])
	if l.dims == 1 {
		// Small leaves, whose pairs are exact, make up for the boxes being a
		// little tighter than scikit-learn's, but not in a binary tree.
		widest *= 1.05
	}
	// 1.001 covers the rounding of the float32 positions.
	factor := max(1/(theta*theta), 1.001*float64(l.dims))
	for level := range b.reach {
		w := math.Ldexp(widest, -level)
		b.reach[level] = float32(w * w * factor)
	}
	b.cell(0, l.n, 0)
}

// box sets the width and the origin, and returns the low corner.
func (t *tree) box(l layout) (low [3]float64) {
	var high [3]float64
	copy(low[:], l.y[:l.dims])
	high = low
	for i := 0; i < len(l.y); i += l.dims {
		for a, v := range l.y[i : i+l.dims] {
			low[a], high[a] = min(low[a], v), max(high[a], v)
		}
	}
	for a := range low {
		t.width[a] = high[a] - low[a]
		t.origin[a] = low[a] + t.width[a]/2
	}
	return low
}

// encode computes the Morton codes: the bits of the cell numbers along each
// axis, interleaved.
func (t *tree) encode(l layout, low [3]float64) {
	cells := math.Ldexp(1, levelsOf(l.dims))
	var scale [3]float64
	for a, w := range t.width {
		if w > 0 && !math.IsInf(cells/w, 1) {
			scale[a] = cells / w
		}
	}
	parallel.For(l.n, 2048, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var c [3]uint64
			for a := range l.dims {
				c[a] = uint64(min((l.y[i*l.dims+a]-low[a])*scale[a], cells-1))
			}
			switch l.dims {
			case 1:
				t.codes[i] = c[0]
			case 2:
				t.codes[i] = spread2(c[0]) | spread2(c[1])<<1
			default:
				t.codes[i] = spread3(c[0]) | spread3(c[1])<<1 | spread3(c[2])<<2
			}
			t.order[i] = int32(i)
		}
	})
}

// spread2 puts a zero between each of the lower 32 bits.
func spread2(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	v = (v | v<<2) & 0x3333333333333333
	return (v | v<<1) & 0x5555555555555555
}

// spread3 puts two zeros between each of the lower 21 bits.
func spread3(v uint64) uint64 {
	v = (v | v<<32) & 0x001f00000000ffff
	v = (v | v<<16) & 0x001f0000ff0000ff
	v = (v | v<<8) & 0x100f00f00f00f00f
	v = (v | v<<4) & 0x10c30c30c30c30c3
	return (v | v<<2) & 0x1249249249249249
}

// sort orders the codes and the points by them, stably, by a radix sort of 11
// bits a pass.
func (t *tree) sort() {
	const digit, passes = 11, 6
	var counts [passes][1 << digit]int32
	for _, c := range t.codes {
		for p := range passes {
			counts[p][c>>(p*digit)&(1<<digit-1)]++
		}
	}
	for p := range passes {
		shift := p * digit
		count := &counts[p]
		if count[t.codes[0]>>shift&(1<<digit-1)] == int32(len(t.codes)) {
			continue // all the same
		}
		sum := int32(0)
		for d, c := range count {
			count[d] = sum
			sum += c
		}
		for i, c := range t.codes {
			d := c >> shift & (1<<digit - 1)
			to := count[d]
			count[d]++
			t.codes2[to], t.order2[to] = c, t.order[i]
		}
		t.codes, t.codes2 = t.codes2, t.codes
		t.order, t.order2 = t.order2, t.order
	}
}

// builder appends the nodes of a tree.
type builder struct {
	t      *tree
	levels int
	reach  [33]float32 // by level
}

// cell appends the cell of the points lo to hi, which share a cell of the
// given level, and all cells inside it. It returns the sum of the points.
func (b *builder) cell(lo, hi, level int) (sum [3]float64) {
	t := b.t
	dims := t.dims
	// Descend to the smallest cell that holds the points.
	differ := t.codes[lo] ^ t.codes[hi-1]
	if differ == 0 {
		level = b.levels
	} else {
		common := bits.LeadingZeros64(differ) - (64 - b.levels*dims)
		level = max(level, common/dims)
	}
	me := len(t.nodes)
	t.nodes = append(t.nodes, node{reach: b.reach[level], first: -1})
	switch {
	case differ == 0:
		// Copies of the first point: one point of that weight.
		t.nodes[me].first, t.nodes[me].last = int32(lo), int32(lo+1)
		t.bodies[lo].count = float32(hi - lo)
		for a := range dims {
			sum[a] = t.points[lo*dims+a] * float64(hi-lo)
		}
	case hi-lo <= leafSize:
		t.nodes[me].first, t.nodes[me].last = int32(lo), int32(hi)
		for s := lo; s < hi; s++ {
			for a := range dims {
				sum[a] += t.points[s*dims+a]
			}
		}
	default:
		shift := (b.levels - level - 1) * dims
		for from := lo; from < hi; {
			child := t.codes[from] >> shift
			to := b.end(from, hi, child, shift)
			s := b.cell(from, to, level+1)
			for a := range dims {
				sum[a] += s[a]
			}
			from = to
		}
	}
	n := &t.nodes[me]
	c := 1 / float64(hi-lo)
	n.body = body{float32(sum[0] * c), float32(sum[1] * c), float32(sum[2] * c), float32(hi - lo)}
	n.next = int32(len(t.nodes))
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
