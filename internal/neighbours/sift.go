package neighbours

import "math"

// A sift goes through the products of a query with all points for those that
// may be near. Nearly all are not: of a query's approximate distances
//
//	base(query) + base(point) - cross*product
//
// it first compares the last two terms, in float32, with a limit that allows
// for the errors of any point, and only of those below it works out the bounds.
type sift struct {
	*Space
	base32   []float32
	maxBase  float64
	maxNorm  float64
	negCross float32
}

func (s *Space) newSift() *sift {
	f := &sift{Space: s, base32: make([]float32, s.n), negCross: float32(-s.cross)}
	for i, b := range s.base {
		f.base32[i] = float32(b)
		f.maxBase, f.maxNorm = max(f.maxBase, b), max(f.maxNorm, s.norms[i])
	}
	return f
}

// offer offers the points from j0 on, given their products with a query, but
// for the point skip.
func (f *sift) offer(sel *selector, products []float32, j0, skip int, base, norm float64) {
	if sel.k == 0 {
		return
	}
	bases, norms := f.base[j0:j0+len(products)], f.norms[j0:j0+len(products)]
	bases32 := f.base32[j0 : j0+len(products)]
	slack := f.slack * norm
	// The largest error of an approximation, and of the rounding to float32 of
	// base(point) and of the difference, each 2^-24 of what is rounded.
	margin := slack*f.maxNorm + tiny + 0x1p-22*(f.maxBase+f.cross*norm*f.maxNorm)
	top, limit := math.Inf(1), float32(math.Inf(1))
	if len(sel.heap) == sel.k {
		top = sel.heap[0]
		limit = float32(top - base + margin)
	}
	for c := 0; c < len(products); c++ {
		c += chosen.scan(products[c:], bases32[c:], f.negCross, limit)
		if c == len(products) {
			break
		}
		d := base + bases[c] - f.cross*float64(products[c])
		e := slack*norms[c] + tiny
		if d-e > top || j0+c == skip {
			continue
		}
		sel.offer(int32(j0+c), d-e, d+e)
		if len(sel.heap) == sel.k {
			top = sel.heap[0]
			limit = float32(top - base + margin)
		}
	}
}
