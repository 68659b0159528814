package tsne

import (
	"math"
	"unsafe"
)

// walkGo is the portable walk, depth first.
func walkGo(w *walk) {
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
		for i := range lanes {
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
		for i := range lanes {
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

// attractGo is the portable attract.
func attractGo(s *springs, lo, hi int) {
	for r := lo; r < hi; r++ {
		x, y := s.points[2*r], s.points[2*r+1]
		first, last := s.rowStart[r], s.rowStart[r+1]
		values := s.values[first:last]
		var fx, fy float32
		for e, j := range s.columns[first:last] {
			p := s.points[2*j : 2*j+2 : 2*j+2]
			dx, dy := x-p[0], y-p[1]
			f := values[e] / (1 + dx*dx + dy*dy)
			fx += f * dx
			fy += f * dy
		}
		s.forces[2*r], s.forces[2*r+1] = fx, fy
	}
}

// crossGo is the portable cross.
//
// With v = 1 + d2 = 2^e m, m in [sqrt(1/2), sqrt(2)), and t = (m-1)/(m+1),
// log v is e log 2 + 2 t (1 + t^2/3 + t^4/5 + t^6/7 + t^8/9): the next term is
// at most 2e-9 of the sum.
func crossGo(s *springs, lo, hi int) (sum float64) {
	for r := lo; r < hi; r++ {
		x, y := s.points[2*r], s.points[2*r+1]
		first, last := s.rowStart[r], s.rowStart[r+1]
		values := s.values[first:last]
		var row float32
		for e, j := range s.columns[first:last] {
			p := s.points[2*j : 2*j+2 : 2*j+2]
			dx, dy := x-p[0], y-p[1]
			bits := math.Float32bits(1 + dx*dx + dy*dy)
			exponent := int32(bits-sqrtHalf) >> 23
			m := math.Float32frombits(bits - uint32(exponent)<<23)
			t := (m - 1) / (m + 1)
			t2 := t * t
			series := (((t2/9+1./7)*t2+1./5)*t2+1./3)*t2 + 1
			row += values[e] * (float32(exponent)*math.Ln2 + 2*t*series)
		}
		sum += float64(row)
	}
	return sum
}

// sqrtHalf is the bits of the float32 sqrt(1/2).
const sqrtHalf = 0x3f3504f3

// scanGo is the portable scan.
func scanGo(products, base []float32, factor, limit float32) int {
	base = base[:len(products)]
	for i, p := range products {
		if !(base[i]+factor*p > limit) {
			return i
		}
	}
	return len(products)
}

// pairsGo is the portable pairs.
func pairsGo(f *forces, p, others []float64, x, y float64) {
	ax, ay, rx, ry, z := f.attract[0], f.attract[1], f.repel[0], f.repel[1], f.z
	others = others[:2*len(p)]
	for j, pij := range p {
		dx, dy := x-others[2*j], y-others[2*j+1]
		q := 1 / (1 + dx*dx + dy*dy)
		z += q
		a, r := pij*q, q*q
		ax += a * dx
		ay += a * dy
		rx += r * dx
		ry += r * dy
	}
	f.attract, f.repel, f.z = [3]float64{ax, ay}, [3]float64{rx, ry}, z
}
