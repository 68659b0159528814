package scenes

// noise is smooth noise in 0..255: between the corners of a lattice of cells, each of its
// own level. What is asked for again and again is kept.
type noise struct {
	seed  uint64
	first int    // coordinate of axis[0]
	axis  []step // of the coordinates
	wide  int    // corners a row
	level []int16
}

// A step is where a coordinate lies: behind which corner, and how far on its way to the
// next, in 0..256.
type step struct{ corner, share int }

// newNoise is noise with the given cell, in pixels, for coordinates from lo up to hi.
func newNoise(seed uint64, cell, lo, hi int) *noise {
	n := &noise{seed: seed, first: lo, axis: make([]step, hi-lo), wide: (hi-1)/cell + 2}
	for i := range n.axis {
		n.axis[i] = step{(lo + i) / cell, smooth((lo+i)%cell, cell)}
	}
	n.level = make([]int16, n.wide*n.wide)
	for i := range n.level {
		n.level[i] = -1
	}
	return n
}

// at is the noise at a place.
func (n *noise) at(x, y int) int {
	sx, sy := n.axis[x-n.first], n.axis[y-n.first]
	top := n.corner(sx.corner, sy.corner)*(256-sx.share) + n.corner(sx.corner+1, sy.corner)*sx.share
	bottom := n.corner(sx.corner, sy.corner+1)*(256-sx.share) + n.corner(sx.corner+1, sy.corner+1)*sx.share
	return (top*(256-sy.share) + bottom*sy.share) >> 16
}

func (n *noise) corner(x, y int) int {
	level := &n.level[y*n.wide+x]
	if *level < 0 {
		*level = int16(hash(n.seed, x, y))
	}
	return int(*level)
}

// smooth is 3t^2 - 2t^3 of t = i/n, in 0..256.
func smooth(i, n int) int { return 256 * i * i * (3*n - 2*i) / (n * n * n) }
