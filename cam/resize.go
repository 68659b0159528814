package cam

import "math"

// A lattice is where the pixels of a resized map lie in the map itself, along one axis:
// between pixel at[i] and the one after it, by the fraction part[i].
type lattice struct {
	at, next []int
	part     []float64
}

// newLattice is that of from pixels resized to to. Pixels are areas, as for cv2.resize and
// PyTorch's interpolate; or, with aligned corners, points, the first and last of which
// stay where they are, as for PyTorch's UpsamplingBilinear2d.
func newLattice(from, to int, aligned bool) lattice {
	l := lattice{make([]int, to), make([]int, to), make([]float64, to)}
	for i := range to {
		x := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
		if aligned {
			x = 0
			if to > 1 {
				x = float64(i) * float64(from-1) / float64(to-1)
			}
		}
		x = min(max(x, 0), float64(from-1))
		l.at[i] = int(math.Floor(x))
		l.next[i] = min(l.at[i]+1, from-1)
		l.part[i] = x - float64(l.at[i])
	}
	return l
}

// bilinear resizes planes of one size to another, one after the other.
type bilinear struct {
	width, height int // of what is resized
	cols, rows    lattice
	line          []float64 // two rows, resized along themselves
}

func newBilinear(width, height, toWidth, toHeight int, aligned bool) *bilinear {
	return &bilinear{
		width: width, height: height, cols: newLattice(width, toWidth, aligned), rows: newLattice(height, toHeight, aligned),
		line: make([]float64, 2*toWidth),
	}
}

// resize writes src, width x height, at the other size.
func resize[T float32 | float64](b *bilinear, dst []T, src []float64) {
	n := len(b.cols.at)
	upper, lower := b.line[:n], b.line[n:]
	for y, at := range b.rows.at {
		// Most rows lie between the same two as the row before.
		if y == 0 || at != b.rows.at[y-1] {
			b.along(upper, src[at*b.width:][:b.width])
			b.along(lower, src[b.rows.next[y]*b.width:][:b.width])
		}
		f := b.rows.part[y]
		out := dst[y*n : (y+1)*n]
		for x := range out {
			out[x] = T(upper[x] + f*(lower[x]-upper[x]))
		}
	}
}

func (b *bilinear) along(dst, row []float64) {
	for x, at := range b.cols.at {
		dst[x] = row[at] + b.cols.part[x]*(row[b.cols.next[x]]-row[at])
	}
}
