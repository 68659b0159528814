package forces

import "github.com/glimpse-go/glimpse/internal/student"

// Forces is what acts on one point: the sums over the others of
// p/(1 + d2/dof) (y_i - y_j), of q/(1 + d2/dof) (y_i - y_j) and of q. Assembly
// knows the layout.
type Forces struct {
	Attract, Repel [3]float64
	Z              float64
}

// addPairs adds the forces of the others on the point at, for any dimension and
// kernel.
func (f *Forces) addPairs(k student.Kernel, p, others []float64, dims int, at [3]float64) {
	for j, pij := range p {
		var d [3]float64
		d2 := 0.0
		for a := range dims {
			d[a] = at[a] - others[j*dims+a]
			d2 += d[a] * d[a]
		}
		inv, q := k.At(d2)
		f.Z += q
		for a := range dims {
			f.Attract[a] += pij * inv * d[a]
			f.Repel[a] += q * inv * d[a]
		}
	}
}

// Add adds the forces of the others, dims coordinates each, on the point at, where
// p holds the affinity of each. Two dimensions with one degree of freedom have
// vector loops, in float64 as the rest.
func (f *Forces) Add(k student.Kernel, p, others []float64, dims int, at [3]float64) {
	if dims == 2 && k.DoF == 1 {
		chosen.pairs(f, p, others, at[0], at[1])
		return
	}
	f.addPairs(k, p, others, dims, at)
}

// CrossAll is Cross over all points: p holds one affinity for each.
func CrossAll(k student.Kernel, p, y []float64, dims int, at [3]float64) (sum float64) {
	for j, pij := range p {
		d2 := 0.0
		for a := range dims {
			d := at[a] - y[j*dims+a]
			d2 += d * d
		}
		sum += pij * k.NegLog(d2)
	}
	return sum
}

// pairsGo is the portable pairs.
func pairsGo(f *Forces, p, others []float64, x, y float64) {
	ax, ay, rx, ry, z := f.Attract[0], f.Attract[1], f.Repel[0], f.Repel[1], f.Z
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
	f.Attract, f.Repel, f.Z = [3]float64{ax, ay}, [3]float64{rx, ry}, z
}
